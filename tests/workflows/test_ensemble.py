"""Inference over the folds of a benchmark run: mean probability, spread shown."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from csfnet_bundle.commands import main
from csfnet_bundle.inputs import RoiSettings
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint, load_checkpoint


@pytest.fixture(scope="module")
def members(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three models that differ: the trained one, and two whose last layer was moved."""
    folder = tmp_path_factory.mktemp("run") / "fits" / "csfnet"
    checkpoint = load_checkpoint(trained / "model.pt")
    paths = []
    for fold, shift in enumerate((0.0, 0.5, -1.0)):
        weights = {name: tensor.clone() for name, tensor in checkpoint.weights.items()}
        weights["head.2.bias"] += torch.tensor([0.0, shift])
        path = folder / f"fold{fold}_seed0" / "model.pt"
        path.parent.mkdir(parents=True)
        ModelCheckpoint(
            weights,
            checkpoint.architecture,
            checkpoint.roi,
            checkpoint.code_book,
            checkpoint.decision,
            checkpoint.provenance,
        ).save(path)
        paths.append(path)
    permuted = folder / "fold0_seed0_permuted1"
    permuted.mkdir()
    shutil.copy(paths[0], permuted / "model.pt")
    return paths


def test_a_runs_folds_predict_together(members: list[Path], run: Callable[..., None], tmp_path: Path) -> None:
    path = tmp_path / "ensemble.pt"
    assert main(["ensemble", f"--out={path}", f"--run={members[0].parents[3]}"]) == 0
    tables = {}
    for name, checkpoint in [("ensemble", path), *((f"member{n}", member) for n, member in enumerate(members))]:
        run("inference", ["inference.json"], checkpoint_path=str(checkpoint), output_dir=str(tmp_path / name))
        tables[name] = pd.read_csv(tmp_path / name / "predictions.csv")
    each = np.stack([tables[f"member{n}"]["probability"] for n in range(3)])
    table = tables["ensemble"]
    np.testing.assert_allclose(table["probability"], each.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(table["probability_lowest"], each.min(axis=0), atol=1e-6)
    np.testing.assert_allclose(table["probability_highest"], each.max(axis=0), atol=1e-6)
    np.testing.assert_allclose(table["probability_sd"], each.std(axis=0, ddof=1), atol=1e-6)
    assert set(table["networks"]) == {3}
    assert "networks" not in tables["member0"]
    report = next((tmp_path / "ensemble").glob("*.html")).read_text()
    assert "Mean of 3 networks, which say" in report
    assert "Mean of" not in next((tmp_path / "member0").glob("*.html")).read_text()
    assert next((tmp_path / "ensemble").glob("*_attention.nii.gz"))


def test_an_ensemble_tells_what_it_is_made_of(
    members: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "ensemble.pt"
    assert main(["ensemble", f"--out={path}", f"--members={members[0]},{members[1]}"]) == 0
    assert str(members[1]) in capsys.readouterr().out
    ensemble, member = load_checkpoint(path), load_checkpoint(members[0])
    assert ensemble.trained_on == f"{member.trained_on} (2 networks)"
    assert ensemble.provenance["phantom"] is True
    assert ensemble.provenance["validation"] == {"pairs": 16, "malignant": 8}
    assert ensemble.decision.temperature == 1.0
    assert ensemble.decision.threshold == pytest.approx(member.decision.threshold)


def test_mistakes_are_one_line(
    members: list[Path], trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = load_checkpoint(members[0])
    other = tmp_path / "other.pt"
    ModelCheckpoint(
        checkpoint.weights,
        checkpoint.architecture,
        RoiSettings(),
        checkpoint.code_book,
        checkpoint.decision,
        checkpoint.provenance,
    ).save(other)
    out = tmp_path / "ensemble.pt"
    for options, words in (
        ([f"--members={members[0]}"], "at least two"),
        ([f"--members={members[0]},{other}"], "ROI"),
        ([f"--run={tmp_path}"], "no trained folds"),
        ([], "either --members or --run"),
        ([f"--members={members[0]},{members[1]}", f"--run={tmp_path}"], "either --members or --run"),
    ):
        assert main(["ensemble", f"--out={out}", *options]) == 1
        error = capsys.readouterr().err.strip()
        assert words in error
        assert "\n" not in error
    assert not out.exists()
    assert main(["ensemble", f"--out={other}", f"--members={members[0]},{members[1]}"]) == 1
