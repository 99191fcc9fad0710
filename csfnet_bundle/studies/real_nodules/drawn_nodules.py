"""Drawn nodules for pre-training: ellipsoids with lobes, spikes, ground glass and calcium, near vessels and the wall.

Nothing of them comes from a patient, and everything that a radiologist would rate is known. They teach an encoder to
measure before it sees one of the few hundred real nodules.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.studies.real_nodules.targets import CENTERS, DESCRIPTIONS, MASK_OVER_DIAMETER, SCALES

SMALLEST_MM, LARGEST_MM = 3.0, 32.0
"""Diameters, drawn evenly in their logarithm: those of the LIDC volumes."""
SMALL_MM = 8.0
"""Below it nodules are small: docs/real_nodules.md finds networks weak at 6 to 8 mm."""
AT_A_TIME = 8
"""Nodules that are drawn together: so many ROIs fit into a processor's cache, which halves the time."""
LOBES, SPIKES, VESSELS = 6, 10, 3
LUNG_HU, SOLID_HU, CALCIUM_HU = (-900.0, -780.0), (-20.0, 80.0), (250.0, 800.0)
GLASS_ABOVE_LUNG_HU = (180.0, 450.0)
NOISE_HU = (5.0, 60.0)
MARGIN_MM = (0.4, 3.0)
"""Thickness of the edge, from sharp to ill-defined."""
CALCIFIED, AT_WALL = 0.15, 0.3
"""Shares of the drawn nodules."""


@dataclass(frozen=True)
class Drawing:
    """What kinds of nodules are drawn.

    Attributes:
        small: share drawn below 8 mm; the others have diameters of the whole range, of which 41 % lie there too.
        subsolid: share of ground glass, with or without a solid core.
    """

    small: float = 0.0
    subsolid: float = 0.3

    def __post_init__(self) -> None:
        for name in ("small", "subsolid"):
            if not 0 <= (share := getattr(self, name)) <= 1:
                raise BundleError(f"{name} is {share}, expected a share from 0 to 1", record="drawing")


@dataclass(frozen=True)
class _Shape:
    """Distances of voxels from a nodule's surface, and what its form is called.

    Attributes:
        radius: (B, D, H, W), distance from the centre over the surface's in that direction.
        surface: (B, D, H, W), mm from the centre to the surface in that direction, before the spikes.
        ratings: lobulation, sphericity and spiculation, (B,) each.
        diameter: (B,) mm, of the ellipsoid.
        volume: (B,) mm3.
    """

    radius: Tensor
    surface: Tensor
    ratings: dict[str, Tensor]
    diameter: Tensor
    volume: Tensor


def draw_nodules(
    batch: int, roi_size: tuple[int, int, int], generator: torch.Generator, drawing: Drawing
) -> tuple[Tensor, Tensor]:
    """Draw nodules and tell their nine targets.

    Args:
        batch: B.
        roi_size: (D, H, W) at 1 mm.
        generator: of all that is random.
        drawing: what kinds of nodules.

    Returns:
        HU (B, D, H, W), and the targets (B, 9) of :mod:`csfnet_bundle.studies.real_nodules.targets`, standardised.
    """
    counts = [min(AT_A_TIME, batch - start) for start in range(0, batch, AT_A_TIME)]
    images, targets = zip(*(_draw(count, roi_size, generator, drawing) for count in counts), strict=True)
    return torch.cat(images), torch.cat(targets)


