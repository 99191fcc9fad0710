import pytest
import torch

from csfnet_bundle.networks import CSFNet
from csfnet_bundle.studies.attention.above_trunk import TRUNK, AboveTrunk, take_trunk, trunk_maps
from csfnet_bundle.studies.roi_fitting import Tensors

WIDTHS = [[2], [2], [4]]


def pairs() -> Tensors:
    generator = torch.Generator().manual_seed(0)
    return Tensors(
        image=torch.rand(5, 2, 8, 16, 16, generator=generator),
        clinical=torch.randint(0, 3, (5, 6), generator=generator),
        interval_days=torch.full((5,), 365.0),
        label=torch.tensor([0, 1, 0, 1, 0]),
    )


def test_the_part_above_gives_the_whole_networks_logits_and_trains_all_but_the_trunk() -> None:
    whole, shown = CSFNet(WIDTHS).eval(), pairs()
    part, maps = AboveTrunk(whole).eval(), trunk_maps(whole, shown)
    given = (maps.image, maps.clinical, maps.interval_days)
    torch.testing.assert_close(part(*given), whole(shown.image, shown.clinical, shown.interval_days))
    part(*given).square().sum().backward()
    trained = {name for name, value in whole.named_parameters() if value.grad is not None}
    assert trained == {name for name, _ in whole.named_parameters() if not name.startswith(TRUNK)}


def test_a_network_that_reads_the_image_for_a_missing_prior_is_rejected() -> None:
    with pytest.raises(ValueError, match="prior presence"):
        AboveTrunk(CSFNet(WIDTHS, prior_presence=True))


def test_nothing_but_the_trunk_is_taken() -> None:
    source, other = CSFNet(WIDTHS), CSFNet(WIDTHS)
    before = {name: value.clone() for name, value in other.state_dict().items()}
    taken = take_trunk(other, source.state_dict()).state_dict()
    for name, value in source.state_dict().items():
        torch.testing.assert_close(taken[name], value if name.startswith(TRUNK) else before[name])
