import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.networks.encoder import Encoder, feature_map_size
from csfnet_bundle.report.attention_map import attention_on_roi, attention_stride


def test_even_attention_is_one_everywhere():
    np.testing.assert_allclose(attention_on_roi(np.full((2, 8, 8), 1 / 128), (16, 64, 64)), 1.0)


def test_a_cell_keeps_its_value_at_its_voxel_and_fades_linearly():
    attention = np.full((2, 8, 8), 1.0)
    attention[1, 3, 5] = 9.0
    shares = attention_on_roi(attention, (16, 64, 64))
    mean = attention.mean()
    assert shares[8, 24, 40] == pytest.approx(9 / mean)
    assert shares[8, 24, 44] == pytest.approx(5 / mean)
    assert shares[15, 24, 40] == pytest.approx(9 / mean)  # beyond the outermost cell
    assert np.unravel_index(shares.argmax(), shares.shape) == (8, 24, 40)


@pytest.mark.parametrize("cell", [3, 4])
def test_cells_lie_where_the_encoder_looks(cell):
    # Centre of the squared gradient of a cell's features; random weights scatter it, their mean tells.
    centres = []
    for seed in range(6):
        torch.manual_seed(seed)
        encoder = Encoder(((4, 4), (8, 8), (16, 16))).eval()
        scan = torch.rand(1, 1, 16, 64, 64, requires_grad=True)
        encoder(scan)[..., cell, cell].sum().backward()
        weight = scan.grad[0, 0].square().numpy()
        index = np.indices(weight.shape)[1:]  # height and width; along the depth the edges cut the field off
        centres.append([(axis * weight).sum() / weight.sum() for axis in index])
    np.testing.assert_allclose(np.mean(centres, axis=0), 8 * cell, atol=1.0)


@given(st.tuples(*[st.integers(1, 80)] * 3), st.integers(1, 5))
def test_the_stride_is_that_of_the_network(size, stages):
    shape = feature_map_size(size, stages)
    stride = attention_stride(shape, size)
    # Small ROIs collapse to one cell early; a larger stride then says the same.
    assert all(-(-voxels // stride) == cells for voxels, cells in zip(size, shape, strict=True))
    assert stride <= 2**stages


def test_a_map_of_another_roi_is_refused():
    with pytest.raises(BundleError, match=r"\(2, 8, 7\) cells does not come from a ROI of \(16, 64, 64\)"):
        attention_on_roi(np.ones((2, 8, 7)), (16, 64, 64))