def _draw(
    batch: int, roi_size: tuple[int, int, int], generator: torch.Generator, drawing: Drawing
) -> tuple[Tensor, Tensor]:
    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(batch, *shape, generator=generator)

    def chosen(share: float) -> Tensor:
        return (torch.rand(batch, generator=generator) < share).float()

    def wide(values: Tensor) -> Tensor:
        return values[:, None, None, None]

    axes = [torch.arange(n, dtype=torch.float32) - (n - 1) / 2 for n in roi_size]
    grid = torch.stack(torch.meshgrid(*axes, indexing="ij"))  # (3, D, H, W), mm (z, y, x)
    points = grid[None] - uniform(-0.7, 0.7, 3)[:, :, None, None, None]  # (B, 3, D, H, W)
    shape = _draw_shape(points, generator, drawing.small)

    lung = uniform(*LUNG_HU)
    image = wide(lung) + _texture(batch, roi_size, generator) * wide(uniform(10, 60))
    image = torch.maximum(image, _vessels(points, lung, generator))
    wall = _wall(points, shape.diameter, chosen(AT_WALL), generator)
    image = image + wall * (wide(uniform(*SOLID_HU)) - image)

    margin = torch.exp(uniform(math.log(MARGIN_MM[0]), math.log(MARGIN_MM[1])))  # mm
    margin = torch.minimum(margin, shape.diameter / 4)
    inside = torch.sigmoid((1 - shape.radius) * shape.surface * 4 / wide(margin))  # (B, D, H, W)
    subsolid = chosen(drawing.subsolid)
    core = uniform(0, 0.8) * chosen(0.6)  # of the radius that is solid, 0 for pure ground glass
    solid = wide(uniform(*SOLID_HU))
    glass = wide(lung + uniform(*GLASS_ABOVE_LUNG_HU)) + 40 * _texture(batch, roi_size, generator)
    solid_part = torch.sigmoid((wide(core) - shape.radius) * shape.surface * 4)
    tissue = torch.where(wide(subsolid) > 0, torch.maximum(glass, glass + solid_part * (solid - glass)), solid)
    calcified = chosen(CALCIFIED) * (1 - subsolid)
    calcium = torch.sigmoid((wide(uniform(0.3, 0.9)) - shape.radius) * shape.surface * 4)
    tissue = tissue + wide(calcified) * calcium * (wide(uniform(*CALCIUM_HU)) - solid)
    image = image + inside * (tissue - image)
    image = image + wide(uniform(*NOISE_HU)) * torch.randn(image.shape, generator=generator)

    sharpness = (margin / MARGIN_MM[0]).log() / math.log(MARGIN_MM[1] / MARGIN_MM[0])  # 0 sharp, 1 ill-defined
    values = {
        "log_diameter": shape.diameter.log(),
        "log_volume": shape.volume.log() + 3 * math.log(MASK_OVER_DIAMETER),
        "texture": torch.where(subsolid > 0, 1 + 3 * core, torch.full_like(core, 5.0)),
        "margin": 5 - 3 * sharpness,
        "calcification": 6 - 3 * calcified,
        "subtlety": (3 + (shape.diameter / 6).log() * 1.5 - subsolid).clamp(1, 5),
        **shape.ratings,
    }
    targets = [(values[name] - CENTERS[name]) / SCALES[name] for name in DESCRIPTIONS]
    return image, torch.stack(targets, dim=1)


def _draw_shape(points: Tensor, generator: torch.Generator, small: float) -> _Shape:
    batch = len(points)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(batch, *shape, generator=generator)

    roi_size = points.shape[2:]
    place = uniform(0, 1)
    span = torch.full_like(place, math.log(LARGEST_MM) - math.log(SMALLEST_MM))
    if small:  # no number is drawn for it otherwise
        span[uniform(0, 1) < small] = math.log(SMALL_MM) - math.log(SMALLEST_MM)
    diameter = torch.exp(math.log(SMALLEST_MM) + span * place)
    stretch = uniform(0, 0.35)
    log_axes = stretch[:, None] * torch.randn(batch, 3, generator=generator).clamp(-1.5, 1.5)
    log_axes = log_axes - log_axes.mean(dim=1, keepdim=True)  # the ellipsoid keeps its volume
    matrix = _rotations(batch, generator) / (diameter[:, None] / 2 * log_axes.exp())[:, :, None]
    scaled = _forms(matrix, points)  # (B, 3, D, H, W)
    radius = scaled.square().sum(dim=1).sqrt().clamp(min=1e-3)  # (B, D, H, W), 1 on the ellipsoid
    # Lobes and spikes depend on the direction alone: every second voxel shows them well enough.
    direction = torch.nn.functional.normalize(scaled[:, :, ::2, ::2, ::2], dim=1)

    lobe = uniform(0, 0.3) * (torch.rand(batch, generator=generator) < 0.5)
    waves = torch.randn(batch, LOBES, 3, generator=generator) * 2.5
    phases = uniform(0, 2 * math.pi, LOBES)
    bumps = torch.cos(_forms(waves, direction) + phases[:, :, None, None, None]).mean(dim=1)
    lobed = torch.exp(lobe[:, None, None, None] * bumps * 1.5)  # of the distance to the surface
    factor = _finer(lobed, roi_size)  # (B, D, H, W)
    spike = uniform(0, 1) * (torch.rand(batch, generator=generator) < 0.4)
    needles = torch.nn.functional.normalize(torch.randn(batch, SPIKES, 3, generator=generator), dim=2)
    needle = torch.exp(60 * (_forms(needles, direction).amax(dim=1) - 1))  # 1 on the axis of the nearest spike
    needle = _finer(needle, roi_size)  # (B, D, H, W)
    surface = (points.square().sum(dim=1).sqrt() / radius) * factor  # mm
    volume = math.pi / 6 * diameter**3 * lobed.pow(3).mean(dim=(1, 2, 3))
    form = log_axes.amax(dim=1) - log_axes.amin(dim=1)
    ratings = {
        "lobulation": 1 + 4 * lobe / 0.3,
        "sphericity": (5 - 4 * form - 4 * lobe).clamp(1, 5),
        "spiculation": 1 + 4 * spike,
    }
    return _Shape(
        radius / (factor * (1 + 0.8 * spike[:, None, None, None] * needle)), surface, ratings, diameter, volume
    )


