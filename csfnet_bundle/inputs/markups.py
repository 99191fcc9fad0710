"""Control points of 3D Slicer's markups files: .mrk.json and .fcsv."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space

MAXIMUM_BYTES = 1_000_000
"""A control point takes some 300 bytes; a larger file is no list of nodules."""
MOST_LABELS_TOLD = 20
FCSV_COLUMNS = ("id", "x", "y", "z", "ow", "ox", "oy", "oz", "vis", "sel", "lock", "label", "desc", "associatedNodeID")
"""The columns of an .fcsv that does not name them."""
SYSTEMS = {"RAS": Space.RAS, "LPS": Space.LPS, "0": Space.RAS, "1": Space.LPS}
"""Coordinate systems by name, and by the numbers that Slicer's older versions write."""


@dataclass(frozen=True)
class ControlPoint:
    """A control point.

    Attributes:
        label: its name.
        point: where it lies.
    """

    label: str
    point: Point


def read_markup(path: Path, label: str | None = None) -> Point:
    """Return the control point of a markups file that is meant: its only one, or the one of a label.

    Raises:
        BundleError: no such file, no markups file, no coordinate system, or no single point that is meant; the message
            lists the labels.
    """
    points = control_points(path)
    meant = [one for one in points if label is None or one.label == label]
    if len(meant) == 1:
        return meant[0].point
    told = ", ".join(one.label or "(no label)" for one in points[:MOST_LABELS_TOLD])
    told += f" and {len(points) - MOST_LABELS_TOLD} more" if len(points) > MOST_LABELS_TOLD else ""
    if not points:
        raise BundleError("it has no control point", record=str(path), remedy="Place one in Slicer and save it again.")
    if label is not None:
        count = f"{len(meant)} control points have" if meant else "no control point has"
        raise BundleError(
            f"{count} the label {label!r}; there are: {told}", record=str(path), remedy="Name one of them, once each."
        )
    raise BundleError(
        f"it has {len(points)} control points: {told}",
        record=str(path),
        remedy=f"Name the one that is meant behind a colon, e.g. {path.name}:{points[0].label or 'F-1'}",
    )


def control_points(path: Path) -> list[ControlPoint]:
    """Return the control points of a .mrk.json or .fcsv file; those that were never placed are left out.

    Raises:
        BundleError: as :func:`read_markup`.
    """
    if not path.is_file():
        raise BundleError(f"there is no file {path}", remedy="Give a Slicer markups file, .mrk.json or .fcsv.")
    if path.stat().st_size > MAXIMUM_BYTES:
        raise BundleError("too large for a list of points", record=str(path), remedy="Save the nodules' points alone.")
    try:
        text = path.read_text(encoding="utf-8-sig")
        return _from_fcsv(text) if path.suffix.lower() == ".fcsv" else _from_json(text)
    except UnicodeDecodeError:
        raise BundleError("the file is not text in UTF-8", record=str(path)) from None
    except BundleError as error:
        raise error.for_record(str(path)) from None


def _from_json(text: str) -> list[ControlPoint]:
    try:
        document = json.loads(text)
        markups = document["markups"]
        found = [_control_point(markup, entry) for markup in markups for entry in markup.get("controlPoints", ())]
    except BundleError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BundleError(
            "it is no markups file of Slicer", remedy="Save the points in Slicer as .mrk.json or .fcsv."
        ) from None
    return [one for one in found if one is not None]


def _control_point(markup: Mapping[str, Any], entry: Mapping[str, Any]) -> ControlPoint | None:
    if entry.get("positionStatus", "defined") != "defined":
        return None
    units = markup.get("coordinateUnits", "mm")
    if units not in ("mm", ["mm"] * 3):
        raise BundleError(f"coordinateUnits is {units!r}, expected mm", remedy="Save the points in millimetres.")
    label = str(entry.get("label", ""))
    return ControlPoint(label, _point(entry["position"], markup.get("coordinateSystem"), label))


def _from_fcsv(text: str) -> list[ControlPoint]:
    system: str | None = None
    columns: tuple[str, ...] = FCSV_COLUMNS
    points = []
    for line in filter(str.strip, text.splitlines()):
        if line.startswith("#"):
            key, _, value = line.lstrip("# ").partition("=")
            if key.strip().casefold() == "coordinatesystem":
                system = value.strip()
            elif key.strip().casefold() == "columns":
                columns = tuple(part.strip() for part in value.split(","))
            continue
        cells = dict(zip(columns, next(csv.reader([line])), strict=False))
        if not {"x", "y", "z"} <= set(cells):
            raise BundleError("it is no .fcsv of Slicer", remedy="Save the points in Slicer as .mrk.json or .fcsv.")
        label = cells.get("label", "")
        points.append(ControlPoint(label, _point([cells["x"], cells["y"], cells["z"]], system, label)))
    return points


def _point(position: object, system: object, label: str) -> Point:
    space = SYSTEMS.get(str(system).upper())
    if space is None:
        raise BundleError(
            f"its coordinate system is {'not given' if system is None else repr(system)}, expected LPS or RAS",
            remedy="Save the points again in Slicer, or give the numbers with their space.",
        )
    try:
        return Point(tuple(position), space)  # type: ignore[arg-type]  # it checks what they are
    except TypeError:
        raise BundleError(f"control point {label!r} has no position") from None
    except BundleError as error:
        raise error.for_record(f"control point {label!r}") from None
