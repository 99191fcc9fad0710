"""Markups as Slicer 5.6 and 4.10 write them."""

import json
from pathlib import Path

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.inputs.markups import read_markup

FCSV = """# Markups fiducial file version = 4.11
# CoordinateSystem = {system}
# columns = id,x,y,z,ow,ox,oy,oz,vis,sel,lock,label,desc,associatedNodeID
{rows}
"""
ROW = "vtkMRMLMarkupsFiducialNode_{n},{x},{y},-166.3,0,0,0,1,1,1,0,{label},,vtkMRMLScalarVolumeNode1"


def fcsv(folder: Path, *labels: str, system: str = "LPS") -> Path:
    rows = "\n".join(ROW.format(n=n, x=-46.9 + n, y=-30.6, label=label) for n, label in enumerate(labels))
    (folder / "F.fcsv").write_text(FCSV.format(system=system, rows=rows))
    return folder / "F.fcsv"


def mrk(folder: Path, *labels: str, **markup: object) -> Path:
    points = [
        {"id": str(n), "label": label, "position": [-46.9 + n, -30.6, -166.3], "positionStatus": "defined"}
        for n, label in enumerate(labels)
    ]
    points.append({"id": "9", "label": "not placed", "position": [0, 0, 0], "positionStatus": "undefined"})
    node = {"type": "Fiducial", "coordinateSystem": "LPS", "coordinateUnits": "mm", "controlPoints": points, **markup}
    document = {"@schema": "https://raw.githubusercontent.com/markups-schema-v1.0.3.json#", "markups": [node]}
    (folder / "F.mrk.json").write_text(json.dumps(document))
    return folder / "F.mrk.json"


@pytest.mark.parametrize(("system", "space"), [("LPS", Space.LPS), ("1", Space.LPS), ("RAS", Space.RAS), ("0", "RAS")])
def test_the_header_of_an_fcsv_says_the_space(tmp_path: Path, system: str, space: Space) -> None:
    assert read_markup(fcsv(tmp_path, "F-1", system=system)) == Point((-46.9, -30.6, -166.3), Space(space))


@pytest.mark.parametrize("system", ["LPS", "RAS"])
def test_a_json_says_it_too(tmp_path: Path, system: str) -> None:
    assert read_markup(mrk(tmp_path, "F-1", coordinateSystem=system)) == Point((-46.9, -30.6, -166.3), Space(system))


@pytest.mark.parametrize("write", [fcsv, mrk])
def test_of_several_points_one_is_named(tmp_path: Path, write) -> None:  # type: ignore[no-untyped-def]
    path = write(tmp_path, "left", "right")
    assert read_markup(path, "right").coordinates[0] == pytest.approx(-45.9)
    with pytest.raises(BundleError, match=r"2 control points: left, right\. .*F\.[a-z.]+:left"):
        read_markup(path)
    with pytest.raises(BundleError, match=r"no control point has the label 'middle'; there are: left, right"):
        read_markup(path, "middle")


def test_what_is_no_markup_is_rejected(tmp_path: Path) -> None:
    cases: list[tuple[Path, str]] = [
        (tmp_path / "none.fcsv", "there is no file"),
        (mrk(tmp_path), "has no control point"),
    ]
    for path, words in cases:
        with pytest.raises(BundleError, match=words):
            read_markup(path)
    for change, words in (
        ({"coordinateSystem": None}, "coordinate system is not given"),
        ({"coordinateSystem": "IJK"}, "coordinate system is 'IJK', expected LPS or RAS"),
        ({"coordinateUnits": "cm"}, "coordinateUnits is 'cm', expected mm"),
    ):
        with pytest.raises(BundleError, match=words):
            read_markup(mrk(tmp_path, "F-1", **change))
    for text in ("{", "[]", '{"markups": 3}', '{"markups": [{"controlPoints": [{"label": "x"}]}]}'):
        (tmp_path / "x.json").write_text(text)
        with pytest.raises(BundleError, match=r"no markups file"):
            read_markup(tmp_path / "x.json")
    with pytest.raises(BundleError, match=r"coordinate system is '2'"):
        read_markup(fcsv(tmp_path, "F-1", system="2"))
