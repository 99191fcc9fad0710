"""What every network must do, and the registry that makes them."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.networks import (
    PAPER_SYSTEMS,
    Network,
    complete_architecture,
    count_parameters,
    create_network,
    sees_clinical,
    system_architecture,
)

EIGHTH = 0.125
SMALL_ROI = (16, 32, 32)
PARAMETERS = {
    "scans": 15_241_410,
    "nas_lung": 28_456_204,
    "t_lstm": 3_821_826,
    "deepcad": 11_401_666,
    "mcfn": 42_856_150,
    "radfusion": 28_540_660,
    "t0_image": 28_515_754,
    "t0_image_clinical": 28_782_378,
    "t1_image": 28_515_754,
    "t1_image_clinical": 28_782_378,
    "without_cmaf_clinical": 42_672_044,
    "without_temporal_fusion": 28_782_378,
    "csfnet": 42_938_668,
    "uniform_attention": 42_938_668 - 4 * (128 * 128 + 128),  # two queries and two keys
    "published_attention": 42_938_668,
}
USES_CLINICAL = {
    "deepcad",
    "mcfn",
    "radfusion",
    "t0_image_clinical",
    "t1_image_clinical",
    "without_temporal_fusion",
    "csfnet",
    "uniform_attention",
    "published_attention",
}
USES_T0 = {"t0_image", "t0_image_clinical"}
USES_T1_ALONE = {"t1_image", "t1_image_clinical"}
USES_T1 = {*USES_T1_ALONE, "nas_lung", "radfusion"}
USES_INTERVAL = {"t_lstm"}

every_system = pytest.mark.parametrize("system", PAPER_SYSTEMS)


@pytest.fixture
def network(system: str) -> Network:
    return create_network(system_architecture(system, EIGHTH, SMALL_ROI))


@every_system
def test_parameters_at_full_width(system: str) -> None:
    with torch.device("meta"):  # shapes alone
        network = create_network(system_architecture(system))
    assert count_parameters(network) == PARAMETERS[system]


@every_system
def test_every_parameter_gets_a_gradient(network: Network, batch: Callable, find_dead_parameters: Callable) -> None:
    assert find_dead_parameters(network, batch(4)) == []


@every_system
def test_a_case_does_not_depend_on_its_batch(network: Network, batch: Callable, settled: Callable) -> None:
    inputs = batch(3)
    settled(network, inputs)
    with torch.no_grad():
        together = network(*inputs)
        apart = torch.cat([network(*(tensor[i : i + 1] for tensor in inputs)) for i in range(3)])
    assert together.shape == (3, 2)
    torch.testing.assert_close(apart, together, rtol=0, atol=1e-5)


@every_system
def test_inputs_that_matter(system: str, network: Network, batch: Callable, settled: Callable) -> None:
    """A row of the table sees what its name says and nothing else."""
    image, clinical, interval_days = batch(2)
    settled(network, (image, clinical, interval_days))
    other_image, other_clinical, _ = batch(2)
    with torch.no_grad():
        before = network(image, clinical, interval_days)
        changes = {
            "t0": network(torch.stack([other_image[:, 0], image[:, 1]], dim=1), clinical, interval_days),
            "t1": network(torch.stack([image[:, 0], other_image[:, 1]], dim=1), clinical, interval_days),
            "clinical": network(image, other_clinical, interval_days),
            "interval": network(image, clinical, 2 * interval_days),
        }
    matter = {name for name, after in changes.items() if (after - before).abs().max() > 1e-6}
    expected = {"t0"} if system in USES_T0 else {"t1"} if system in USES_T1 else {"t0", "t1"}
    expected |= {"clinical"} if system in USES_CLINICAL else set()
    expected |= {"interval"} if system in USES_INTERVAL else set()
    assert matter == expected


@every_system
def test_who_sees_t0_needs_it(system: str, network: Network) -> None:
    assert network.needs_prior == (system not in USES_T1)


@every_system
def test_who_sees_clinical_values_is_told_without_the_network(system: str, network: Network) -> None:
    assert sees_clinical(network.architecture()) == (system in USES_CLINICAL)


def test_an_ensemble_sees_what_one_of_its_members_sees() -> None:
    one, other = ({"name": "AblatedCSFNet", "use_clinical": False}, {"name": "CSFNet"})
    assert sees_clinical({"name": "Ensemble", "members": [one, other]})
    assert not sees_clinical({"name": "Ensemble", "members": [one, {"name": "FollowUpNoduleNetwork"}]})


@every_system
def test_none_is_missing(network: Network, batch: Callable) -> None:
    image, clinical, interval_days = batch(2)
    network.eval()
    with torch.no_grad():
        missing = network(image, torch.zeros_like(clinical), torch.full_like(interval_days, torch.nan))
        torch.testing.assert_close(network(image), missing)


# Scripting takes seconds each: of rows that differ in a number alone one is enough, and CSF-Net is in test_csfnet.py.
@pytest.mark.parametrize("system", [row for row in PAPER_SYSTEMS if row not in {"csfnet", *USES_T1_ALONE}])
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_torchscript(network: Network, batch: Callable) -> None:
    network.eval()
    scripted = torch.jit.script(network)
    inputs = batch(2)
    with torch.no_grad():
        for given in (inputs, inputs[:1]):
            torch.testing.assert_close(scripted(*given), network(*given), rtol=0, atol=1e-5)


@every_system
def test_checkpoint_round_trip(network: Network, batch: Callable, settled: Callable, tmp_path: Path) -> None:
    inputs = batch(2)
    settled(network, inputs)
    torch.save({"architecture": network.architecture(), "weights": network.state_dict()}, tmp_path / "model.pt")
    checkpoint = torch.load(tmp_path / "model.pt", weights_only=True)
    again = create_network(checkpoint["architecture"]).eval()
    again.load_state_dict(checkpoint["weights"])
    assert again.architecture() == network.architecture()
    with torch.no_grad():
        torch.testing.assert_close(again(*inputs), network(*inputs), rtol=0, atol=0)


def test_architectures_of_before_keep_the_attention_that_they_were_trained_with() -> None:
    stored = {"name": "CSFNet", "widths": [[4], [8], [16]]}
    ensemble = {"name": "Ensemble", "members": [stored, {**stored, "attention": "joint"}], "temperatures": [1.0, 2.0]}
    assert complete_architecture(stored)["attention"] == "published"
    assert [network.attention for network in create_network(complete_architecture(ensemble)).networks] == [
        "published",
        "joint",
    ]
    assert complete_architecture({"name": "DeepCAD", "width": 1.0}) == {"name": "DeepCAD", "width": 1.0}
    assert create_network(stored).attention == "joint"


def test_unknown_network_is_named() -> None:
    with pytest.raises(ValueError, match=r"no network called 'CSFNot', expected one of .*CSFNet"):
        create_network({"name": "CSFNot"})


def test_unknown_argument_is_named() -> None:
    with pytest.raises(ValueError, match=r"network CSFNet cannot be made from .*unexpected keyword argument 'width'"):
        create_network({"name": "CSFNet", "width": 3})


def test_unknown_system_is_named() -> None:
    with pytest.raises(BundleError, match=r"system: there is no system 'sybil'. Choose of scans, "):
        system_architecture("sybil")
