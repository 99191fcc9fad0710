"""A pair as the network's input tensors: plain functions, which the MONAI transforms wrap."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from csfnet_bundle.core.code_book import CodeBook
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs.pair_reader import PairRois
from csfnet_bundle.inputs.settings import RoiSettings
from csfnet_bundle.records import FollowUpPair, encode_clinical


@dataclass(frozen=True)
class PairTensors:
    """What the network sees of one pair.

    Attributes:
        image: (2, D, H, W) float32 in [0, 1], ROIs of t0 and t1.
        clinical: (V,) int64, the token of each clinical variable.
        interval_days: () float32, days from t0 to t1, NaN where they are not known or there is no t0.
    """

    image: Tensor
    clinical: Tensor
    interval_days: Tensor


def pair_tensors(pair: FollowUpPair, rois: PairRois, settings: RoiSettings, code_book: CodeBook) -> PairTensors:
    """Return the network's inputs for a pair.

    Args:
        pair: its clinical values and interval.
        rois: its ROIs in HU.
        settings: the window that the network was trained on.
        code_book: the clinical codes that it was trained on.

    Raises:
        BundleError: a value that the code book does not explain; the message names the pair.
    """
    image = scale_window(torch.from_numpy(rois.array), settings.window)
    return PairTensors(image, clinical_tokens(pair, code_book), interval_tensor(pair))


def scale_window(hounsfield: Tensor, window: tuple[float, float]) -> Tensor:
    """Return HU of any shape as numbers in [0, 1]: the window's lower end becomes 0, its upper end 1."""
    low, high = window
    return (hounsfield - low).div_(high - low).clamp_(0.0, 1.0)  # one new tensor, not three


def clinical_tokens(pair: FollowUpPair, code_book: CodeBook) -> Tensor:
    """Return the tokens (V,) int64 of a pair's clinical values.

    Raises:
        BundleError: a value that the code book does not explain; the message names the pair.
    """
    try:
        return torch.from_numpy(encode_clinical(pair.clinical, code_book))
    except BundleError as error:
        raise error.for_record(f"pair {pair.name}") from None


def interval_tensor(pair: FollowUpPair) -> Tensor:
    """Return the days between the scans, () float32; NaN where unknown or where there is no t0 to start from."""
    known = pair.interval_days is not None and pair.t0 is not None
    return torch.tensor(pair.interval_days if known else torch.nan, dtype=torch.float32)
