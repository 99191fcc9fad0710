import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Space
from csfnet_bundle.records import Datalist, load_datalist, save_datalist

SCAN = {"path": "100012/t0", "series_uid": "1.2.3", "date": "19990102", "point": [1.0, -2.5, 3.0], "space": "LPS"}
RECORD: dict[str, Any] = {
    "subject": "100012",
    "nodule": "1",
    "label": 1,
    "t0": SCAN,
    "t1": {**SCAN, "path": "100012/t1", "date": "20000102"},
    "interval_days": 366,
    "clinical": {"age": 61, "race": 1},
    "strata": {"diameter_t0_mm": 6.5},
}
DOCUMENT = {"schema_version": "1.0", "name": "a cohort", "training": [RECORD]}


def _write(folder: Path, change: Callable[[dict[str, Any]], None] = lambda document: None) -> Path:
    document = copy.deepcopy(DOCUMENT)
    change(document)
    path = folder / "datalist.json"
    path.write_text(json.dumps(document))
    return path


def test_round_trip(tmp_path: Path) -> None:
    datalist = load_datalist(_write(tmp_path))
    (pair,) = datalist.section("training")
    assert pair.t0 is not None
    assert pair.t0.point.space is Space.LPS
    assert pair.to_record() == RECORD
    other = Datalist(tmp_path / "other", datalist.sections, datalist.header)
    assert load_datalist(save_datalist(other)).section("training") == (pair,)


def test_a_folder_stands_for_its_datalist(tmp_path: Path) -> None:
    _write(tmp_path)
    assert load_datalist(tmp_path).header["name"] == "a cohort"


def _second(document: dict[str, Any], section: str, **changes: object) -> None:
    document.setdefault(section, []).append({**copy.deepcopy(RECORD), **changes})


def _in_t0(**changes: object) -> Callable[[dict[str, Any]], None]:
    return lambda document: document["training"][0]["t0"].update(changes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["training"][0].update(label=2), ["100012/1", "label is 2", "0 (benign) or 1 (malignant)"]),
        (lambda d: d["training"][0].update(label=None), ["100012/1", "label"]),
        (lambda d: d["training"][0].update(diagnosis="cancer"), ["100012/1", "diagnosis"]),
        (_in_t0(space="MNI"), ["100012/1", "t0", "MNI"]),
        (_in_t0(point=[1.0, 2.0]), ["100012/1", "t0", "point"]),
        (_in_t0(date="19991302"), ["100012/1", "19991302"]),
        (_in_t0(date="20010102"), ["100012/1", "20010102", "20000102", "earlier"]),
        (lambda d: _second(d, "validation", nodule="2"), ["100012", "'training'", "'validation'"]),
        (lambda d: _second(d, "training"), ["100012/1", "twice"]),
        (lambda d: d.update(schema_version="9"), ["schema_version"]),
        (lambda d: d["training"][0].update(subject="a\x07b"), ["subject"]),
    ],
)
def test_a_faulty_list_is_refused_by_name(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], words: list[str]
) -> None:
    with pytest.raises(BundleError) as refusal:
        load_datalist(_write(tmp_path, change))
    for word in [str(tmp_path), *words]:
        assert word in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_not_json_and_not_there(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="there is no datalist"):
        load_datalist(tmp_path)
    (tmp_path / "datalist.json").write_text("{")
    with pytest.raises(BundleError, match="not JSON"):
        load_datalist(tmp_path)


def test_an_empty_section_is_refused_where_it_is_needed(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="'test' is empty"):
        load_datalist(_write(tmp_path)).section("test")


def test_nothing_is_written_of_a_faulty_list(tmp_path: Path) -> None:
    (pair,) = load_datalist(_write(tmp_path)).section("training")
    faulty = Datalist(tmp_path / "other", {"training": (pair,), "test": (pair,)})
    with pytest.raises(BundleError, match="belongs to one list"):
        save_datalist(faulty)
    assert not (tmp_path / "other").exists()


def test_a_part_of_a_series_can_be_named_where_t0_is_to_be_matched(tmp_path: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        (record,) = document.pop("training")
        record["t0"] = {"path": "100012/t0", "series_uid": "1.2.3/acquisition-2"}
        del record["label"]
        document["inference"] = [record]

    (pair,) = load_datalist(_write(tmp_path, change)).section("inference")
    assert pair.t0 is not None
    assert (pair.t0.series_uid, pair.t0.point) == ("1.2.3/acquisition-2", None)
