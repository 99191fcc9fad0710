"""A pair has a prior where its two channels differ: in Python, in TorchScript and in an export for ONNX."""

import pytest
import torch
from torch import Tensor, nn

from csfnet_bundle.networks.prior_presence import PriorPresence, prior_present


class Presence(nn.Module):
    """The function alone, as exporters want it."""

    def forward(self, image: Tensor) -> Tensor:
        return prior_present(image)


@pytest.fixture
def image() -> Tensor:
    """Four pairs: two scans, no t0, no t0 but for one voxel's last bit, two scans."""
    image = torch.rand(4, 2, 4, 6, 6)
    image[1:3, 0] = image[1:3, 1]
    image[2, 0, 3, 5, 5] = torch.nextafter(image[2, 0, 3, 5, 5], torch.tensor(2.0))
    return image


EXPECTED = [True, False, True, True]


def test_channels_are_compared_to_the_last_bit(image: Tensor) -> None:
    present = prior_present(image)
    assert present.dtype == torch.bool
    assert present.tolist() == EXPECTED
    assert [bool(prior_present(one[None])) for one in image] == EXPECTED  # whoever else is in the batch


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_it_scripts_and_exports(image: Tensor) -> None:
    assert torch.jit.script(Presence())(image).tolist() == EXPECTED
    batch = {0: torch.export.Dim("batch", min=1)}
    exported = torch.export.export(Presence(), (image[:2],), dynamic_shapes={"image": batch})
    assert exported.module()(image).tolist() == EXPECTED


def test_one_token_each(image: Tensor) -> None:
    tokens = PriorPresence()(image)
    assert tokens.shape == (4, 1, 128)
    assert torch.equal(tokens[0], tokens[2])
    assert not torch.equal(tokens[0], tokens[1])
