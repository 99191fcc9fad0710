"""What ``predict`` is asked for, in every form: DICOM studies, their points, a NIfTI file beside them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.synthetic_series import LANDMARK_INDICES, make_series, write_series
from helpers.whole_chest import write_nifti

from csfnet_bundle.commands import main
from csfnet_bundle.evaluation.predictions import read_predictions
from csfnet_bundle.records import load_datalist
from csfnet_bundle.scans.dicom import read_volume, scan_folder

Output = pytest.CaptureFixture[str]
SAME_LOGIT = 1e-4


def _predict(words: dict[str, object], **change: object) -> int:
    options = {name: value for name, value in {**words, **change}.items() if value is not None}
    return main(["predict", *(f"--{name}={value}" for name, value in options.items())])


@pytest.fixture
def studies(checkpoint_file: Path, tmp_path: Path) -> Callable[..., dict[str, object]]:
    """Write two DICOM studies, t0 with a soft and a sharp series; return the options for them."""

    def write(**elements: object) -> dict[str, object]:
        kernels = {"t0": ("STANDARD", "BONE"), "t1": ("BONE",)}
        for (name, series), date in zip(kernels.items(), ("19990102", "20000104"), strict=True):
            for kernel in series:
                uids = {"StudyInstanceUID": f"1.2.{date}", "FrameOfReferenceUID": f"1.3.{date}", "StudyDate": date}
                made = make_series(seed=name + kernel, **{"ConvolutionKernel": kernel, **uids, **elements})
                write_series(tmp_path / "studies" / name / kernel, made)
        point = ",".join(map(str, LANDMARK_INDICES[1]))
        return {
            **{name: tmp_path / "studies" / name for name in kernels},
            **{"point0": point, "point1": point, "space": "voxel"},
            **{"checkpoint": checkpoint_file, "out": tmp_path / "prediction", "no_measure": True},
        }

    return write


def test_a_patient_id_of_any_text(studies: Callable[..., dict[str, object]], tmp_path: Path) -> None:
    """The identity is kept, file names are safe, and a spreadsheet runs nothing."""
    name = "=UK/2010 0815^Ä"
    assert _predict(studies(PatientID=name, SpecificCharacterSet="ISO_IR 192")) == 0
    out = tmp_path / "prediction"
    assert read_predictions(out / "predictions.csv", labelled=False)["subject"].tolist() == [name]
    assert f"\n'{name}," in (out / "predictions.csv").read_text()
    (page,) = out.glob("*.html")
    assert page.stem.startswith("UK-2010-0815-")


def test_two_dicom_studies(studies: Callable[..., dict[str, object]], tmp_path: Path, capsys: Output) -> None:
    """Patient, dates and interval come from the headers, and of t0 the series with the kernel of t1 is read."""
    assert _predict(studies()) == 0
    out = tmp_path / "prediction"
    assert read_predictions(out / "predictions.csv", labelled=False)["subject"].tolist() == ["100012"]
    (pair,) = load_datalist(out).section("inference")
    assert pair.t0 is not None
    assert (pair.t0.date, pair.t1.date, pair.interval_days) == ("19990102", "20000104", 367)
    sharp = make_series(seed="t0BONE")[0].SeriesInstanceUID
    assert pair.t0.series_uid == sharp
    page = (out / "100012_1.html").read_text()
    assert "kernel BONE" in page
    assert all(f"Series read as {scan}" in page for scan in ("t0", "t1"))
    table = read_predictions(out / "predictions.csv", labelled=False).iloc[0]
    assert (table["t0_series_uid"], table["t0_kernel"], table["t0_other_series"]) == (sharp, "BONE", 1)
    assert (table["t1_slices"], table["t1_slice_thickness_mm"], table["t1_other_series"]) == (15, 1.5, 0)
    assert table["t1_image_type"] == "ORIGINAL\\PRIMARY\\AXIAL"
    assert "series read as t0: '0,OPA,GE,LS16,STANDARD', 15 slices of 1.5 mm" in capsys.readouterr().out


def test_every_form_of_a_point_gives_the_same(studies: Callable[..., dict[str, object]], tmp_path: Path) -> None:
    """Voxel, LPS, a Slicer markup, and image number with pixel; and clinical values in words as in codes."""
    i, j, k = 31.5, 9.25, 7
    options = {**studies(), "point1": f"{i},{j},{k}"}
    (series,) = scan_folder(Path(str(options["t1"])))
    image = series.stack.instances[k]
    x, y, z = (series.stack.affine() @ [i, j, k, 1])[:3]
    markup = {"coordinateSystem": "RAS", "controlPoints": [{"label": "F-1", "position": [-x, -y, z]}]}
    (tmp_path / "marks.mrk.json").write_text(json.dumps({"markups": [markup]}))
    codes = tmp_path / "patient.csv"
    codes.write_text("age,gender,cigsmok\n63,2,1\n")
    forms: list[dict[str, object]] = [
        {"clinical": codes},
        {"point1": f"lps {x} {y} {z}", "age": 63, "sex": "female", "smoking": "current"},
        {"point1": tmp_path / "marks.mrk.json", "age": 63, "sex": "Female", "smoking": 1},
        {"point1": None, "image1": image.image_number, "pixel1": f"{i},{j}", "clinical": codes, "age": 63},
    ]
    tables = []
    for number, form in enumerate(forms):
        assert _predict({**options, **form}, out=tmp_path / str(number)) == 0
        tables.append(read_predictions(tmp_path / str(number) / "predictions.csv", labelled=False))
    assert [table["logit"][0] for table in tables] == pytest.approx([tables[0]["logit"][0]] * 4, abs=SAME_LOGIT)
    read = [load_datalist(tmp_path / str(number)).section("inference")[0] for number in range(4)]
    assert [pair.clinical for pair in read] == [{"age": 63, "gender": 2, "cigsmok": 1}] * 4
    with_other_age = {**options, "clinical": codes, "age": 64, "out": tmp_path / "other"}
    assert _predict(with_other_age) == 1


def test_dicom_at_one_time_and_nifti_at_the_other(
    studies: Callable[..., dict[str, object]], tmp_path: Path, capsys: Output
) -> None:
    options = studies()
    (series,) = scan_folder(Path(str(options["t1"])))
    later = write_nifti(read_volume(series), tmp_path / "t1.nii.gz")
    mixed = {**options, "t1": later}
    assert _predict(mixed) == 1
    assert "Give one by --subject" in capsys.readouterr().err
    assert _predict({**mixed, "subject": "100012"}, interval_days=400) == 0
    (pair,) = load_datalist(tmp_path / "prediction").section("inference")
    assert pair.t0 is not None
    assert (pair.subject, pair.t0.date, pair.t1.date, pair.interval_days) == ("100012", "19990102", None, 400)
    both = read_predictions(tmp_path / "prediction" / "predictions.csv", labelled=False)
    assert _predict(options, out=tmp_path / "dicom", interval_days=400) == 0
    dicom = read_predictions(tmp_path / "dicom" / "predictions.csv", labelled=False)
    assert both["logit"][0] == pytest.approx(dicom["logit"][0], abs=1e-3)


def test_dicom_studies_of_the_wrong_order_or_patient(
    studies: Callable[..., dict[str, object]], tmp_path: Path, capsys: Output
) -> None:
    options = studies()
    assert _predict({**options, "t0": options["t1"], "t1": options["t0"]}) == 1
    assert "Exchange them" in capsys.readouterr().err
    assert _predict({**options, "subject": "100013"}) == 1
    assert "'100013'" in capsys.readouterr().err
    shutil.rmtree(tmp_path / "studies" / "t1")
    (tmp_path / "studies" / "t1").mkdir()
    assert _predict(options) == 1
    assert "NO_DICOM" in capsys.readouterr().err
    assert not (tmp_path / "prediction").exists()
