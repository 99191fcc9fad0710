import json
import shutil
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from helpers.whole_chest import Move, make_whole_chest, moved_chest, write_nifti

from csfnet_bundle.commands import main

NODULE = (-62.0, 12.0, 25.0)
MOVE = Move()


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scans")
    source = make_whole_chest(nodule=NODULE)
    write_nifti(source, folder / "t1.nii")
    write_nifti(moved_chest(source, MOVE), folder / "t0.nii")
    write_nifti(make_whole_chest(seed=9), folder / "other.nii")
    return folder


def run(folder: Path, prior: str, *more: str) -> int:
    point = ",".join(map(str, NODULE))
    files = ["--t0", str(folder / prior), "--t1", str(folder / "t1.nii")]
    return main(["match", *files, f"--point1={point}", "--space", "LPS", *more])


def test_the_place_is_printed_written_and_drawn(
    scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(scans, "t0.nii", "--out", str(tmp_path / "out")) == 0
    printed = capsys.readouterr().out
    summary = json.loads((tmp_path / "out" / "match.json").read_text())
    np.testing.assert_allclose(summary["point0_lps"], MOVE.forward(np.array(NODULE)), atol=1.0)
    assert ",".join(f"{value:.2f}" for value in summary["point0_lps"]) in printed
    assert f"votes: {summary['votes']} of 8" in printed
    assert summary["sure"]
    picture = matplotlib.image.imread(tmp_path / "out" / "match.png")
    assert picture[..., :3].std() > 0.1


def test_an_unsure_match_is_an_error_that_still_draws_its_best_guess(
    scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(scans, "other.nii", "--out", str(tmp_path / "out")) == 1
    told = capsys.readouterr()
    assert "MATCH_UNSURE" in told.err
    assert str(tmp_path / "out" / "match.png") in told.err
    assert "--point0" in told.err
    assert not told.out
    summary = json.loads((tmp_path / "out" / "match.json").read_text())
    assert not summary["sure"]
    assert summary["doubt"] in told.err
    assert (tmp_path / "out" / "match.png").is_file()


def test_a_copied_file_is_no_earlier_scan(scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(scans / "t1.nii", tmp_path / "copy.nii")
    assert run(scans, str(tmp_path / "copy.nii"), "--out", str(tmp_path / "out")) == 1
    assert "PAIR_MISMATCH: t0 and t1 show the same voxels" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_nothing_is_overwritten(scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").mkdir()
    assert run(scans, "t0.nii", "--out", str(tmp_path / "out")) == 1
    assert "exists already" in capsys.readouterr().err
    assert not list((tmp_path / "out").iterdir())
