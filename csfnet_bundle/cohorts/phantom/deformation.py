"""A smooth deformation of the lung that makes one nodule a given number of times as large.

The nodule's surroundings follow a stationary velocity field v(x) = (x - c) w(x): the weight w is 1 in the nodule and
in the room it grows into, falls smoothly to 0 in the lung around it and is 0 outside the lung, so that chest wall and
heart stay where they are. The deformation is the flow of v over a time T, a diffeomorphism (Arsigny et al., A
log-Euclidean framework for statistics on diffeomorphisms, MICCAI 2006): nothing is torn, folded or copied, and the
lung that a growing nodule displaces is compressed. T is where the flow's Jacobian, integrated over the nodule, has the
volume asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import RoiGrid
from csfnet_bundle.nodule.nodule_mask import NoduleMask

TAPER_MM = 12.0
"""Width of the shell in which the motion dies away, at least; a nodule's radius where that is more."""

WALL_MM = 5.0
"""Distance from the lung's surface over which the motion dies away towards it."""

WEIGHT_SMOOTHING_MM = 1.5
"""Standard deviation of the smoothing that makes the weight differentiable."""

STEPS = 12
"""Steps in which the flow is integrated: a nodule of 28 mm grown fourfold is then exact to about 0.01 mm."""

LONGEST_FLOW = 4.0
"""How much longer than in free lung (ln(ratio) / 3) the flow may run, before the nodule counts as hemmed in."""


@dataclass(frozen=True)
class Growth:
    """The deformation around one nodule.

    Attributes:
        velocity: mm per unit of time, LPS (x, y, z), shape (3, D, H, W) on ``grid``.
        grid: the box on which the velocity is given; outside it nothing moves.
        time: how long to flow from the first scan to the second, below 0 where the nodule shrinks.
    """

    velocity: NDArray[np.float32]
    grid: RoiGrid
    time: float

    def forward(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where tissue at ``points`` (3, N) of the first scan lies in the second; LPS mm."""
        return self._flow(points, self.time)

    def backward(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where tissue at ``points`` (3, N) of the second scan lay in the first; LPS mm."""
        return self._flow(points, -self.time)

    def _flow(self, points: NDArray[np.float64], time: float) -> NDArray[np.float64]:
        places = points.astype(np.float64)
        for _ in range(STEPS):
            places = _midpoint_step(self.velocity, self.grid, places, time / STEPS)
        return places


def grow_nodule(mask: NoduleMask, grid: RoiGrid, ratio: float, record: str = "") -> Growth:
    """Find the deformation that multiplies the nodule's volume by ``ratio``.

    Args:
        mask: the nodule and the lung on ``grid``.
        grid: an isotropic box around the nodule.
        ratio: volume in the second scan over volume in the first.
        record: which series, for errors.

    Raises:
        BundleError: the grown nodule does not fit into the box, or chest wall and heart leave it no room.
    """
    weight = _weight(mask, ratio, record)
    z, y, x = grid.axes()
    index = mask.center
    center = [np.interp(index[axis], np.arange(len(line)), line) for axis, line in enumerate((z, y, x))]
    offsets = (x[None, None, :] - center[2], y[None, :, None] - center[1], z[:, None, None] - center[0])
    velocity = np.stack([(weight * offset).astype(np.float32) for offset in offsets])
    return Growth(velocity=velocity, grid=grid, time=_flow_time(velocity, mask, grid, ratio, record))


def _weight(mask: NoduleMask, ratio: float, record: str) -> NDArray[np.float64]:
    """The share of the full motion at every voxel, (D, H, W)."""
    outside = ndimage.distance_transform_edt(~mask.nodule, sampling=mask.spacing)
    radius = (3 * mask.volume_mm3 / (4 * np.pi)) ** (1 / 3)
    room = max(0.0, radius * (ratio ** (1 / 3) - 1))
    taper = max(TAPER_MM, radius)
    faces = [np.take(outside, end, axis=axis).min() for axis in range(3) for end in (0, -1)]
    if min(faces) < room + taper:
        raise BundleError(
            f"the nodule of {2 * radius:.0f} mm, {ratio:.2f} times its volume later, does not fit into the box of "
            f"{mask.nodule.shape[0] * mask.spacing:.0f} mm that is deformed",
            record=record,
            remedy="Ask for a shorter interval or a longer doubling time.",
        )
    wall = ndimage.distance_transform_edt(np.pad(mask.lung, 1, mode="edge"), sampling=mask.spacing)[1:-1, 1:-1, 1:-1]
    weight = _smoothstep(1 - (outside - room) / taper) * _smoothstep(wall / WALL_MM)
    smoothed: NDArray[np.float64] = ndimage.gaussian_filter(weight, WEIGHT_SMOOTHING_MM / mask.spacing)
    return smoothed


def _smoothstep(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 below 0, 1 above 1, the cubic 3 t^2 - 2 t^3 between."""
    t = np.clip(values, 0, 1)
    return t * t * (3 - 2 * t)


def _flow_time(velocity: NDArray[np.float32], mask: NoduleMask, grid: RoiGrid, ratio: float, record: str) -> float:
    """Flow the nodule's voxels until the sum of their Jacobians is ``ratio`` times their number.

    Along a trajectory d ln(J)/dt = div v, so that no derivative of the flow itself is needed.
    """
    divergence = sum(np.gradient(velocity[axis], mask.spacing, axis=2 - axis) for axis in range(3)).astype(np.float32)
    z, y, x = grid.axes()
    d, h, w = np.nonzero(mask.nodule)
    places = np.stack([x[w], y[h], z[d]])
    in_free_lung = np.log(ratio) / 3
    step = in_free_lung / STEPS
    log_jacobian = np.zeros(len(d))
    previous = 1.0
    for number in range(int(STEPS * LONGEST_FLOW)):
        middle = _midpoint_step(velocity, grid, places, step / 2)
        log_jacobian += step * _sample(divergence, grid, middle)
        places = _midpoint_step(velocity, grid, places, step)
        reached = float(np.exp(log_jacobian).mean())
        if (reached - ratio) * np.sign(step) >= 0:
            return float(step * (number + np.log(ratio / previous) / np.log(reached / previous)))
        previous = reached
    raise BundleError(
        f"chest wall or heart leave no room: the nodule's volume can be made {previous:.2f}-fold, not {ratio:.2f}-fold",
        record=record,
        remedy="Ask for a smaller change, or take a nodule further inside the lung.",
    )


def _midpoint_step(
    velocity: NDArray[np.float32], grid: RoiGrid, places: NDArray[np.float64], step: float
) -> NDArray[np.float64]:
    """One step of the explicit midpoint rule."""
    middle = places + step / 2 * np.stack([_sample(component, grid, places) for component in velocity])
    return places + step * np.stack([_sample(component, grid, middle) for component in velocity])


def _sample(field: NDArray[np.float32], grid: RoiGrid, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values of a (D, H, W) field at LPS ``places`` (3, N); 0 outside the grid."""
    index = np.stack(
        [(places[2 - a] - grid.center[2 - a]) / grid.spacing[a] + (grid.size[a] - 1) / 2 for a in range(3)]
    )
    values: NDArray[np.float64] = ndimage.map_coordinates(field, index, order=1, mode="constant", cval=0.0)
    return values
