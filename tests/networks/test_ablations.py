"""That each ablation is one change from CSF-Net; what every network must do is in test_registry.py."""

from collections.abc import Callable

import torch

from csfnet_bundle.networks import CSFNet
from csfnet_bundle.networks.ablations import OneScanImage, OneScanWithClinical, WithoutClinical, WithoutTemporalFusion
from csfnet_bundle.networks.network import Network, count_parameters

WIDTHS = [[4, 4], [8, 8], [16, 16]]


def parts(network: Network) -> set[str]:
    return {name for name, _ in network.named_children()}


def test_each_leaves_out_what_its_name_says() -> None:
    full = parts(CSFNet(WIDTHS))
    assert full - parts(OneScanImage("t0", WIDTHS)) == {
        "temporal_fusion",
        "cross_modal_attention",
        "clinical_embedding",
    }
    assert full - parts(OneScanWithClinical("t0", WIDTHS)) == {"temporal_fusion"}
    assert full - parts(WithoutClinical(WIDTHS)) == {"cross_modal_attention", "clinical_embedding"}
    assert parts(WithoutTemporalFusion(WIDTHS)) == full
    assert count_parameters(WithoutTemporalFusion(WIDTHS).temporal_fusion) == 0


def test_without_temporal_fusion_the_order_of_the_scans_is_lost(batch: Callable) -> None:
    network = WithoutTemporalFusion(WIDTHS).eval()
    image, clinical, _ = batch(2)
    with torch.no_grad():
        torch.testing.assert_close(network(image.flip(1), clinical), network(image, clinical), rtol=0, atol=1e-6)


def test_interval_can_stay_where_both_scans_are(batch: Callable) -> None:
    network = WithoutTemporalFusion(WIDTHS, use_interval=True).eval()
    image, clinical, _ = batch(2)
    with torch.no_grad():
        difference = network(image, clinical, torch.tensor([90.0, 90.0])) - network(image, clinical)
    assert difference.abs().max() > 1e-4
