from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from helpers.tiny_checkpoint import tiny_checkpoint
from helpers.trained_domain import strict_domain
from monai.data import Dataset

from csfnet_bundle.evaluation.predictions import read_predictions
from csfnet_bundle.inputs.training_domain import DOMAIN_KEY
from csfnet_bundle.networks import CSFNet, Network
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint
from csfnet_bundle.prediction.predictions_handler import WritePredictions
from csfnet_bundle.report.words import percent

LOGITS = [-1.0, 2.0]
SUBJECTS = ["100033", "100034"]

Runs = Callable[[Dataset, list[float]], Callable[[object], None]]


def _handler(network: Network, checkpoint: ModelCheckpoint, data: Dataset, out: Path) -> WritePredictions:
    """Return a handler that neither measures nor moves the click: see the last test for that."""
    return WritePredictions(network, checkpoint, "model.pt", data.data, out, clicks=False, measure=False)


def test_a_row_a_picture_a_report_and_an_attention_map_for_every_pair(
    network: CSFNet, checkpoint: ModelCheckpoint, seen: Callable[[str], Dataset], engine_with: Runs, tmp_path: Path
) -> None:
    data = seen("inference")
    engine_with(data, LOGITS)(_handler(network, checkpoint, data, tmp_path))
    table = read_predictions(tmp_path / "predictions.csv", labelled=False)
    assert table["subject"].tolist() == SUBJECTS
    assert table["logit"].tolist() == LOGITS
    assert table["label"].isna().all()
    np.testing.assert_allclose(table["probability"], 1 / (1 + np.exp(-np.array(LOGITS) / 1.5)))
    assert set(table["weights_trained_on"]) == {"nothing"}
    files = {path.name for path in tmp_path.iterdir()}
    endings = (".png", ".html", "_attention.nii.gz")
    assert files == {"predictions.csv", *(f"{name}_1{ending}" for name in SUBJECTS for ending in endings)}
    for index, name in enumerate(SUBJECTS):
        image = nib.load(tmp_path / f"{name}_1_attention.nii.gz")
        assert image.shape == (32, 32, 16)
        assert image.get_fdata().mean() == pytest.approx(1, abs=0.5)  # even shares
        probability = percent(table["probability"][index])
        assert probability in (tmp_path / f"{name}_1.html").read_text()
    maps = [nib.load(tmp_path / f"{name}_1_attention.nii.gz").get_fdata() for name in SUBJECTS]
    assert not np.array_equal(*maps)  # each pair has its own


def test_a_label_that_is_known_is_kept(
    network: CSFNet, checkpoint: ModelCheckpoint, seen: Callable[[str], Dataset], engine_with: Runs, tmp_path: Path
) -> None:
    data = seen("test")
    engine_with(data, [0.0, 1.0])(_handler(network, checkpoint, data, tmp_path))
    assert read_predictions(tmp_path / "predictions.csv")["label"].tolist() == [0, 1]


def test_a_network_without_attention_writes_none(
    without_attention: Network, seen: Callable[[str], Dataset], engine_with: Runs, tmp_path: Path
) -> None:
    data = seen("inference")
    named = replace(tiny_checkpoint(without_attention), provenance={"trained_on": "something else"})
    engine_with(data, LOGITS)(_handler(without_attention, named, data, tmp_path))
    assert not list(tmp_path.glob("*.nii.gz"))
    assert len(list(tmp_path.glob("*.png"))) == len(list(tmp_path.glob("*.html"))) == 2
    assert set(read_predictions(tmp_path / "predictions.csv", labelled=False)["weights_trained_on"]) == {
        "something else"
    }


def test_a_second_run_begins_anew(
    without_attention: Network, seen: Callable[[str], Dataset], engine_with: Runs, tmp_path: Path
) -> None:
    data = seen("inference")
    checkpoint = tiny_checkpoint(without_attention)
    handler = _handler(without_attention, checkpoint, data, tmp_path)
    engine_with(data, LOGITS)(handler)
    engine_with(data, LOGITS[:1])(handler)
    assert len(read_predictions(tmp_path / "predictions.csv", labelled=False)) == 1


@pytest.mark.usefixtures("quick_measuring")
def test_band_measurements_and_what_speaks_against_the_inputs_stand_in_the_table(
    network: CSFNet, checkpoint: ModelCheckpoint, seen: Callable[[str], Dataset], engine_with: Runs, tmp_path: Path
) -> None:
    data = seen("inference")
    described = replace(checkpoint, further={DOMAIN_KEY: strict_domain().to_plain()})
    engine_with(data, LOGITS)(WritePredictions(network, described, "model.pt", data.data, tmp_path))
    table = read_predictions(tmp_path / "predictions.csv", labelled=False)
    assert (table["probability_clicks_lowest"] <= table["probability_clicks_highest"]).all()
    assert all("the ROIs are unlike those" in warnings for warnings in table["warnings"])
    assert all("t0: something was noticed" in findings for findings in table["findings"])
    assert all("CHECK THE" not in findings for findings in table["findings"])
    assert {"growth", "t1_volume_mm3"} <= set(table.columns)
    page = (tmp_path / f"{SUBJECTS[0]}_1.html").read_text()
    assert page.index("the ROIs are unlike those") < page.index("probability of malignancy")


def test_a_patient_with_several_nodules_gets_a_page_of_all(
    network: CSFNet, checkpoint: ModelCheckpoint, seen: Callable[[str], Dataset], engine_with: Runs, tmp_path: Path
) -> None:
    data = seen("inference")
    first = data.data[0]
    second = {**first, "nodule": "2", "pair": replace(first["pair"], nodule="2")}
    both = Dataset([first, second], data.transform)
    engine_with(both, LOGITS[:1] * 2)(_handler(network, checkpoint, both, tmp_path))
    page = (tmp_path / f"{SUBJECTS[0]}_all.html").read_text()
    assert f"2 nodules of patient {SUBJECTS[0]}" in page
    assert all(f'id="nodule_{number}"' in page for number in (1, 2))
