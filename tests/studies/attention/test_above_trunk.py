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


def test_the_part_above_gives_the_whole_networks_logits_and_shares_its_weights() -> None:
    whole, shown = CSFNet(WIDTHS).eval(), pairs()
    part, maps = AboveTrunk(whole).eval(), trunk_maps(whole, shown)
    expected = whole(shown.image, shown.clinical, shown.interval_days)
    torch.testing.assert_close(part(maps.image, maps.clinical, maps.interval_days), expected)
    names = {name for name, _ in whole.named_parameters()}
    assert {name for name, _ in part.named_parameters()} == {name for name in names if not name.startswith(TRUNK)}
    own = dict(whole.named_parameters())
    assert all(value is own[name] for name, value in part.named_parameters())


def test_nothing_but_the_trunk_is_taken() -> None:
    source, other = CSFNet(WIDTHS), CSFNet(WIDTHS)
    before = {name: value.clone() for name, value in other.state_dict().items()}
    taken = take_trunk(other, source.state_dict()).state_dict()
    for name, value in source.state_dict().items():
        torch.testing.assert_close(taken[name], value if name.startswith(TRUNK) else before[name])
