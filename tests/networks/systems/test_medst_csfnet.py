from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from csfnet_bundle.networks import Network, count_parameters, create_network, system_architecture
from csfnet_bundle.networks.medst import SIZES, EncoderSettings, ImageEncoder

ROI = (16, 64, 64)
PARAMETERS = {"csfnet_medst": 6_802_404, "csfnet_medst_scratch": 6_802_404, "medst_probe": 846,
              "medst_probe_scratch": 846}  # fmt: skip
"""Those that training changes, at the default size."""

every_system = pytest.mark.parametrize("system", PARAMETERS)


@pytest.fixture
def network(system: str) -> Network:
    return create_network({**system_architecture(system), "size": "tiny"})


@every_system
def test_parameters(system: str) -> None:
    with torch.device("meta"):  # shapes alone
        network = create_network(system_architecture(system))
    assert count_parameters(network) == PARAMETERS[system]


@every_system
def test_every_parameter_that_is_trained_gets_a_gradient(
    network: Network, batch: Callable, find_dead_parameters: Callable
) -> None:
    trained = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    assert trained.isdisjoint(find_dead_parameters(network, batch(4, ROI)))


@every_system
def test_a_case_does_not_depend_on_its_batch(network: Network, batch: Callable, settled: Callable) -> None:
    inputs = batch(3, ROI)
    settled(network, inputs)
    with torch.no_grad():
        together = network(*inputs)
        apart = torch.cat([network(*(tensor[i : i + 1] for tensor in inputs)) for i in range(3)])
    assert together.shape == (3, 2)
    torch.testing.assert_close(apart, together, rtol=0, atol=1e-5)


@every_system
def test_both_scans_and_the_clinical_data_matter(network: Network, batch: Callable) -> None:
    network.eval()
    image, clinical, interval_days = batch(2, ROI)
    other, other_clinical, _ = batch(2, ROI)
    with torch.no_grad():
        before = network(image, clinical, interval_days)
        for changed in (
            network(torch.stack([other[:, 0], image[:, 1]], dim=1), clinical, interval_days),
            network(torch.stack([image[:, 0], other[:, 1]], dim=1), clinical, interval_days),
            network(image, other_clinical, interval_days),
        ):
            assert (changed - before).abs().max() > 1e-6
        missing = network(image, torch.zeros_like(clinical), torch.full_like(interval_days, torch.nan))
        torch.testing.assert_close(network(image), missing)


@every_system
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_torchscript(network: Network, batch: Callable) -> None:
    network.eval()
    scripted = torch.jit.script(network)
    inputs = batch(2, ROI)
    with torch.no_grad():
        for given in (inputs, inputs[:1]):
            torch.testing.assert_close(scripted(*given), network(*given), rtol=0, atol=1e-5)


@every_system
def test_checkpoint_round_trip(network: Network, batch: Callable, tmp_path: Path) -> None:
    inputs = batch(2, ROI)
    network.eval()
    torch.save({"architecture": network.architecture(), "weights": network.state_dict()}, tmp_path / "model.pt")
    checkpoint = torch.load(tmp_path / "model.pt", weights_only=True)
    again = create_network(checkpoint["architecture"]).eval()
    again.load_state_dict(checkpoint["weights"])
    with torch.no_grad():
        torch.testing.assert_close(again(*inputs), network(*inputs), rtol=0, atol=0)


@every_system
def test_the_encoder_has_the_names_of_pre_training(network: Network) -> None:
    names = {f"image_encoder.{name}" for name in ImageEncoder(EncoderSettings("tiny")).state_dict()}
    assert {name for name in network.state_dict() if name.startswith("image_encoder.")} == names


@every_system
def test_training_the_probe_leaves_the_encoder(system: str, network: Network) -> None:
    frozen = {name for name, parameter in network.named_parameters() if not parameter.requires_grad}
    encoder = {name for name, _ in network.named_parameters() if name.startswith("image_encoder.")}
    assert frozen == (encoder if system.startswith("medst_probe") else set())


def test_views_are_those_of_the_pre_training() -> None:
    """A slab and a field show the middle: what lies outside them changes nothing."""
    network = create_network({"name": "MedSTCSFNet", "size": "tiny", "slab": 16, "field": 32}).eval()
    image = torch.rand(1, 2, *ROI) + 0.1
    other = image.clone()
    other[..., :16] = other[..., 48:] = 0.9
    with torch.no_grad():
        torch.testing.assert_close(network.feature_maps(image), network.feature_maps(other))
        assert network.feature_maps(image).shape[4] == 4, "16 of 32 mm"
        whole = create_network({"name": "MedSTCSFNet", "size": "tiny"}).eval()
        assert not torch.allclose(whole.feature_maps(image), whole.feature_maps(other))


@pytest.mark.parametrize(
    ("views", "roi_size", "rows"),
    [
        (["coronal", "sagittal"], (16, 64, 64), 2),
        (["coronal", "sagittal"], (16, 32, 32), 4),
        (["coronal", "axial"], (16, 64, 64), 8),
        (["coronal", "sagittal", "oblique"], (12, 48, 64), 2),
    ],
)
def test_the_map_has_the_rows_that_show_something(views: list[str], roi_size: tuple[int, int, int], rows: int) -> None:
    network = create_network({"name": "MedSTCSFNet", "size": "tiny", "views": views}).eval()
    image = torch.rand(1, 2, *roi_size) + 0.1
    with torch.no_grad():
        maps = network.feature_maps(image)
        network(image)
    assert maps.shape == (1, 2, SIZES["tiny"].width, len(views), rows, 8)
    shown = maps.abs().sum(dim=(0, 1, 2, 3, 5)) > 0
    assert shown.all()


def test_views_of_the_network_are_not_blurred_into_each_other() -> None:
    """They stand side by side along the map's depth, which is no place."""
    network = create_network({**system_architecture("csfnet_medst"), "size": "tiny"}).eval()
    with torch.no_grad():
        maps = network.feature_maps(torch.rand(1, 2, *ROI)).flatten(1, 2)  # (1, 2 C, V, h, G)
        blurred = network.temporal_fusion.blur(maps)
        for view in range(maps.shape[2]):
            alone = network.temporal_fusion.blur(maps[:, :, view : view + 1])
            torch.testing.assert_close(blurred[:, :, view : view + 1], alone)
        assert not torch.allclose(blurred, maps)
