"""The map transform that turns a datalist record into the two-channel image of its nodule."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform

from csfnet_bundle.inputs import RoiCache, RoiSettings
from csfnet_bundle.inputs.cache import series_to_json
from csfnet_bundle.inputs.place_check import check_places
from csfnet_bundle.inputs.series_memory import SeriesMemory
from csfnet_bundle.inputs.store.finding import images_are_here
from csfnet_bundle.records import FollowUpPair

UNCHECKED = "the points were not checked: the ROIs come from the ROI store and the images are not here"


class FollowUpRoid(MapTransform):
    """Read both ROIs of a follow-up pair.

    The record gains

    - ``image``: HU, float32 tensor (2, D, H, W), channel 0 = t0, channel 1 = t1;
    - ``affine``: float64 tensor (4, 4) from (d, h, w, 1) of the t1 ROI to LPS mm. It is a tensor of its own, since a
      MetaTensor's affine does not survive a cache;
    - ``affines``: float64 tensor (2, 4, 4), those of both ROIs;
    - ``findings``: what the reader noticed, joined by line breaks;
    - ``series``: the series that were read, as JSON (:func:`csfnet_bundle.inputs.cache.series_from_json`).

    Args:
        keys: the key that holds the pair.
        roi: the ROI's size, spacing and window as plain values (:class:`csfnet_bundle.inputs.RoiSettings`).
        cache_dir: ROI store; None reads the images every time.
        repeat_missing_prior: see :func:`csfnet_bundle.inputs.read_pair`.
        follow_links: see :func:`csfnet_bundle.scans.dicom.scan_folder`.
        check_points: reject points without lung around them, and tell where nothing like a nodule is or a point lies
            outside of the lungs (:func:`csfnet_bundle.inputs.place_check.check_places`); for predictions, not for
            training.
    """

    def __init__(
        self,
        keys: KeysCollection = "pair",
        roi: Mapping[str, Any] | None = None,
        cache_dir: str | Path | None = None,
        repeat_missing_prior: bool = False,
        follow_links: bool = False,
        check_points: bool = False,
    ) -> None:
        super().__init__(keys)
        settings = RoiSettings.from_plain(roi or {})
        self.cache = RoiCache(cache_dir, settings, repeat_missing_prior=repeat_missing_prior, follow_links=follow_links)
        self.check_points = check_points
        self._find_series = SeriesMemory(follow_links=follow_links)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return the record with the keys above added.

        Raises:
            BundleError: the scans cannot be read; the message names the pair.
        """
        record = dict(data)
        for key in self.key_iterator(record):
            pair: FollowUpPair = record[key]
            folder = Path(record["datalist_folder"])
            rois = self.cache.read(pair, folder)
            doubts: tuple[str, ...] = ()
            if self.check_points and not images_are_here(pair, folder):
                doubts = (UNCHECKED,)
            elif self.check_points:
                one_scan = self.cache.repeat_missing_prior
                doubts = check_places(pair, folder, rois.centers, one_scan=one_scan, find_series=self._find_series)
            record["image"] = torch.from_numpy(rois.array)
            record["affine"] = torch.from_numpy(rois.affines[1])
            record["affines"] = torch.from_numpy(rois.affines)
            record["findings"] = "\n".join((*doubts, *rois.findings))
            record["series"] = series_to_json(rois.series)
        return record
