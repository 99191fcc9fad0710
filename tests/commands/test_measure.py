"""Measuring through the command line, with a network that stands in for the trained one."""

import hashlib
import json
import shutil
import warnings
from dataclasses import replace
from pathlib import Path

import matplotlib.image
import nibabel as nib
import numpy as np
import pytest
import torch
from helpers.drawn_spheres import Thresholding, ball_mm3, sphere_volume

from csfnet_bundle.commands import main
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.geometry.points import LPS_FROM_RAS
from csfnet_bundle.nodule import network
from csfnet_bundle.records import Datalist, FollowUpPair, Scan, load_datalist, save_datalist

CENTER = (5.0, -4.0, 3.0)
POINT = "--point=lps 5,-4,3"


@pytest.fixture(autouse=True)
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "models" / "net.ts"
    file.parent.mkdir()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`torch.jit", DeprecationWarning)
        torch.jit.save(torch.jit.trace(Thresholding(), torch.zeros(1, 2, 4, 4, 4)), file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    file.with_suffix(".json").write_text(json.dumps({"sha256": digest}))
    monkeypatch.setattr(network, "MODEL", file)  # an absolute path stands for itself


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    for name, diameter in (("t0", 8.0), ("t1", 10.0)):
        volume = sphere_volume(diameter, center=CENTER, seed=int(diameter))
        image = nib.Nifti1Image(np.rint(volume.array).astype(np.int16), LPS_FROM_RAS @ volume.affine)
        nib.save(image, tmp_path / f"{name}.nii")
    return tmp_path


def test_one_scan_gives_table_json_mask_and_picture(scans: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = scans / "out"
    assert main(["measure", "--scan", str(scans / "t1.nii"), POINT, "--out", str(out)]) == 0
    figures = json.loads((out / "scan.json").read_text())
    assert figures["volume_mm3"] == pytest.approx(ball_mm3(10.0), rel=0.15)
    assert figures["point_lps_mm"] == list(CENTER)
    printed = capsys.readouterr().out
    assert f"{figures['volume_mm3']:.0f}" in printed
    assert "Not a medical device" in printed
    mask = nib.load(out / "scan_mask.nii.gz")
    places = np.argwhere(np.asarray(mask.dataobj) > 0)
    center = (LPS_FROM_RAS @ mask.affine @ [*places.mean(axis=0), 1])[:3]
    np.testing.assert_allclose(center, CENTER, atol=0.4)
    assert len(places) * 0.8**3 == pytest.approx(figures["volumes_mm3"][figures["method"]], rel=0.25)
    picture = matplotlib.image.imread(out / "scan.png")
    orange = (picture[..., 0] > 0.9) & (np.abs(picture[..., 1] - 0.69) < 0.1) & (picture[..., 2] < 0.2)
    assert orange.sum() > 300


def test_two_scans_give_growth(scans: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["measure", "--scan", str(scans / "t1.nii"), "--point", "lps 5 -4 3", "--t0", str(scans / "t0.nii")]
    words += ["--point0=-5,4,3", "--space=ras"]
    assert main([*words, "--days", "365", "--out", str(scans / "out")]) == 0
    change = json.loads((scans / "out" / "growth.json").read_text())
    assert change["volume_ratio"] == pytest.approx((10 / 8) ** 3, rel=0.1)
    assert change["change"] == "growth"
    assert change["text"] in " ".join(capsys.readouterr().out.split())
    assert sorted(file.name for file in (scans / "out").iterdir()) == [
        "growth.json", *(f"{name}{end}" for name in ("scan", "t0") for end in (".json", ".png", "_mask.nii.gz"))
    ]  # fmt: skip
    assert main(words) == 1
    assert "Give the days between the scans by --days" in capsys.readouterr().err
    assert main([*words[:5], "--days=30"]) == 1
    assert "--days: is given for one scan" in capsys.readouterr().err
    assert main([*words, "--days", "365", "--out", str(scans / "out")]) == 1
    assert "out exists already. Name another by --out" in capsys.readouterr().err


def test_a_copied_file_is_no_second_scan(scans: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = shutil.copy(scans / "t1.nii", scans / "copy.nii")
    words = ["measure", "--scan", str(scans / "t1.nii"), POINT, "--t0", str(copy), "--point0=lps 5,-4,3.7"]
    assert main([*words, "--days", "365"]) == 1
    assert "PAIR_MISMATCH: t0 and t1 show the same voxels" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "Give --scan and --point, or a datalist."),
        (["--scan", "t1.nii", POINT, "--t0", "t0.nii"], "Give both."),
        (["cohort", "--scan", "t1.nii"], "both a datalist and a scan"),
        (["--scan", "t1.nii", "--point=lps 25,25,-25"], "NO_NODULE"),
        (["--scan", "t1.nii", "--point=lps 500,0,0"], "POINT_OUTSIDE"),
        (["--scan", "t1.nii", "--point=5,-4,3"], "its space is not given"),
        (["--scan", "absent.nii", POINT], "does not exist"),
        (["--scan", "t1.nii", "--image=3", "--pixel=1,2"], "an image number is given, but"),
        (["--scan", "t1.nii", POINT, "--image=3", "--pixel=1,2"], "is given twice"),
    ],
)
def test_what_cannot_be_measured_is_one_line(
    words: list[str], problem: str, scans: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(scans)
    assert main(["measure", *words]) == 1
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert told.startswith("error: ")
    assert problem in told


def test_a_datalist_gets_measured_strata_and_goes_on_where_it_stopped(
    scans: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = Point(CENTER, Space.LPS)
    pairs = (
        FollowUpPair("a", "1", Scan("t1.nii", at), Scan("t0.nii", at), 0, strata={"site": 3}),
        FollowUpPair("b", "1", Scan("t1.nii", at), None, 1, strata={"diameter_t1_mm": 12.5}),
        FollowUpPair("c", "1", Scan("t1.nii", Point((25.0, 25.0, -25.0), Space.LPS)), None, 1),
    )
    save_datalist(Datalist(scans, {"training": pairs}))
    assert main(["measure", str(scans), "--workers", "1"]) == 1
    assert "not measured: c/1 t1: NO_NODULE" in capsys.readouterr().err
    first, second, third = load_datalist(scans).section("training")
    assert first.strata["measured_volume_mm3_t1"] == pytest.approx(ball_mm3(10.0), rel=0.15)
    assert first.strata["measured_volume_mm3_t0"] == pytest.approx(ball_mm3(8.0), rel=0.2)
    assert first.strata["diameter_t1_mm"] == first.strata["measured_mean_diameter_mm_t1"]
    assert first.strata["diameter_source"] == "measured"
    assert first.strata["measured_attenuation_t1"] == "solid"
    assert first.strata["site"] == 3
    assert second.strata["diameter_t1_mm"] == 12.5
    assert "diameter_source" not in second.strata
    assert third.strata == {}
    kept = sorted((scans / "measurements").iterdir())
    assert len(kept) == 3  # a's t1 and b's t1 are one scan and point
    for file in kept:
        known = json.loads(file.read_text())
        file.write_text(json.dumps(known | ({"volume_mm3": 7.0} if "volume_mm3" in known else {})))
    assert main(["measure", str(scans), "--workers", "1"]) == 1
    volumes = [pair.strata.get("measured_volume_mm3_t1") for pair in load_datalist(scans).section("training")]
    assert volumes == [7.0, 7.0, None]


def test_what_is_put_right_is_measured_by_the_same_command(scans: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = Point(CENTER, Space.LPS)
    pair = FollowUpPair("a", "1", Scan("t1.nii", at), Scan("t0.nii", None), None)
    save_datalist(Datalist(scans, {"inference": (pair,)}))
    (scans / "t1.nii").rename(scans / "late.nii")
    assert main(["measure", str(scans), "--workers", "1"]) == 1
    told = capsys.readouterr().err
    assert "not measured: a/1 t1: " in told
    assert "does not exist" in told
    assert "not measured: a/1 t0: t0.nii has no nodule point" in told
    (scans / "late.nii").rename(scans / "t1.nii")
    save_datalist(Datalist(scans, {"inference": (replace(pair, t0=Scan("t0.nii", at)),)}))
    assert main(["measure", str(scans), "--workers", "1"]) == 0
    first = load_datalist(scans).section("inference")[0].strata
    assert first["measured_volume_mm3_t1"] == pytest.approx(ball_mm3(10.0), rel=0.15)
    shutil.copy(scans / "t0.nii", scans / "t1.nii")  # another scan under the same name
    assert main(["measure", str(scans), "--workers", "1"]) == 0
    second = load_datalist(scans).section("inference")[0].strata
    assert second["measured_volume_mm3_t1"] == second["measured_volume_mm3_t0"]
