from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.tiny_checkpoint import tiny_checkpoint

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs.cache import series_to_json
from csfnet_bundle.networks import CSFNet, Network
from csfnet_bundle.prediction.cases import CaseMaker
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint
from csfnet_bundle.prediction.data import datalist_items


@pytest.fixture
def cases(network: CSFNet, checkpoint: ModelCheckpoint, small_cohort: Path) -> CaseMaker:
    return CaseMaker(network, checkpoint, Path("models/model.pt"), datalist_items(small_cohort, "test"))


def _sample(cases: CaseMaker, index: int) -> dict[str, Any]:
    """What the transforms would have made of a record."""
    item = cases.items[index]
    random = torch.Generator().manual_seed(index)
    return {
        "subject": item["subject"],
        "nodule": item["nodule"],
        "image": torch.rand(2, 16, 32, 32, generator=random),
        "clinical": torch.randint(0, 4, (6,), generator=random),
        "interval_days": torch.tensor(365.0),
        "findings": "t0: something\nt1: else" if index else "",
        "series": series_to_json((None, None)),
    }


def test_the_pair_is_found_by_its_name(cases: CaseMaker) -> None:
    for item in cases.items:
        assert cases.pair(item["subject"], item["nodule"]) is item["pair"]
    with pytest.raises(StopIteration):
        cases.pair("nobody", "1")


def test_attention_of_a_sample_does_not_depend_on_its_company(cases: CaseMaker, network: CSFNet) -> None:
    samples = [_sample(cases, index) for index in range(3)]
    output = cases.output(samples)
    together = [output.attention_of(index) for index in range(3)]
    for sample, found in zip(samples, together, strict=True):
        assert found is not None
        alone = cases.output([sample]).attention_of(0)
        np.testing.assert_allclose(found, alone, atol=1e-5)
        assert found.sum() == pytest.approx(1, abs=1e-4)
    with torch.no_grad():
        inputs = [torch.stack([sample[key] for sample in samples]) for key in ("image", "clinical", "interval_days")]
        np.testing.assert_allclose(np.stack(together), network.attention_map(*inputs), atol=1e-6)


def test_attention_is_that_of_the_network_in_use(cases: CaseMaker) -> None:
    """Dropout and batch statistics of training play no part, whatever mode the network was left in."""
    samples = [_sample(cases, 0), _sample(cases, 1)]
    expected = cases.output(samples).attention
    cases.network.train()
    np.testing.assert_array_equal(cases.output(samples).attention, expected)


def test_a_network_without_attention_has_none(cases: CaseMaker, without_attention: Network) -> None:
    other = replace(cases, network=without_attention, checkpoint=tiny_checkpoint(without_attention))
    assert other.output([_sample(cases, 0)]).attention is None


def test_the_network_gets_the_weights_of_the_checkpoint(cases: CaseMaker) -> None:
    fresh = CSFNet([[4], [4], [8]])
    replace(cases, network=fresh)
    for name, tensor in fresh.state_dict().items():
        torch.testing.assert_close(tensor, cases.checkpoint.weights[name], rtol=0, atol=0)


def test_another_network_than_the_checkpoints_is_refused(cases: CaseMaker, without_attention: Network) -> None:
    with pytest.raises(BundleError, match=r"tensor head.* the checkpoint is of another width"):
        replace(cases, network=without_attention)


@pytest.mark.parametrize("logit", [-3.0, 0.0, 2.0])
def test_a_case_tells_what_the_checkpoint_and_the_record_say(
    cases: CaseMaker, checkpoint: ModelCheckpoint, logit: float
) -> None:
    sample = _sample(cases, 1)
    attention = cases.output([sample]).attention_of(0)
    assert attention is not None
    case, images = cases.case(sample, logit, attention)
    assert (case.subject, case.nodule) == (sample["subject"], "1")
    assert case.probability == pytest.approx(1 / (1 + np.exp(-logit / checkpoint.decision.temperature)))
    assert case.label == cases.items[1]["label"]
    assert case.findings == ("t0: something", "t1: else")
    assert case.versions.keys() == {"csfnet_bundle", "torch", "monai"}
    weights = case.weights
    assert (weights.name, weights.trained_on, weights.phantoms) == ("model.pt", "nothing", True)
    assert (weights.temperature, weights.threshold) == (1.5, 0.4)
    assert (weights.calibration_pairs, weights.calibration_malignant) == (8, 3)
    assert not weights.attention_selects
    np.testing.assert_array_equal(images.image, sample["image"])
    assert (images.spacing, images.window) == (checkpoint.roi.spacing, checkpoint.roi.window)


def test_the_provenance_says_whether_training_had_to_select(cases: CaseMaker, checkpoint: ModelCheckpoint) -> None:
    for said, selects in ((True, True), (False, False), ("yes", False)):
        told = replace(checkpoint, provenance={**checkpoint.provenance, "attention_selects": said})
        case, _ = replace(cases, checkpoint=told).case(_sample(cases, 0), 0.0, None)
        assert case.weights.attention_selects is selects


def test_no_findings_are_none(cases: CaseMaker) -> None:
    case, _ = cases.case(_sample(cases, 0), 0.0, None)
    assert case.findings == ()


def test_weights_of_unknown_origin_are_called_so(cases: CaseMaker, checkpoint: ModelCheckpoint) -> None:
    unknown = replace(cases, checkpoint=replace(checkpoint, provenance={}))
    case, _ = unknown.case(_sample(cases, 0), 0.0, None)
    assert case.weights.trained_on == "unknown data"
    assert case.weights.phantoms is False
    assert case.weights.calibration_pairs is None
