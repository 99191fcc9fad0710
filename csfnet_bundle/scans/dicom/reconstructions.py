"""Taking apart what one SeriesInstanceUID holds: localizers, copies, and reconstructions that share the UID."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.scans.dicom.derivation import Derivation, derivation
from csfnet_bundle.scans.dicom.instance import Instance
from csfnet_bundle.scans.dicom.tolerances import (
    LOCALIZER_DEGREES,
    MIN_SLICES,
    SAME_POSITION_MM,
    THICKNESS_STEP_MM,
    UNIT_TOLERANCE,
)

_RECONSTRUCTION: dict[str, Callable[[Instance], Hashable]] = {
    "series number": lambda item: item.series_number,
    "description": lambda item: item.description,
    "stack": lambda item: item.stack_id,
    "image type": lambda item: _derivation(item),
    "kernel": lambda item: item.kernel,
    "slice thickness": lambda item: _steps(item.slice_thickness, THICKNESS_STEP_MM),
    "field of view": lambda item: _steps(item.reconstruction_diameter, 1.0),
}
"""What makes a reconstruction; slices that differ in it and cover the same stretch of the body are two of them."""

_ACQUISITION: dict[str, Callable[[Instance], Hashable]] = {
    "image type": lambda item: item.image_type,
    "phase": lambda item: item.phase,
    "acquisition": lambda item: item.acquisition,
    "frame of reference": lambda item: item.frame_of_reference,
}
"""What may differ within one stack (step-and-shoot scans count acquisitions); it separates only slices at one place."""


@dataclass(frozen=True)
class Part:
    """One reconstruction under a UID; ``named`` says what tells it from the others, empty if it is the only one."""

    instances: tuple[Instance, ...]
    duplicates: tuple[tuple[Instance, Instance], ...] = ()
    localizers: tuple[Instance, ...] = ()
    named: str = ""


def take_apart(instances: Sequence[Instance]) -> list[Part]:
    """Separate the slices of one SeriesInstanceUID into reconstructions.

    Args:
        instances: sound slices, any order.

    Returns:
        One part for each reconstruction; a part without slices where there are only localizers.
    """
    ordered = sorted(instances, key=lambda item: (item.sop_uid, item.frame, item.path))
    slices = [item for item in ordered if not item.is_localizer]
    localizers = [item for item in ordered if item.is_localizer]
    slices, duplicates = _drop_copies(slices)
    views, other_views = _views(slices)
    localizers += other_views
    parts = [
        (group, ", ".join(filter(None, (_view_name(view[0]) if len(views) > 1 else "", named))))
        for view in views
        for group, named in _separate(view)
    ]
    result = []
    for group, named in parts:
        kept = {id(item) for item in group}
        copies = tuple(pair for pair in duplicates if id(pair[0]) in kept)
        result.append(Part(tuple(group), copies, tuple(localizers), named))
    return result or [Part((), (), tuple(localizers))]


def _drop_copies(slices: Sequence[Instance]) -> tuple[list[Instance], list[tuple[Instance, Instance]]]:
    """Keep one of the slices that have the same SOPInstanceUID and the same header; the pixels are compared on reading.

    Slices with one SOPInstanceUID and different headers are all kept: their places decide.
    """
    by_uid: dict[Hashable, list[Instance]] = {}
    for item in slices:
        by_uid.setdefault((item.sop_uid, item.frame) if item.sop_uid else id(item), []).append(item)
    kept, copies = [], []
    for same_uid in by_uid.values():
        kept.append(same_uid[0])
        for item in same_uid[1:]:
            twin = next((other for other in kept[-len(same_uid) :] if _same_header(item, other)), None)
            if twin is None:
                kept.append(item)
            else:
                copies.append((twin, item))
    return kept, copies


def _same_header(one: Instance, other: Instance) -> bool:
    return replace(one, **_NOT_OF_THE_SLICE) == replace(other, **_NOT_OF_THE_SLICE)


_NOT_OF_THE_SLICE: dict[str, Any] = {
    **{"path": "", "size": 0, "modified_ns": 0, "syntax_uid": "", "pixel_offset": 0, "pixel_length": 0, "excess": 0},
    **{"series_number": "", "series_time": "", "study_description": "", "image_number": None},
}
"""What copies of a slice may differ in: how and where the file was written."""


def _views(slices: Sequence[Instance]) -> tuple[list[list[Instance]], list[Instance]]:
    """Group the slices by the direction of their normals; views of fewer than MIN_SLICES slices count as localizers."""
    if len({item.orientation for item in slices}) <= 1:
        return ([list(slices)] if slices else []), []
    limit = np.cos(np.radians(LOCALIZER_DEGREES))
    views: list[tuple[NDArray[np.float64] | None, list[Instance]]] = []
    for item in slices:
        normal = _normal(item)
        for other, members in views:
            if (normal is None and other is None) or (
                normal is not None and other is not None and abs(float(normal @ other)) > limit
            ):
                members.append(item)
                break
        else:
            views.append((normal, [item]))
    largest = max(len(members) for _, members in views)
    kept, left_out = [], []
    for normal, members in views:
        # Slices without a valid orientation are never left out: nothing shows that they are another view.
        if normal is None or len(members) >= MIN_SLICES or len(members) == largest:
            kept.append(members)
        else:
            left_out.extend(members)
    if any(_normal(members[0]) is None for members in kept):
        kept = [[item for members in kept for item in members]]
    return kept, left_out


def _view_name(item: Instance) -> str:
    normal = _normal(item)
    if normal is None:
        return "unknown orientation"
    axis = int(np.abs(normal).argmax())
    return f"{('sagittal', 'coronal', 'axial')[axis]} orientation"


def _normal(item: Instance) -> NDArray[np.float64] | None:
    """Return the slice's unit normal; None if its orientation is not two unit vectors at a right angle."""
    if item.orientation is None:
        return None
    column, row = np.array(item.orientation[:3]), np.array(item.orientation[3:])
    deviations = np.abs([column @ column - 1, row @ row - 1, column @ row])
    if deviations.max() > 2 * UNIT_TOLERANCE:  # squared lengths deviate by twice as much as lengths
        return None
    normal = np.cross(column, row)
    return normal / np.linalg.norm(normal)


