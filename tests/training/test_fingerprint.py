import functools
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from monai.transforms import Compose, RandFlipd, ScaleIntensityRanged
from monai.utils import GridSampleMode

from csfnet_bundle.inputs.transforms import random_augmentation
from csfnet_bundle.training.fingerprint import describe

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(plain)
def test_plain_values_stand_for_themselves(value: Any) -> None:
    assert describe(value) == value


def _pipeline(probability: float) -> Compose:
    steps = [ScaleIntensityRanged("image", -1200, 600, 0, 1), RandFlipd("image", prob=probability)]
    return Compose([*steps, random_augmentation(rotate_probability=0.5, shift_probability=probability)])


def test_equal_transforms_are_described_equally_whatever_their_random_state() -> None:
    one, other = _pipeline(0.5), _pipeline(0.5)
    one.set_random_state(seed=1)
    other.set_random_state(seed=2)
    assert describe(one) == describe(other)
    assert describe(one) != describe(_pipeline(0.25))


def test_equal_losses_are_described_equally() -> None:
    def loss(weight: float) -> torch.nn.Module:
        return torch.nn.CrossEntropyLoss(weight=torch.tensor([1.0, weight]))

    assert describe(loss(2.0)) == describe(loss(2.0))
    assert describe(loss(2.0)) != describe(loss(2.5))
    assert describe(loss(2.0)) != describe(torch.nn.CrossEntropyLoss())


def test_arrays_count_by_shape_and_values() -> None:
    array = np.arange(6.0)
    assert describe(array) == describe(torch.arange(6.0, dtype=torch.float64)) == describe(array[::1])
    assert len({str(describe(item)) for item in (array, array.reshape(2, 3), array + 1e-9)}) == 3
    assert describe(np.float64(0.5)) == 0.5


def test_objects_of_every_kind_become_plain_values_without_addresses() -> None:
    itself: list[object] = []
    itself.append(itself)
    values = [
        *({1, 2}, frozenset("ab"), range(3), re.compile("a+"), b"bytes", 1j, math.sqrt, len, np.random.RandomState),
        *(functools.partial(math.pow, 2.0), torch.float16, torch.device("cpu"), torch.Generator(), itself),
        *(torch.nn.Linear(1, 1).eval, np.random.default_rng(0)),
    ]
    text = json.dumps(describe(values))
    assert " at 0x" not in text
    assert "(itself)" in text


def test_functions_are_told_apart_by_name_and_arguments() -> None:
    assert describe(functools.partial(round, ndigits=1)) != describe(functools.partial(round, ndigits=2))
    assert describe(math.sin) != describe(math.cos)


def test_a_description_can_be_kept_with_the_weights(tmp_path: Path) -> None:
    """Enumerations of strings and numpy's floats pass for plain values, but no safe loader takes them."""
    transform = random_augmentation(rotate_probability=0.5, shift_probability=0.5)
    described = describe({"transform": transform, "number": np.float64(0.5), "mode": GridSampleMode.BILINEAR})
    torch.save(described, tmp_path / "described.pt")
    assert torch.load(tmp_path / "described.pt", weights_only=True) == described
