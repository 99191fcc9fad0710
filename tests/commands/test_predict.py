"""``predict`` as users call it, with every mistake that is easily made."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.direct_prediction import direct_logits
from helpers.tiny_checkpoint import WIDTHS, save_tiny_checkpoint, tiny_checkpoint
from helpers.whole_chest import Move, make_whole_chest, moved_chest, write_nifti

from csfnet_bundle.commands import main
from csfnet_bundle.core.code_book import CodeBook, nlst_code_book
from csfnet_bundle.evaluation.predictions import read_predictions
from csfnet_bundle.networks import CSFNet
from csfnet_bundle.prediction.checkpoint import PAIR_CAVEAT, load_checkpoint
from csfnet_bundle.records import FollowUpPair, load_datalist

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
    "negative interval": ({"interval_days": -5}, "interval_days: is -5, expected a number of days above 0"),
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
    source = make_whole_chest(nodule=place, radius=7.0)  # pixels of 2.2 mm: of a smaller one hardly any is core
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
    still = moved_chest(source, Move(degrees=1.0, shift=(0.0, 0.0, 0.0), breath=0.0))
    later, prior = write_nifti(source, tmp_path / "t1.nii"), write_nifti(still, tmp_path / "t0.nii")
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
    assert "exists already. Name another by --out" in capsys.readouterr().err
    assert [path.name for path in tmp_path.rglob("*")] == ["prediction", "mine.txt"]


def test_the_nodule_weights_are_an_opinion_and_for_a_pair_not_calibrated(
    words: dict[str, object], repository: Path, tmp_path: Path, capsys: Output
) -> None:
    model = repository / "models" / "nodules" / "model.pt"
    for name, prior in (("pair", {}), ("alone", {"t0": None, "point0": None})):
        out = tmp_path / name
        assert _predict(words, checkpoint=model, out=out, **prior) == 0
        table, page = read_predictions(out / "predictions.csv", labelled=False), next(out.glob("*.html")).read_text()
        printed = capsys.readouterr().out
        assert "these weights look at no clinical value" in printed
        assert "These weights look at no clinical value." in page
        assert "missing clinical values" not in printed
        told = [PAIR_CAVEAT in text for text in (printed, page)]
        assert told == [name == "pair"] * 2
        assert ("caveat" in table and table["caveat"][0] == PAIR_CAVEAT) == (name == "pair")
        assert ("radiologists call" in page) == (name == "alone")
