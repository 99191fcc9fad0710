"""Predictions from Python: by hand, through `run inference`, and in a process that has neither MONAI nor pydicom."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.dicom_pair import write_dicom_pair
from helpers.tiny_checkpoint import opinion_checkpoint, tiny_checkpoint, tiny_network
from helpers.workflow_runs import make_workflow

import csfnet_bundle
from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.inputs import read_pair
from csfnet_bundle.networks import CSFNet
from csfnet_bundle.prediction.checkpoint import FOLLOW_UP_PART, LABEL, OPINION, PAIR_CAVEAT, ModelCheckpoint
from csfnet_bundle.prediction.input_checks import NOT_DESCRIBED
from csfnet_bundle.prediction.predictor import Predictor
from csfnet_bundle.records import Datalist, FollowUpPair, encode_clinical, load_datalist, save_datalist
from csfnet_bundle.scans import dicom

SAME = 1e-6
"""The same float32 network on the same voxels."""


@pytest.fixture(scope="module")
def network() -> CSFNet:
    """The smallest network with its weights doubled: as they are drawn, its answer hardly depends on the scans."""
    network = tiny_network()
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim > 1:
                parameter.mul_(2)
    return network


@pytest.fixture(scope="module")
def checkpoint(network: CSFNet) -> ModelCheckpoint:
    return tiny_checkpoint(network)


@pytest.fixture(scope="module")
def checkpoint_file(checkpoint: ModelCheckpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint") / "model.pt"
    checkpoint.save(path)
    return path


@pytest.fixture(scope="module")
def predictor(checkpoint_file: Path) -> Predictor:
    return csfnet_bundle.load(checkpoint_file, "cpu")


@pytest.fixture(scope="module")
def pair(small_cohort: Path) -> FollowUpPair:
    return load_datalist(small_cohort).section("test")[1]


@pytest.fixture(scope="module")
def dicom_pair_folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dicom_pair(tmp_path_factory.mktemp("dicom_pair"))


def _arguments(pair: FollowUpPair, folder: Path) -> dict[str, Any]:
    assert pair.t0 is not None
    return {
        "t1": folder / pair.t1.path,
        "point1": pair.t1.point.coordinates,
        "t0": folder / pair.t0.path,
        "point0": pair.t0.point.coordinates,
        "space": "voxel",
        "clinical": pair.clinical,
        "interval_days": pair.interval_days,
    }


def test_it_is_the_network_on_the_two_rois(
    predictor: Predictor, pair: FollowUpPair, small_cohort: Path, checkpoint: ModelCheckpoint, network: CSFNet
) -> None:
    made = predictor.predict(**_arguments(pair, small_cohort), subject="100042")
    low, high = checkpoint.roi.window
    rois = read_pair(pair, small_cohort, checkpoint.roi)
    image = ((np.clip(rois.array.astype(float), low, high) - low) / (high - low)).astype(np.float32)
    inputs = (torch.from_numpy(image), torch.from_numpy(encode_clinical(pair.clinical)), torch.tensor(365.0))
    with torch.no_grad():
        logits = network(*(tensor[None] for tensor in inputs))[0].double()
        attention = network.attention_map(*(tensor[None] for tensor in inputs))[0]
    assert made.logits == pytest.approx(logits.tolist(), rel=SAME)
    assert made.probability == pytest.approx(float(torch.softmax(logits / 1.5, 0)[1]), abs=SAME)
    assert made.malignant == (made.probability >= 0.4)
    np.testing.assert_allclose(made.attention, attention, atol=SAME)
    np.testing.assert_allclose(made.image, image, atol=SAME)
    np.testing.assert_allclose(made.affines, rois.affines)
    assert made.findings == (NOT_DESCRIBED, *rois.findings)
    assert (made.pair.subject, made.trained_on) == ("100042", "nothing")
    assert made.clinical["Age"] == f"{pair.clinical['age']} years"


def test_it_is_what_run_inference_gives(
    predictor: Predictor, pair: FollowUpPair, small_cohort: Path, checkpoint_file: Path, tmp_path: Path
) -> None:
    made = predictor.predict(**_arguments(pair, small_cohort))
    save_datalist(Datalist(tmp_path, {"inference": (made.pair,)}))
    folders = {"dataset_dir": str(tmp_path), "output_dir": str(tmp_path / "out"), "cache_dir": None}
    make_workflow("inference", ["inference.json"], checkpoint_path=str(checkpoint_file), device="cpu", **folders).run()
    row = pd.read_csv(tmp_path / "out" / "predictions.csv").iloc[0]
    assert made.probability == pytest.approx(row["probability"], abs=SAME)
    assert made.logit == pytest.approx(row["logit"], rel=SAME)


def test_many_pairs_are_what_each_is_alone(predictor: Predictor, small_cohort: Path, tmp_path: Path) -> None:
    pairs = load_datalist(small_cohort).section("test")
    alone = [predictor.predict_pair(pair, small_cohort) for pair in pairs]
    cache = predictor.cache(tmp_path)
    together = list(predictor.predict_pairs(pairs, small_cohort, cache=cache, batch_size=3))
    assert [made.pair for made in together] == list(pairs)
    assert np.ptp([made.logit for made in alone]) > 0.1
    assert [made.logit for made in together] == pytest.approx([made.logit for made in alone], abs=1e-5)
    assert all(made.attention is None for made in together)
    (twice,) = predictor.predict_pairs(pairs[:1], small_cohort, scan_order=(1, 1))
    assert twice.logit != pytest.approx(alone[0].logit, abs=1e-5)
    np.testing.assert_array_equal(twice.image, alone[0].image[[1, 1]])


def test_points_may_be_given_in_any_space(predictor: Predictor, pair: FollowUpPair, small_cohort: Path) -> None:
    arguments = _arguments(pair, small_cohort)
    expected = predictor.predict(**arguments)
    # The cohort's scans have the identity as affine, so that voxel indices are RAS mm.
    x, y, z = pair.t1.point.coordinates
    made = predictor.predict(**{**arguments, "point1": Point((-x, -y, z), Space.LPS)})
    assert made.probability == pytest.approx(expected.probability, abs=SAME)
    np.testing.assert_allclose(made.centers_lps[1], (-x, -y, z), atol=1e-4)
    named = predictor.predict(**{**arguments, "point1": f"{x},{y},{z}"})
    assert named.probability == expected.probability


def test_dicom_headers_are_read_once_and_say_who_and_when(
    dicom_pair_folders: Path, predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = dicom_pair_folders
    read: list[Path] = []
    scan_folder = dicom.scan_folder

    def counted(path: Path, *, follow_links: bool) -> list[dicom.Series]:
        read.append(path)
        return scan_folder(path, follow_links=follow_links)

    monkeypatch.setattr(dicom, "scan_folder", counted)
    arguments: dict[str, Any] = {"t0": folder / "t0", "point0": (-4.0, 45.0, -140.0), "point1": (-4.0, 45.0, -140.0)}
    first = predictor.predict(folder / "t1", **arguments)
    assert len(read) == 2
    assert predictor.predict(folder / "t1", **arguments) == first
    assert len(read) == 2
    assert first.pair.t0 is not None
    assert (first.pair.subject, first.pair.t0.date, first.pair.t1.date) == ("100012", "19990102", "20000102")
    assert first.pair.interval_days == 365
    assert any("kernel" in finding for finding in first.findings)


def test_without_t0_the_weights_decide(
    predictor: Predictor, pair: FollowUpPair, small_cohort: Path, tmp_path: Path
) -> None:
    t1, point1 = small_cohort / pair.t1.path, pair.t1.point
    with pytest.raises(Refusal) as caught:
        predictor.predict(t1, point1)
    assert caught.value.code is RefusalCode.NO_PRIOR
    tells = CSFNet(widths=tiny_network().widths, prior_presence=True).eval()
    made = Predictor(tiny_checkpoint(tells), "cpu").predict(t1, point1)
    assert "there is no t0 scan" in made.findings[-1]
    np.testing.assert_array_equal(made.image[0], made.image[1])


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"t1": "nowhere.nii"}, "t1: nowhere.nii does not exist"),
    ({"point0": None}, "NO_LUNGS"),
    ({"t0": None}, "point0: is .* but there is no t0"),
    ({"space": "MNI"}, "space 'MNI' is not known"),
    ({"interval_days": -5}, "interval_days: is -5, expected a number of days above 0"),
    ({"nodule": "x y"}, "nodule: is 'x y', expected letters, digits"),
    ({"clinical": {"weight": 70}}, "'weight' is no input"),
    ({"point1": (500, 20, 12)}, "lies outside the scan"),
]


@pytest.mark.parametrize(("change", "words"), MISTAKES, ids=[words for _, words in MISTAKES])
def test_a_mistake_is_one_line(
    predictor: Predictor, pair: FollowUpPair, small_cohort: Path, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(BundleError) as caught:
        predictor.predict(**{**_arguments(pair, small_cohort), **change})
    assert re.search(words, str(caught.value))
    assert "\n" not in str(caught.value)


def test_no_such_device_is_one_line(checkpoint_file: Path) -> None:
    with pytest.raises(BundleError, match="device: 'abacus' cannot be used"):
        csfnet_bundle.load(checkpoint_file, "abacus")


def test_ensembles_tell_their_members(predictor: Predictor, pair: FollowUpPair, small_cohort: Path) -> None:
    from csfnet_bundle.prediction.joined_checkpoint import ensemble_checkpoint

    one = predictor.checkpoint
    other = replace(one, weights={name: tensor * 0.9 for name, tensor in one.weights.items()})
    made = Predictor(ensemble_checkpoint([one, other]), "cpu").predict_pair(pair, small_cohort)
    assert len(made.member_probabilities) == 2
    assert made.caveat == ""
    selecting = replace(one, provenance={**one.provenance, "attention_selects": True})
    assert ensemble_checkpoint([selecting, selecting]).attention_selects
    assert not ensemble_checkpoint([selecting, other]).attention_selects
    assert made.probability == pytest.approx(np.mean(made.member_probabilities), abs=1e-6)


@pytest.mark.parametrize("fitted_on", ["simulated change", "phantoms"])  # the second in weights of before
def test_what_holds_for_one_network_is_said_of_an_ensemble_with_it(
    fitted_on: str, pair: FollowUpPair, small_cohort: Path
) -> None:
    from csfnet_bundle.prediction.joined_checkpoint import ensemble_checkpoint

    opinion = opinion_checkpoint()
    opinion = replace(opinion, provenance={**opinion.provenance, FOLLOW_UP_PART: fitted_on})
    assert opinion.pair_caveat == PAIR_CAVEAT
    joined = ensemble_checkpoint([tiny_checkpoint(tiny_network()), opinion])
    assert joined.provenance[LABEL] == OPINION
    made = Predictor(joined, "cpu").predict_pair(pair, small_cohort)
    assert made.to_plain()["caveat"] == PAIR_CAVEAT
    assert joined.caveat(replace(pair, t0=None, interval_days=None)) == ""


SCRIPT = """
import json, sys
for name in ("monai", "pydicom", "sklearn", "pandas", "dask", "matplotlib", "ignite"):
    sys.modules[name] = None  # an import of it fails; nibabel looks for pydicom, and does without
import csfnet_bundle
assert "torch" not in sys.modules, "importing the package alone costs nothing"
arguments = json.loads(sys.argv[1])
made = csfnet_bundle.load(**arguments.pop("load")).predict(**arguments)
print(json.dumps(made.probability))
"""


def test_nifti_is_predicted_without_monai_and_pydicom(
    predictor: Predictor, pair: FollowUpPair, small_cohort: Path, checkpoint_file: Path, repository: Path
) -> None:
    arguments = _arguments(pair, small_cohort)
    words = json.dumps(
        {
            **{name: str(value) if isinstance(value, Path) else value for name, value in arguments.items()},
            "load": {"path": str(checkpoint_file), "device": "cpu"},
        },
        default=dict,
    )
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, words], capture_output=True, text=True, check=True, cwd=repository
    )
    assert json.loads(done.stdout) == pytest.approx(predictor.predict(**arguments).probability, abs=SAME)
