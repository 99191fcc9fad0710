from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from csfnet_bundle.networks import CSFNet, count_parameters, create_network

NARROW_WIDTHS = [[8, 8, 8], [16, 16, 32], [32, 32, 32, 64]]
SMALL_ROI = (16, 32, 32)
# Encoder with its CBAMs, TRF, image tokens, clinical embedding, CMAF, head.
FULL_WIDTH_PARAMETERS = 28_334_760 + 14_156_290 + 164_224 + 85_120 + 165_120 + 33_154
PUBLISHED_CBAM_PARAMETERS = 43_059_872
GOLDEN_LOGITS = {
    "joint": [[-0.1052893, 0.0988670], [-0.1188755, 0.1110533]],
    "published": [[-0.0930863, 0.0638331], [-0.0991979, 0.0886429]],
}


@pytest.fixture
def network() -> CSFNet:
    return CSFNet(NARROW_WIDTHS).eval()


def test_full_width() -> None:
    network = CSFNet().eval()
    assert count_parameters(network) == FULL_WIDTH_PARAMETERS
    with torch.no_grad():
        assert network(torch.rand(1, 2, 16, 64, 64)).shape == (1, 2)


def test_cost_of_the_published_form() -> None:
    """The specification's figures: 12.18 GMAC for each ROI in the encoder, 1.81 in TRF, 26.16 for a pair."""
    with torch.device("meta"), FlopCounterMode(display=False, depth=2) as counter:
        CSFNet(cbam="published").eval()(torch.rand(1, 2, 16, 64, 64))
    gmac = {name: sum(counts.values()) / 2e9 for name, counts in counter.get_flop_counts().items()}
    assert gmac["CSFNet.encoder"] / 2 == pytest.approx(12.18, abs=0.005)
    assert gmac["CSFNet.temporal_fusion"] == pytest.approx(1.81, abs=0.005)
    assert gmac["CSFNet.encoder"] + gmac["CSFNet.temporal_fusion"] == pytest.approx(26.16, abs=0.01)


def test_published_cbam_total() -> None:
    assert count_parameters(CSFNet(cbam="published")) == PUBLISHED_CBAM_PARAMETERS


@pytest.mark.parametrize(
    ("cbam", "attention"), [("woo", "joint"), ("published", "joint"), ("woo", "published"), ("woo", "uniform")]
)
@pytest.mark.parametrize("seed", range(2))
def test_every_parameter_gets_a_gradient(
    seed: int, cbam: str, attention: str, batch: Callable, find_dead_parameters: Callable
) -> None:
    torch.manual_seed(seed)
    network = CSFNet(NARROW_WIDTHS, cbam=cbam, use_interval=True, prior_presence=True, attention=attention)
    assert find_dead_parameters(network, batch(2)) == []


def test_queries_and_keys_learn_from_a_single_case(network: CSFNet, batch: Callable) -> None:
    """An attention across patients has a single key at batch 1, so its queries and keys get no gradient at all."""
    network.train()
    F.cross_entropy(network(*batch(1)), torch.tensor([1])).backward()
    attention = network.cross_modal_attention
    for stream in (attention.image_stream, attention.clinical_stream):
        assert stream.query.weight.grad.abs().max() > 0
        assert stream.key.weight.grad.abs().max() > 0


def test_a_case_does_not_depend_on_its_batch(network: CSFNet, batch: Callable, settled: Callable) -> None:
    settled(network, batch(4))
    image, clinical, interval_days = batch(4)
    with torch.no_grad():
        together = network(image, clinical, interval_days)
        apart = torch.cat([network(image[i : i + 1], clinical[i : i + 1]) for i in range(4)])
    torch.testing.assert_close(apart, together, rtol=0, atol=1e-5)
    assert together.std(dim=0).min() > 1e-3  # the cases do differ


def test_order_of_the_scans_matters(network: CSFNet, batch: Callable, settled: Callable) -> None:
    settled(network, batch(4))
    image, clinical, _ = batch(2)
    with torch.no_grad():
        difference = network(image, clinical) - network(image.flip(1), clinical)
    assert difference.abs().max() > 1e-4


def test_clinical_values_matter_and_none_is_missing(network: CSFNet, batch: Callable) -> None:
    image, clinical, _ = batch(2)
    with torch.no_grad():
        torch.testing.assert_close(network(image), network(image, torch.zeros_like(clinical)))
        assert (network(image) - network(image, clinical)).abs().max() > 1e-4


def test_interval_is_ignored_in_the_paper_configuration(network: CSFNet, batch: Callable) -> None:
    image, clinical, _ = batch(2)
    with torch.no_grad():
        torch.testing.assert_close(network(image, clinical, torch.tensor([1.0, 900.0])), network(image, clinical))


