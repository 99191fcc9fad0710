"""``predict`` as users call it: on NIfTI files and on DICOM folders, with every mistake that is easily made."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.direct_prediction import direct_logits
from helpers.synthetic_series import LANDMARK_INDICES, make_series, write_series
from helpers.tiny_checkpoint import WIDTHS, save_tiny_checkpoint, tiny_checkpoint
from helpers.whole_chest import Move, make_whole_chest, moved_chest, write_nifti

from csfnet_bundle.commands import main
from csfnet_bundle.core.code_book import CodeBook, nlst_code_book
from csfnet_bundle.evaluation.predictions import read_predictions
from csfnet_bundle.networks import CSFNet
from csfnet_bundle.prediction.checkpoint import load_checkpoint
from csfnet_bundle.records import FollowUpPair, load_datalist
from csfnet_bundle.scans.dicom import read_volume, scan_folder

Output = pytest.CaptureFixture[str]
SAME_LOGIT = 1e-4


@pytest.fixture(scope="module")
def checkpoint_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_checkpoint(tmp_path_factory.mktemp("model") / "tiny.pt")


@pytest.fixture(scope="module")
def pair(small_cohort: Path) -> FollowUpPair:
    return load_datalist(small_cohort).section("test")[1]


@pytest.fixture
def words(pair: FollowUpPair, small_cohort: Path, checkpoint_file: Path, tmp_path: Path) -> dict[str, object]:
    """The options of a call that succeeds."""
    assert pair.t0 is not None
    point0, point1 = (",".join(map(str, scan.point.coordinates)) for scan in (pair.t0, pair.t1))
    return {
        "t0": small_cohort / pair.t0.path,
        "t1": small_cohort / pair.t1.path,
        "point0": point0,
        "point1": point1,
        "space": "voxel",
        "subject": pair.subject,
        "checkpoint": checkpoint_file,
        "out": tmp_path / "prediction",
        "no_measure": True,
    }


def _predict(words: dict[str, object], **change: object) -> int:
    options = {name: value for name, value in {**words, **change}.items() if value is not None}
    return main(["predict", *(f"--{name}={value}" for name, value in options.items())])


def test_two_nifti_files(
    words: dict[str, object],
    pair: FollowUpPair,
    small_cohort: Path,
    checkpoint_file: Path,
    tmp_path: Path,
    capsys: Output,
) -> None:
    clinical = tmp_path / "clinical.json"
    clinical.write_text(json.dumps(dict(pair.clinical)))
    assert _predict(words, clinical=clinical, interval_days=365) == 0
    shown = capsys.readouterr().out
    out = tmp_path / "prediction"
    table = read_predictions(out / "predictions.csv", labelled=False)
    expected = direct_logits(load_checkpoint(checkpoint_file), small_cohort, "test")[pair.subject]
    assert table["logit"].tolist() == [pytest.approx(expected, abs=SAME_LOGIT)]
    assert table["probability"][0] == pytest.approx(1 / (1 + np.exp(-expected / 1.5)), abs=SAME_LOGIT)
    assert f"malignancy probability of {pair.name}: {table['probability'][0]:.3f}" in shown
    assert "weights trained on: nothing. Not a medical device." in shown
    stem = f"{pair.subject}_1"
    files = {"datalist.json", "predictions.csv", f"{stem}.html", f"{stem}.png", f"{stem}_attention.nii.gz"}
    assert {path.name for path in out.iterdir()} == files
    assert f"report: {out / stem}.html" in shown
    assert {path.name for path in tmp_path.iterdir()} == {"clinical.json", "prediction"}
    (again,) = load_datalist(out).section("inference")
    assert (again.interval_days, again.clinical) == (365, pair.clinical)


def test_clinical_values_are_those_of_the_weights(
    words: dict[str, object], checkpoint_file: Path, tmp_path: Path, capsys: Output
) -> None:
    """Weights whose code book has pack-years and no race take the one and reject the other, whatever is installed."""
    plain = [entry for entry in nlst_code_book().to_plain() if entry["name"] != "race"]
    pack_years = {"name": "pkyr", "label": "Pack-years", "bin_starts": [20, 40, 60], "limits": [0, 300]}
    code_book = CodeBook.from_plain([pack_years, *plain])
    network = CSFNet(widths=WIDTHS, clinical_vocabulary=code_book.sizes).eval()
    other = replace(tiny_checkpoint(network), code_book=code_book)
    other.save(tmp_path / "other.pt")
    clinical = tmp_path / "clinical.json"

    clinical.write_text(json.dumps({"race": 1}))
    assert _predict(words, clinical=clinical, checkpoint=tmp_path / "other.pt") == 1
    assert "clinical variable 'race' is no input of the network" in capsys.readouterr().err
    clinical.write_text(json.dumps({"pkyr": 301}))
    assert _predict(words, clinical=clinical, checkpoint=tmp_path / "other.pt") == 1
    assert "pkyr" in capsys.readouterr().err
    clinical.write_text(json.dumps({"pkyr": 45, "age": 63}))
    assert _predict(words, clinical=clinical, checkpoint=tmp_path / "other.pt") == 0
    assert "Pack-years" in next((tmp_path / "prediction").glob("*.html")).read_text()
    assert _predict(words, clinical=clinical, out=tmp_path / "again") == 1  # the bundle's own book has none
    assert "clinical variable 'pkyr' is no input of the network" in capsys.readouterr().err


MISUSES: dict[str, tuple[dict[str, object], str]] = {
    "no such space": ({"space": "MNI"}, 'Invalid value for --space: "MNI" is not LPS, RAS or voxel.'),
    "a pixel of one number": ({"pixel1": "3"}, 'Invalid value for --pixel1: "3" is not column,row'),
    "two numbers": ({"point1": "1,2"}, 'Invalid value for --point1: "1,2" is not three numbers'),
    "spaces between": ({"point0": "1"}, 'Invalid value for --point0: "1" is not three numbers'),
    "a misspelt option": ({"chekpoint": "x.pt"}, "there is no option --chekpoint. Did you mean --checkpoint?"),
}

MISTAKES: dict[str, tuple[dict[str, object], str]] = {
    "no such scan": ({"t1": "nowhere.nii"}, "t1: nowhere.nii does not exist"),
    "outside": ({"point1": "500,20,12"}, "POINT_OUTSIDE"),
    "no subject": ({"subject": None}, "carries no PatientID. Give one by --subject"),
    "control characters as subject": ({"subject": "a\x07b"}, "subject: 'a\\x07b' does not match"),
    "negative interval": ({"interval_days": -5}, "interval_days: -5"),
    "a prior without lungs": ({"point0": None}, "NO_LUNGS"),
    "no such weights": ({"checkpoint": "none.pt"}, "there is no checkpoint"),
    "no such values": ({"clinical": "none.json"}, "there is no file none.json"),
    "no such smoker": ({"smoking": "never"}, "--smoking = 'never' is none of its values: Former (0), Current (1)"),
    "no space": ({"space": None}, "point1: its space is not given"),
    "no point": ({"point1": None}, "point1 is missing"),
    "two points": ({"image1": 3, "pixel1": "1,2"}, "point1: is given twice"),
    "half a point": ({"image1": 3, "point1": None}, "only the image number is given"),
    "an image number of a NIfTI": ({"image0": 3, "pixel0": "1,2", "point0": None}, "is no DICOM"),
    "no such markup": ({"point1": "none.fcsv"}, "there is no file none.fcsv"),
}


@pytest.mark.parametrize("mistake", [*MISTAKES, *MISUSES])
def test_a_mistake_is_one_line_and_leaves_nothing(
    mistake: str, words: dict[str, object], tmp_path: Path, capsys: Output
) -> None:
    change, expected = (MISTAKES | MISUSES)[mistake]
    assert _predict(words, **change) == (2 if mistake in MISUSES else 1)
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert expected in errors[0]
    assert list(tmp_path.iterdir()) == []


def test_one_point_is_enough_where_the_scans_show_the_lungs(
    words: dict[str, object], tmp_path: Path, capsys: Output
) -> None:
    place, move = (-62.0, 12.0, 25.0), Move()
    source = make_whole_chest(nodule=place)
    later, prior = write_nifti(source, tmp_path / "t1.nii"), write_nifti(moved_chest(source, move), tmp_path / "t0.nii")
    point = ",".join(map(str, place))
    options = {"t0": prior, "t1": later, "point0": None, "point1": point, "space": "LPS", "no_measure": None}
    assert _predict(words, **options, interval_days=365) == 0
    shown = capsys.readouterr().out
    table = read_predictions(tmp_path / "prediction" / "predictions.csv", labelled=False).iloc[0]
    assert table["growth"] == "no measurable change"
    assert table["t0_volume_mm3"] == pytest.approx(table["t1_volume_mm3"], rel=0.25)
    assert f"measured in t1: {table['t1_volume_mm3']:.0f} mm³" in shown
    (pair,) = load_datalist(tmp_path / "prediction").section("inference")
    assert pair.t0 is not None
    assert pair.t0.point_source == "matched"
    np.testing.assert_allclose(pair.t0.known_point.coordinates, move.forward(np.array(place)), atol=1.0)
    page = next((tmp_path / "prediction").glob("*.html")).read_text()
    assert "found by matching" in page


def test_a_point_on_the_other_side_is_told_in_the_report(
    words: dict[str, object], tmp_path: Path, capsys: Output
) -> None:
    place = (-62.0, 12.0, 25.0)
    source = make_whole_chest(nodule=place)
    later, prior = write_nifti(source, tmp_path / "t1.nii"), write_nifti(source, tmp_path / "t0.nii")
    point = ",".join(map(str, place))
    assert _predict(words, t0=prior, t1=later, point0="62,12,25", point1=point, space="LPS") == 0
    page = next((tmp_path / "prediction").glob("*.html")).read_text()
    assert "CHECK THE POINTS" in page
    assert "CHECK THE POINTS" in capsys.readouterr().err


def test_one_word_is_an_export_and_two_scans_are_named(capsys: Output) -> None:
    assert main(["predict", "one.nii", "two.nii"]) == 2
    assert "predict: there is no use for the word 'two.nii'." in capsys.readouterr().err
    assert main(["predict", "nowhere.zip", "--t1=now.nii", "--point1=1,2,3", "--space=LPS"]) == 1
    assert "nowhere.zip is given as an export with both studies, and --t1 besides" in capsys.readouterr().err


def test_the_same_file_twice_is_refused(words: dict[str, object], tmp_path: Path, capsys: Output) -> None:
    assert _predict(words, t0=words["t1"]) == 1
    assert "PAIR_MISMATCH" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_is_never_written(words: dict[str, object], tmp_path: Path, capsys: Output) -> None:
    kept = tmp_path / "prediction" / "mine.txt"
    kept.parent.mkdir()
    kept.write_text("mine")
    assert _predict(words) == 1
    assert "exists already. Name another folder by --out" in capsys.readouterr().err
    assert [path.name for path in tmp_path.rglob("*")] == ["prediction", "mine.txt"]


@pytest.fixture
def studies(tmp_path: Path) -> Callable[..., dict[str, object]]:
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
            **{"point0": point, "point1": point, "subject": None},
        }

    return write


def test_a_patient_id_of_any_text(
    words: dict[str, object], studies: Callable[..., dict[str, object]], tmp_path: Path
) -> None:
    """The identity is kept, file names are safe, and a spreadsheet runs nothing."""
    name = "=UK/2010 0815^Ä"
    assert _predict(words, **studies(PatientID=name, SpecificCharacterSet="ISO_IR 192")) == 0
    out = tmp_path / "prediction"
    assert read_predictions(out / "predictions.csv", labelled=False)["subject"].tolist() == [name]
    assert f"\n'{name}," in (out / "predictions.csv").read_text()
    (page,) = out.glob("*.html")
    assert page.stem.startswith("UK-2010-0815-")


def test_two_dicom_studies(
    words: dict[str, object], studies: Callable[..., dict[str, object]], tmp_path: Path, capsys: Output
) -> None:
    """Patient, dates and interval come from the headers, and of t0 the series with the kernel of t1 is read."""
    assert _predict(words, **studies()) == 0
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


def test_every_form_of_a_point_gives_the_same(
    words: dict[str, object], studies: Callable[..., dict[str, object]], tmp_path: Path
) -> None:
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
        assert _predict(words, **{**options, **form}, out=tmp_path / str(number)) == 0
        tables.append(read_predictions(tmp_path / str(number) / "predictions.csv", labelled=False))
    assert [table["logit"][0] for table in tables] == pytest.approx([tables[0]["logit"][0]] * 4, abs=SAME_LOGIT)
    read = [load_datalist(tmp_path / str(number)).section("inference")[0] for number in range(4)]
    assert [pair.clinical for pair in read] == [{"age": 63, "gender": 2, "cigsmok": 1}] * 4
    with_other_age = {**options, "clinical": codes, "age": 64, "out": tmp_path / "other"}
    assert _predict(words, **with_other_age) == 1


def test_dicom_at_one_time_and_nifti_at_the_other(
    words: dict[str, object], studies: Callable[..., dict[str, object]], tmp_path: Path, capsys: Output
) -> None:
    options = studies()
    (series,) = scan_folder(Path(str(options["t1"])))
    later = write_nifti(read_volume(series), tmp_path / "t1.nii.gz")
    mixed = {**options, "t1": later}
    assert _predict(words, **mixed) == 1
    assert "Give one by --subject" in capsys.readouterr().err
    assert _predict(words, **{**mixed, "subject": "100012"}, interval_days=400) == 0
    (pair,) = load_datalist(tmp_path / "prediction").section("inference")
    assert pair.t0 is not None
    assert (pair.subject, pair.t0.date, pair.t1.date, pair.interval_days) == ("100012", "19990102", None, 400)
    both = read_predictions(tmp_path / "prediction" / "predictions.csv", labelled=False)
    assert _predict(words, **options, out=tmp_path / "dicom", interval_days=400) == 0
    dicom = read_predictions(tmp_path / "dicom" / "predictions.csv", labelled=False)
    assert both["logit"][0] == pytest.approx(dicom["logit"][0], abs=1e-3)


def test_dicom_studies_of_the_wrong_order_or_patient(
    words: dict[str, object], studies: Callable[..., dict[str, object]], tmp_path: Path, capsys: Output
) -> None:
    options = studies()
    assert _predict(words, **{**options, "t0": options["t1"], "t1": options["t0"]}) == 1
    assert "Exchange them" in capsys.readouterr().err
    assert _predict(words, **{**options, "subject": "100013"}) == 1
    assert "'100013'" in capsys.readouterr().err
    shutil.rmtree(tmp_path / "studies" / "t1")
    (tmp_path / "studies" / "t1").mkdir()
    assert _predict(words, **options) == 1
    assert "NO_DICOM" in capsys.readouterr().err
    assert not (tmp_path / "prediction").exists()
