"""The views of a study as a tensor: projections of a CT ROI, or radiographs; kept in memory once they are made."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs import RoiCache, RoiSettings
from csfnet_bundle.medst.sequences import RadiographFiles, RoiPlace, Study
from csfnet_bundle.networks.medst import SIZES, VIEWS, roi_views
from csfnet_bundle.networks.medst.roi_views import view_length

logger = logging.getLogger(__name__)

RADIOGRAPH_VIEWS = ("frontal", "lateral")
GRAY_LEVELS = {"L": 255, "I;16": 65535, "I;16L": 65535, "I;16B": 65535}
"""Pillow's modes of an image with 8 and with 16 bits, and their brightest values."""
EIGHT_BIT_MODES = ("1", "P", "PA", "LA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")
"""Pillow's modes that it turns into 8 bits of gray. Of others (32 bits, fractions) nobody says what is white."""


class StudyViews:
    """Gives the views of a study.

    Args:
        views: names, of :data:`csfnet_bundle.networks.medst.VIEWS` for CT, or of :data:`RADIOGRAPH_VIEWS`.
        size: ``"tiny"``, ``"small"`` or ``"full"``: the network's, which sets the edge of a view in pixels.
        roi: the ROI's plain values.
        cache_dir: where ROIs are cached.
        slab: voxels of the ROI's middle that a CT view projects; None: all.
        field: voxels that a CT view shows at most along each edge; None: all.
        offset: the nodule lies up to so many voxels beside the middle of a CT view's field, along y and x: elsewhere in
            each patient, at the same place in all studies of one, so that words have a place to point at. 0: in the
            middle. More than the field leaves of the ROI is told: such views repeat the ROI's edge.
        in_memory: keep every view that was made: 0.1 MB a study for the sizes tiny and small, 1.2 MB for full.

    Raises:
        BundleError: no such view or size, no such slab, field or offset, or a ROI whose voxels are no cubes.
    """

    def __init__(
        self,
        views: Sequence[str],
        size: str,
        roi: Mapping[str, Any],
        cache_dir: str | Path | None,
        in_memory: bool = True,
        slab: int | None = None,
        field: int | None = None,
        offset: int = 0,
    ) -> None:
        self.views = tuple(views)
        if not (set(views) <= set(VIEWS) or set(views) <= set(RADIOGRAPH_VIEWS)) or not views:
            raise BundleError(
                f"views are {list(views)}, expected some of {', '.join(VIEWS)} (CT) or {', '.join(RADIOGRAPH_VIEWS)}"
            )
        if size not in SIZES:
            raise BundleError(f"size is {size!r}, expected one of {', '.join(SIZES)}")
        self.pixels = SIZES[size].image_size
        self.roi = RoiSettings.from_plain(roi)
        if len(set(self.roi.spacing)) != 1:
            raise BundleError(
                f"ROI spacing is {self.roi.spacing}; the views need cubes", remedy="Use one spacing for D, H and W."
            )
        lowest = {"slab": (slab, 1), "field": (field, 1), "offset": (offset, 0)}
        for name, (value, least) in lowest.items():
            if value is not None and value < least:
                raise BundleError(f"{name} is {value} voxels, expected {least} or more")
        self.slab, self.field, self.offset = slab, field, offset
        within = min((edge - view_length(edge, field)) // 2 for edge in self.roi.size[1:])
        if offset > within:
            logger.warning(
                "offset is %d voxels, and the field leaves %d of the ROI: views repeat its edge", offset, within
            )
        self._cache = RoiCache(cache_dir, self.roi)
        self._kept: dict[str, tuple[Tensor, Tensor]] | None = {} if in_memory else None

    def __call__(self, study: Study) -> tuple[Tensor, Tensor]:
        """Return views (V, 3, S, S) in [0, 1] and which of them are there (V,) bool; an absent one is zeros."""
        if self._kept is None:
            return self._make(study)
        if study.name not in self._kept:
            self._kept[study.name] = self._make(study)
        return self._kept[study.name]

    def region(self, study: Study) -> Tensor:
        """Return the ROI of a CT study, (D, H, W) in [0, 1].

        Raises:
            BundleError: the study is none of CT.
        """
        if not isinstance(study.pixels, RoiPlace):
            raise BundleError("the study has radiographs and no ROI", record=study.name)
        place = study.pixels
        values = self._cache.read(place.pair, place.folder).array[place.channel]
        low, high = self.roi.window
        return torch.from_numpy(np.clip((values - low) / (high - low), 0, 1).astype(np.float32))

    def _make(self, study: Study) -> tuple[Tensor, Tensor]:
        if isinstance(study.pixels, RadiographFiles):
            return self._radiographs(study.pixels, study.name)
        if not set(self.views) <= set(VIEWS):
            raise BundleError(f"a CT study has no view {self.views[0]!r}", record=study.name)
        offset = torch.tensor([self._place(study.patient)])
        views = self.project(self.region(study)[None], offset)[0]
        return views, torch.ones(len(self.views), dtype=torch.bool)

    def project(self, regions: Tensor, offset: Tensor) -> Tensor:
        """Return the views (B, V, 3, S, S) of ROIs (B, D, H, W), their fields moved by (B, 2) voxels along (y, x)."""
        return roi_views(regions, list(self.views), self.pixels, self.slab, self.field, offset)

    def _place(self, patient: str) -> list[int]:
        """Return how far the field's middle lies from the nodule, (y, x): from the name, so the same in every run."""
        random = np.random.default_rng(zlib.crc32(patient.encode()))
        return [int(step) for step in random.integers(-self.offset, self.offset + 1, 2)]

    def _radiographs(self, files: RadiographFiles, name: str) -> tuple[Tensor, Tensor]:
        if not set(self.views) <= set(RADIOGRAPH_VIEWS):
            raise BundleError(f"radiographs have no view {self.views[0]!r}", record=name)
        paths = [getattr(files, view) for view in self.views]
        blank = torch.zeros(3, self.pixels, self.pixels)
        pictures = [blank if path is None else self._picture(_gray(path, name)) for path in paths]
        return torch.stack(pictures), torch.tensor([path is not None for path in paths])

    def _picture(self, values: Tensor) -> Tensor:
        """Return an image (H, W), padded to a square and resized, in all three channels, (3, S, S)."""
        height, width = values.shape
        above, left = (max(height, width) - height) // 2, (max(height, width) - width) // 2
        square = torch.zeros(max(height, width), max(height, width))
        square[above : above + height, left : left + width] = values
        resized = torch.nn.functional.interpolate(
            square[None, None], size=self.pixels, mode="bilinear", antialias=True, align_corners=False
        )
        return resized[0].clamp(0, 1).expand(3, -1, -1).clone()


def _gray(path: Path, study: str) -> Tensor:
    """Return an image file's brightness in [0, 1], (H, W).

    Raises:
        BundleError: it cannot be read, or it has no white.
    """
    try:
        with Image.open(path) as image:
            brightest = GRAY_LEVELS.get(image.mode)
            if brightest is None and image.mode not in EIGHT_BIT_MODES:
                raise BundleError(
                    f"the image {path.name} has pixels of mode {image.mode}, expected 8 or 16 bits",
                    record=study,
                    remedy="Write it with 8 or 16 bits, black 0.",
                )
            gray = image if brightest else image.convert("L")
            return torch.from_numpy(np.asarray(gray, dtype=np.float32)) / (brightest or GRAY_LEVELS["L"])
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:  # Pillow's own errors are of the first two
        raise BundleError(
            f"the image {path.name} cannot be read: {error}",
            record=study,
            remedy="Give PNG, JPEG or TIFF; DICOM is not read here.",
        ) from None
