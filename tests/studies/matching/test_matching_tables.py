import json
from pathlib import Path

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.studies.matching.page import BEGIN, END, POINT_ERROR
from csfnet_bundle.studies.matching.running import run_trials
from csfnet_bundle.studies.matching.summary import half_diameter_share, presence, summarize

Query = dict[str, object]


def query(error: float | None = 1.0, answer: str = "found", **change: object) -> Query:
    return {
        "kind": "nodule",
        "level": "mild",
        "diameter_mm": 6.0,
        "attenuation": "solid",
        "volume_share": 0.4,
        "in_t0": True,
        "answer": answer,
        "error_mm": error,
        "affine_error_mm": 5.0,
        "same_point_error_mm": 20.0,
        "absent": False if answer == "found" else None,
        "seconds": 0.3,
        **change,
    }


REFUSED = query(None, "MATCH_UNSURE")


def trial(*queries: Query) -> dict[str, object]:
    return {"queries": list(queries), "align_seconds": 2.5, "rms_hu": 120.0, "dice": 0.95, "notes": []}


def test_refused_places_have_no_error_and_are_counted() -> None:
    summary = summarize([query(1.0), query(3.0), query(9.0), REFUSED])
    assert (summary.places, summary.answered, summary.median, summary.largest) == (4, 3, 3.0, 9.0)
    assert summary.within_5 == pytest.approx(2 / 3)
    assert summary.refusals == {"MATCH_UNSURE": 1}
    assert summarize([query(), REFUSED], "affine_error_mm").answered == 2


def test_half_a_diameter_looks_at_nodules_that_were_found_and_a_refused_one_is_not_told_as_absent() -> None:
    gone = {"volume_share": 0.0}
    queries = [
        query(2.9),
        query(3.1, absent=True),
        REFUSED,
        query(0.1, kind="lung", volume_share=None),
        query(1.0, absent=True, **gone),
        query(1.0, **gone),
        REFUSED | gone,
    ]
    assert half_diameter_share(queries) == (1, 2)
    assert presence(queries) == ((1, 3), (1, 2))


def results(folder: Path) -> Path:
    (folder / "trials").mkdir(parents=True)
    parts = {
        "phantom-000": trial(query(0.8), query(0.5, kind="lung", volume_share=None), REFUSED),
        "phantom-001": trial(query(None, "PRIOR_CUT_OFF", in_t0=False)),
        "cost": {"shape": [512, 512, 300], "processor_seconds": 2.51, "megabytes_above_imports": 71.6},
    }
    for name, content in parts.items():
        (folder / "trials" / f"{name}.json").write_text(json.dumps(content))
    return folder


def test_what_is_done_is_not_done_again_and_the_page_gets_the_tables(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nstale text\n{END}\nafter\n")
    tables = run_trials(results(tmp_path / "out"), [], None, 0, 2, page).read_text()
    assert "| match | 2 of 3 (66.7%) | 0.7 | 0.8 | 0.8 | 100.0% |" in tables
    assert "Places that t0 does not show: 1 PRIOR_CUT_OFF." in tables
    assert "300 slices of 512 x 512 pixels: 2.5 processor-seconds, 72 MB" in tables
    text = page.read_text()
    assert tables in text
    assert "stale text" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["settings.json", "tables.md", "trials"]


def test_trials_on_other_data_are_not_taken_for_these(tmp_path: Path, small_cohort: Path) -> None:
    folder = results(tmp_path / "out")
    (folder / "trials" / f"{POINT_ERROR}.json").write_text("{}")
    (folder / "settings.json").write_text(json.dumps({"cohort_sha256": "of another cohort"}))
    with pytest.raises(BundleError, match=r"out: holds trials with other settings: cohort\. Name another --out"):
        run_trials(folder, [], None, 0, 2, None, small_cohort)
    with pytest.raises(BundleError, match="-1 trials and 2 on phantoms, expected 0 or more"):
        run_trials(folder, [], None, -1, 2, None)


def test_series_need_outlines_and_pages_marks(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no outlines"):
        run_trials(tmp_path / "new", [tmp_path], None, 1, 0, None)
    page = tmp_path / "page.md"
    page.write_text("no marks")
    with pytest.raises(BundleError, match="it has no line"):
        run_trials(results(tmp_path / "out"), [], None, 0, 2, page)
    assert page.read_text() == "no marks"
