"""Windows as records for a MONAI data set: loaded, put into another order, and changed at random."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from monai.transforms import Compose, RandAffine, RandFlip, Randomizable, Transform

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst.sequences import StudySequence
from csfnet_bundle.medst.views import StudyViews
from csfnet_bundle.medst.windows import ORDERS

ROWS, COLUMNS = 0, 1
PHRASE_ENDS = re.compile(r"(?<=[.,;]) ")
Record = dict[str, Any]


class LoadWindow(Transform):
    """Turns a window into ``views`` (T, V, 3, S, S), ``view_present`` (T, V) and the lists of its texts.

    Args:
        views: gives the views of a study.
    """

    def __init__(self, views: StudyViews) -> None:
        self.views = views

    def __call__(self, window: StudySequence) -> Record:
        """Return the record of a window."""
        pictures, present = zip(*(self.views(study) for study in window.studies), strict=True)
        return {
            "views": torch.stack(pictures),
            "view_present": torch.stack(present),
            "texts": [study.text for study in window.studies],
            "change_texts": ["", *(study.change_text for study in window.studies[1:])],
            "reversed_texts": ["", *(study.reversed_text for study in window.studies[1:])],
        }


class OrderStudies(Randomizable, Transform):
    """Puts the studies of a window into another order: a switch of the experiments.

    Args:
        order: ``"ordered"`` leaves it; ``"shuffled"`` and ``"reversed"`` move images and texts together. The sentences
            on changes, which the direction term reads, go with the reversal; with ``"shuffled"`` they stay at their
            places, so that they say nothing of direction any more. ``"mispaired_within"`` gives every image the text of
            another study of the window. ``"mispaired"`` leaves the window: its texts are another patient's already,
            see :func:`csfnet_bundle.medst.paired_texts`.

    Raises:
        BundleError: another order.
    """

    def __init__(self, order: str = "ordered") -> None:
        if order not in ORDERS:
            raise BundleError(f"order is {order!r}, expected one of {', '.join(ORDERS)}")
        self.order = order

    def __call__(self, record: Mapping[str, Any]) -> Record:
        """Return the record in its order."""
        count = len(record["texts"])
        same = list(range(count))
        if self.order == "shuffled":
            places = [int(place) for place in self.R.permutation(count)]
            # The changes' sentences stay at their places, as often beside the opposite change as beside their own.
            return _arranged(record, places, places)
        if self.order == "mispaired_within" and count > 1:
            turn = int(self.R.randint(1, count))
            return {**_arranged(record, same, [*same[turn:], *same[:turn]]), **_no_changes(count)}
        if self.order == "reversed":
            # What changed from the later study to the earlier one stood beside the later one.
            changes = {
                "change_texts": ["", *record["reversed_texts"][:0:-1]],
                "reversed_texts": ["", *record["change_texts"][:0:-1]],
            }
            return {**_arranged(record, same[::-1], same[::-1]), **changes}
        return dict(record)


class DropPhrases(Randomizable, Transform):
    """Leaves phrases out of a window's texts at random, each study by itself.

    A text of all facts is one of a kind, by age and lobe, which no view shows: who learns it by heart needs no image.
    And a question of one fact, as zero-shot classification asks, looks like no text that was trained on.

    Args:
        probability: that a phrase, up to a comma or a full stop, is left out; the last one that is left stays.

    Raises:
        BundleError: no probability from 0 to below 1.
    """

    def __init__(self, probability: float = 0.3) -> None:
        if not 0 <= probability < 1:
            raise BundleError(f"probability is {probability}, expected 0 to below 1", record="drop")
        self.probability = probability

    def __call__(self, record: Mapping[str, Any]) -> Record:
        """Return the record with shorter texts."""
        return (
            {**record, "texts": [self._shorter(text) for text in record["texts"]]} if self.probability else {**record}
        )

    def _shorter(self, text: str) -> str:
        phrases = PHRASE_ENDS.split(text)
        drawn = self.R.random_sample(len(phrases))
        kept = [phrase for phrase, value in zip(phrases, drawn, strict=True) if value >= self.probability]
        return " ".join(kept) or phrases[int(drawn.argmax())]


class ChangeViews(Randomizable, Transform):
    """Random flips and shifts of the views, the same for all studies of a window, so that what changed stays.

    A flip turns the pictures of all views alike: rows are z in a coronal and a sagittal view, y in an axial one.

    Args:
        flip_rows_probability: of a picture upside down.
        flip_columns_probability: of a picture in the mirror; both are 0 where the text tells sides.
        shift_probability: of a shift.
        shift_pixels: the longest shift along rows and columns; what comes into view is empty.
    """

    def __init__(
        self,
        flip_rows_probability: float = 0.5,
        flip_columns_probability: float = 0.5,
        shift_probability: float = 0.5,
        shift_pixels: int = 4,
    ) -> None:
        self.flip_rows_probability = flip_rows_probability
        self.flip_columns_probability = flip_columns_probability
        self.shift_probability = shift_probability
        self.shift_pixels = shift_pixels
        self._change = Compose(
            [
                RandFlip(prob=flip_rows_probability, spatial_axis=ROWS),
                RandFlip(prob=flip_columns_probability, spatial_axis=COLUMNS),
                RandAffine(prob=shift_probability, translate_range=(shift_pixels, shift_pixels), padding_mode="zeros"),
            ]
        )

    def set_random_state(self, seed: int | None = None, state: np.random.RandomState | None = None) -> ChangeViews:
        """Seed the changes."""
        self._change.set_random_state(seed, state)
        return self

    def __call__(self, record: Mapping[str, Any]) -> Record:
        """Return the record with its views changed."""
        if not (self.flip_rows_probability or self.flip_columns_probability or self.shift_probability):
            return dict(record)
        views = record["views"]  # (T, V, 3, S, S)
        changed = self._change(views.flatten(0, 2))  # (T * V * 3, S, S)
        return {**record, "views": torch.as_tensor(changed).as_subclass(torch.Tensor).reshape(views.shape)}


def _arranged(record: Mapping[str, Any], images: Sequence[int], texts: Sequence[int]) -> Record:
    return {
        **record,
        "views": record["views"][list(images)],
        "view_present": record["view_present"][list(images)],
        "texts": [record["texts"][place] for place in texts],
    }


def _no_changes(count: int) -> Record:
    """Between studies that are not of these texts nobody says what has changed."""
    return {"change_texts": [""] * count, "reversed_texts": [""] * count}
