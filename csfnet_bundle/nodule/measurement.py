"""Measuring a nodule from one click."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.nodule.attenuation import Attenuation, Density, measure_density
from csfnet_bundle.nodule.axes import Axes, measure_axes
from csfnet_bundle.nodule.cube import Cube
from csfnet_bundle.nodule.flags import Flag, FlagCode, find_flags
from csfnet_bundle.nodule.network import NoduleNetwork, load_network
from csfnet_bundle.nodule.segmentation import Method, Segmentation, segment_by_all, taken_segmentation
from csfnet_bundle.scans.scan import OpenedScan

MEASURING_VERSION = 3
"""Goes up when measuring changes: what was kept of before is measured again."""
CLICK_OFFSET_MM = 2.0
"""How far the eight clicks around the given one lie from it: readers' centres differ by so much."""
LEAST_METHODS = 2
"""Of three methods so many must find a nodule."""


@dataclass(frozen=True)
class Measurement:
    """A nodule, measured.

    Attributes:
        volume_mm3: the network's; the classical method's where the network finds nothing.
        method: whose volume and mask are taken, for axes and density too.
        volumes_mm3: by method; one that found nothing is absent.
        click_volumes_mm3: the network's volumes of nine clicks within 2 mm; empty where they were not asked for.
        axes: callipers in the axial plane.
        density: HU.
        flags: what is doubtful.
        mask: the nodule's voxels, shape (D, H, W), .8 mm.
        masks: by method.
        cube: what was measured.
        scanner: maker and kernel; empty where the scan does not tell them.
    """

    volume_mm3: float
    method: Method
    volumes_mm3: Mapping[Method, float]
    click_volumes_mm3: tuple[float, ...]
    axes: Axes
    density: Density
    flags: tuple[Flag, ...]
    mask: NDArray[np.bool_]
    masks: Mapping[Method, NDArray[np.bool_]]
    cube: Cube
    scanner: str = ""

    @property
    def equivalent_diameter_mm(self) -> float:
        """Diameter of the sphere with the volume."""
        return float((6 * self.volume_mm3 / math.pi) ** (1 / 3))

    @property
    def long_axis_mm(self) -> float:
        """The longest axial diameter."""
        return self.axes.long_mm

    @property
    def short_axis_mm(self) -> float:
        """The longest diameter at right angles to the long axis."""
        return self.axes.short_mm

    @property
    def mean_diameter_mm(self) -> float:
        """Mean of long and short axis."""
        return self.axes.mean_mm

    @property
    def mean_hu(self) -> float:
        """Mean HU in the mask."""
        return self.density.mean_hu

    @property
    def attenuation(self) -> Attenuation:
        """Solid, part-solid or ground glass."""
        return self.density.attenuation

    def has_flag(self, code: FlagCode) -> bool:
        """Say whether it is flagged so."""
        return any(flag.code is code for flag in self.flags)

    def to_plain(self) -> dict[str, object]:
        """Return the figures as JSON takes them; lengths in mm, volumes in mm3."""
        return {
            "volume_mm3": round(self.volume_mm3, 1),
            "equivalent_diameter_mm": round(self.equivalent_diameter_mm, 2),
            "long_axis_mm": round(self.long_axis_mm, 2),
            "short_axis_mm": round(self.short_axis_mm, 2),
            "mean_diameter_mm": round(self.mean_diameter_mm, 2),
            "mean_hu": round(self.mean_hu, 1),
            "solid_share": round(self.density.solid_share, 3),
            "attenuation": self.attenuation.value,
            "method": self.method.value,
            "volumes_mm3": {method.value: round(volume, 1) for method, volume in self.volumes_mm3.items()},
            "click_volumes_mm3": [round(volume, 1) for volume in self.click_volumes_mm3],
            "flags": [{"code": flag.code.value, "text": flag.text} for flag in self.flags],
            "scanner": self.scanner,
        }


def measure_cube(
    cube: Cube,
    network: NoduleNetwork | None = None,
    *,
    clicks: bool = False,
    record: str = "",
    scanner: str = "",
    others: dict[Method, Segmentation] | None = None,
    scan: OpenedScan | None = None,
) -> Measurement:
    """Measure the nodule at the click of a cube.

    Args:
        cube: the scan around the click.
        network: by default the shipped one.
        clicks: also measure from eight clicks around, which :func:`csfnet_bundle.nodule.growth.growth` needs.
        record: which scan, for errors.
        scanner: see :class:`Measurement`.
        others: what the methods without network find, where they have been asked already.
        scan: what the cube was cut from, for the names of its images.

    Raises:
        Refusal: ``NO_NODULE``, at most one of the three methods finds a nodule at the click.
        BundleError: the network's file is not there.
    """
    network = network or load_network()
    answer, *around = network.segment([cube, *(_clicks_around(cube) if clicks else ())])
    found = segment_by_all(cube, answer, others)
    if len(found) < LEAST_METHODS:
        raise Refusal(
            RefusalCode.NO_NODULE,
            f"{len(found)} of 3 methods find a nodule at the point",
            series=record,
            record=record,
            figures={method.value: one.volume_mm3 for method, one in found.items()},
            remedy="Give the centre of a nodule inside the lung, and check the point's space.",
        )
    chosen = taken_segmentation(found)
    density = measure_density(cube.hu, chosen.mask)
    click_volumes = tuple(one.volume_mm3 for one in (answer, *around)) if clicks else ()
    return Measurement(
        volume_mm3=chosen.volume_mm3,
        method=chosen.method,
        volumes_mm3={method: one.volume_mm3 for method, one in found.items()},
        click_volumes_mm3=click_volumes,
        axes=measure_axes(chosen.mask, cube.spacing_mm),
        density=density,
        flags=find_flags(cube, found, answer, chosen, density, click_volumes, scan),
        mask=chosen.mask,
        masks={method: one.mask for method, one in found.items()},
        cube=cube,
        scanner=scanner,
    )


def _clicks_around(cube: Cube) -> list[Cube]:
    """Return the cube with each of eight clicks around its middle."""
    step = CLICK_OFFSET_MM / math.sqrt(3)
    return [cube.clicked((d * step, h * step, w * step)) for d, h, w in product((-1, 1), repeat=3)]