def _forms(matrix: Tensor, points: Tensor) -> Tensor:
    """Linear forms (B, N, 3) of points (B, 3, d, h, w), as (B, N, d, h, w)."""
    return torch.bmm(matrix, points.flatten(2)).unflatten(2, points.shape[2:])


def _finer(values: Tensor, roi_size: Sequence[int]) -> Tensor:
    """Interpolate (B, d, h, w), every second voxel of a ROI, to the whole ROI (B, D, H, W)."""
    return torch.nn.functional.interpolate(values.unsqueeze(1), size=list(roi_size), mode="trilinear")[:, 0]


def _rotations(batch: int, generator: torch.Generator) -> Tensor:
    """Random orthogonal matrices, (B, 3, 3)."""
    return torch.linalg.qr(torch.randn(batch, 3, 3, generator=generator)).Q


def _texture(batch: int, roi_size: tuple[int, int, int], generator: torch.Generator) -> Tensor:
    """Smooth random fields of SD near 1, (B, D, H, W): lung and ground glass are not even."""
    coarse = torch.randn(batch, 1, *(max(2, n // 4) for n in roi_size), generator=generator)
    return 1.6 * _finer(coarse[:, 0], roi_size)


def _vessels(points: Tensor, lung: Tensor, generator: torch.Generator) -> Tensor:
    """HU of straight tubes with soft edges, (B, D, H, W), lung elsewhere."""
    batch = len(points)
    lines = torch.nn.functional.normalize(torch.randn(batch, VESSELS, 3, generator=generator), dim=2)
    through = torch.randn(batch, VESSELS, 3, generator=generator) * 9  # mm from the nodule: some touch it
    radius = 0.4 + 2.2 * torch.rand(batch, VESSELS, generator=generator).square()  # mm, most of them thin
    along = _forms(lines, points) - (lines * through).sum(dim=2)[:, :, None, None, None]
    squared = points.square().sum(dim=1)[:, None] - 2 * _forms(through, points) - along.square()
    squared = squared + through.square().sum(dim=2)[:, :, None, None, None]  # distance from the axis
    nearest = (radius[:, :, None, None, None] - squared.clamp(min=0).sqrt()).amax(dim=1)  # mm inside of a wall
    inside = torch.sigmoid(3 * nearest)
    return lung[:, None, None, None] * (1 - inside) + 30 * inside


def _wall(points: Tensor, diameter: Tensor, present: Tensor, generator: torch.Generator) -> Tensor:
    """Share of chest wall in each voxel, (B, D, H, W): a curved half space that starts near the nodule's surface."""
    batch = len(points)
    normal = torch.randn(batch, 3, generator=generator)
    normal[:, 0] = 0.3 * normal[:, 0]  # walls run along the body more than across it
    normal = torch.nn.functional.normalize(normal, dim=1)
    distance = diameter / 2 * (0.3 + 1.2 * torch.rand(batch, generator=generator)) + 1
    along = _forms(normal[:, None], points)[:, 0]
    bent = (points.square().sum(dim=1) - along.square()) / 120  # a chest's radius of curvature is some 60 mm or more
    return present[:, None, None, None] * torch.sigmoid((along + bent - distance[:, None, None, None]) * 2)
