"""That each ablation is one change from CSF-Net; what every network must do is in test_registry.py."""

from collections.abc import Callable

import pytest
import torch

from csfnet_bundle.networks import CSFNet, complete_architecture, create_network
from csfnet_bundle.networks.ablations import AblatedCSFNet
from csfnet_bundle.networks.network import Network, count_parameters

WIDTHS = [[4, 4], [8, 8], [16, 16]]
CLINICAL_PARTS = {"cross_modal_attention", "clinical_embedding"}


def parts(network: Network) -> set[str]:
    return {name for name, _ in network.named_children()}


def test_each_leaves_out_what_its_arguments_say() -> None:
    full = parts(CSFNet(WIDTHS))
    assert full - parts(AblatedCSFNet("t0", False, widths=WIDTHS)) == CLINICAL_PARTS | {"temporal_fusion"}
    assert full - parts(AblatedCSFNet("t0", widths=WIDTHS)) == {"temporal_fusion"}
    assert full - parts(AblatedCSFNet(use_clinical=False, widths=WIDTHS)) == CLINICAL_PARTS
    mean = AblatedCSFNet(fusion="mean", widths=WIDTHS)
    assert parts(mean) == full
    assert count_parameters(mean.temporal_fusion) == 0


@pytest.mark.parametrize("more", [{}, {"use_interval": True, "prior_presence": True}, {"attention": "published"}])
def test_with_nothing_left_out_it_is_csfnet(more: dict[str, object], batch: Callable) -> None:
    full, ablation = CSFNet(WIDTHS, **more).eval(), AblatedCSFNet(widths=WIDTHS, **more).eval()
    ablation.load_state_dict(full.state_dict())
    inputs = batch(2)
    with torch.no_grad():
        torch.testing.assert_close(ablation(*inputs), full(*inputs), rtol=0, atol=0)


def test_without_temporal_fusion_the_order_of_the_scans_is_lost(batch: Callable) -> None:
    network = AblatedCSFNet(fusion="mean", widths=WIDTHS).eval()
    image, clinical, _ = batch(2)
    with torch.no_grad():
        torch.testing.assert_close(network(image.flip(1), clinical), network(image, clinical), rtol=0, atol=1e-6)


def test_interval_can_stay_where_both_scans_are(batch: Callable) -> None:
    network = AblatedCSFNet(fusion="mean", widths=WIDTHS, use_interval=True).eval()
    image, clinical, _ = batch(2)
    with torch.no_grad():
        difference = network(image, clinical, torch.tensor([90.0, 90.0])) - network(image, clinical)
    assert difference.abs().max() > 1e-4
    assert not AblatedCSFNet(widths=WIDTHS, prior_presence=True).needs_prior


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"scans": "t2"}, "scan is 't2'"),
        ({"fusion": "sum"}, "fusion is 'sum', expected 'residual' or 'mean'"),
        ({"scans": "t1", "prior_presence": True}, "tokens beside the clinical data of both scans"),
        ({"use_clinical": False, "use_interval": True}, "tokens beside the clinical data of both scans"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        AblatedCSFNet(widths=WIDTHS, **arguments)


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({"name": "OneScanImage", "scan": "t1"}, {"scans": "t1", "use_clinical": False}),
        ({"name": "OneScanWithClinical", "scan": "t0"}, {"scans": "t0", "attention": "published"}),
        ({"name": "WithoutClinical"}, {"scans": "both", "use_clinical": False}),
        (
            {"name": "WithoutTemporalFusion", "use_interval": True, "attention": "joint"},
            {"scans": "both", "fusion": "mean", "attention": "joint", "use_interval": True},
        ),
    ],
)
def test_checkpoints_of_a_class_each_are_made_again(stored: dict[str, object], expected: dict[str, object]) -> None:
    architecture = complete_architecture({**stored, "widths": WIDTHS, "cbam": "woo"})
    assert architecture == {"name": "AblatedCSFNet", "widths": WIDTHS, "cbam": "woo", **expected}
    made = create_network(architecture).architecture()
    assert {key: made[key] for key in architecture} == architecture