def test_interval_matters_where_asked(batch: Callable) -> None:
    network = CSFNet(NARROW_WIDTHS, use_interval=True).eval()
    image, clinical, _ = batch(2)
    with torch.no_grad():
        difference = network(image, clinical, torch.tensor([90.0, 90.0])) - network(image, clinical)
    assert difference.abs().max() > 1e-4


def test_a_missing_prior_matters_where_asked(batch: Callable) -> None:
    """The token says so, besides what the image shows: one voxel's last bit makes a prior of it."""
    image, clinical, _ = batch(1)
    image[:, 0] = image[:, 1]
    almost = image.clone()
    almost[0, 0, 0, 0, 0] += 1e-6
    for presence in (True, False):
        network = CSFNet(NARROW_WIDTHS, prior_presence=presence).eval()
        assert network.needs_prior != presence
        with torch.no_grad():
            difference = (network(image, clinical) - network(almost, clinical)).abs().max()
        assert bool(difference > 1e-4) == presence


@pytest.mark.parametrize(("roi_size", "map_size"), [((16, 64, 64), (2, 8, 8)), ((16, 32, 32), (2, 4, 4))])
def test_attention_map(roi_size: tuple[int, int, int], map_size: tuple[int, int, int], batch: Callable) -> None:
    network = CSFNet(NARROW_WIDTHS).eval()
    with torch.no_grad():
        attention = network.attention_map(*batch(3, roi_size))
    assert attention.shape == (3, *map_size)
    assert attention.min() >= 0
    torch.testing.assert_close(attention.sum(dim=(1, 2, 3)), torch.ones(3))


@pytest.mark.parametrize("attention", GOLDEN_LOGITS)
def test_golden_output(attention: str, settled: Callable) -> None:
    """A seeded network and a fixed input give the stored logits: a change of the function or its start shows here."""
    torch.manual_seed(20)
    network = CSFNet(NARROW_WIDTHS, attention=attention)
    voxels = torch.arange(2 * 2 * 16 * 32 * 32)
    image = (voxels * 7919 % 1009 / 1009).reshape(2, 2, *SMALL_ROI)  # exact on every machine
    clinical = torch.tensor([[2, 2, 2, 3, 4, 5], [0, 1, 3, 7, 7, 2]])
    settled(network, (image, clinical, torch.tensor([365.0, 700.0])))
    with torch.no_grad():
        logits = network(image, clinical)
    torch.testing.assert_close(logits, torch.tensor(GOLDEN_LOGITS[attention]), rtol=0, atol=1e-4)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize("extra_tokens", [False, True])
def test_torchscript_round_trip(extra_tokens: bool, batch: Callable, tmp_path: Path) -> None:
    network = CSFNet(NARROW_WIDTHS, use_interval=extra_tokens, prior_presence=extra_tokens).eval()
    torch.jit.script(network).save(str(tmp_path / "network.ts"))
    scripted = torch.jit.load(str(tmp_path / "network.ts"))
    inputs = batch(2)
    inputs[0][1, 0] = inputs[0][1, 1]  # no t0
    with torch.no_grad():
        for given in (inputs, inputs[:2], inputs[:1]):
            torch.testing.assert_close(scripted(*given), network(*given), rtol=0, atol=1e-5)
            torch.testing.assert_close(scripted.attention_map(*given), network.attention_map(*given))


@pytest.mark.long  # tests/serving/export shows it on the ONNX file
def test_export_keeps_the_batch_open(network: CSFNet, batch: Callable) -> None:
    """One export, which ONNX also starts from, serves every batch size: nothing depends on the values of the input."""
    image, clinical, _ = batch(3)
    free = {0: torch.export.Dim("batch")}
    exported = torch.export.export(network, (image, clinical), dynamic_shapes={"image": free, "clinical": free})
    image, clinical, _ = batch(2)
    with torch.no_grad():
        torch.testing.assert_close(exported.module()(image, clinical), network(image, clinical), rtol=0, atol=1e-5)


def test_checkpoint_round_trip(network: CSFNet, batch: Callable, settled: Callable, tmp_path: Path) -> None:
    settled(network, batch(4))
    torch.save({"architecture": network.architecture(), "weights": network.state_dict()}, tmp_path / "model.pt")
    checkpoint = torch.load(tmp_path / "model.pt", weights_only=True)
    again = create_network(checkpoint["architecture"]).eval()
    again.load_state_dict(checkpoint["weights"])
    assert again.architecture() == network.architecture()
    inputs = batch(2)
    with torch.no_grad():
        torch.testing.assert_close(again(*inputs), network(*inputs), rtol=0, atol=0)