def _separate(slices: list[Instance]) -> list[tuple[list[Instance], str]]:
    """Separate slices of one view by reconstruction, then, where two lie at one place, by acquisition."""
    groups = _separate_computed(slices)
    for attributes, needs_shared_place in ((_RECONSTRUCTION, False), (_ACQUISITION, True)):
        for name, attribute in attributes.items():
            groups = [
                (part, f"{named}, {label}" if named and label else named or label)
                for group, named in groups
                for part, label in _separate_by(group, name, attribute, needs_shared_place)
            ]
    return groups


def _separate_computed(slices: list[Instance]) -> list[tuple[list[Instance], str]]:
    """Part projections, reformatted copies and maps from slices, wherever they lie: half a step between them, too."""
    kinds: dict[Derivation, list[Instance]] = {}
    for item in slices:
        kind = _derivation(item)
        kinds.setdefault(Derivation.ORIGINAL if kind.is_plain else kind, []).append(item)
    if len(kinds) < 2:
        return [(slices, "")]
    return [(group, f"image type {group[0].image_type}") for _, group in sorted(kinds.items())]


def _derivation(item: Instance) -> Derivation:
    return derivation(item.image_type, item.calculation, item.description)


def _separate_by(
    slices: list[Instance], name: str, attribute: Callable[[Instance], Hashable], needs_shared_place: bool
) -> list[tuple[list[Instance], str]]:
    values: dict[Hashable, list[Instance]] = {}
    for item in slices:
        values.setdefault(attribute(item), []).append(item)
    if len(values) < 2:
        return [(slices, "")]
    normal = _normal(slices[0])
    if normal is None or any(item.position is None for item in slices):
        return [(slices, "")]
    places = {
        value: sorted(float(normal @ np.array(item.position)) for item in group) for value, group in values.items()
    }
    if needs_shared_place:
        everything = sorted(place for group in places.values() for place in group)
        # Single slices are no scans: bolus tracking and the like stay together, to be refused for what they are.
        separate = any(b - a < SAME_POSITION_MM for a, b in pairwise(everything)) and any(
            len(group) >= MIN_SLICES for group in places.values()
        )
    else:
        ranges = sorted((group[0], group[-1]) for group in places.values())
        separate = any(_overlap(a, b) for a, b in pairwise(ranges))
    if not separate:
        return [(slices, "")]
    return [(group, f"{name} {_shown(group[0], name)}".strip()) for _, group in sorted(values.items(), key=str)]


def _overlap(lower: tuple[float, float], upper: tuple[float, float]) -> bool:
    return upper[0] < lower[1] - SAME_POSITION_MM


def _steps(value: float | None, step: float) -> int | None:
    return None if value is None else round(value / step)


def _shown(item: Instance, name: str) -> str:
    shown = {
        "kernel": item.kernel or "not given",
        "slice thickness": "not given" if item.slice_thickness is None else f"{item.slice_thickness:g} mm",
        "field of view": "" if item.reconstruction_diameter is None else f"{item.reconstruction_diameter:g} mm",
        "image type": item.image_type or "not given",
        "acquisition": item.acquisition or "not given",
        "phase": item.phase or "not given",
        "series number": item.series_number or "not given",
        "description": item.description or "not given",
        "stack": item.stack_id or "not given",
    }
    return shown.get(name, item.frame_of_reference)
