"""The study from data to page."""

import json
from pathlib import Path

import pytest
from helpers.lidc_folder import write_lidc_folder
from helpers.measuring_networks import write_networks
from helpers.measuring_rows import document, study_rows
from helpers.packed_series import write_packed

from csfnet_bundle.commands import bundle_run, main
from csfnet_bundle.core import bundle_root
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.studies.measuring import drawn_nodules, study, whole_series
from csfnet_bundle.studies.measuring.pages import TABLE_NAMES
from csfnet_bundle.studies.measuring.study import write_result
from csfnet_bundle.studies.measuring.summary import summarize

PAGE = "".join(f"<!-- table: {name} -->\nstale text\n<!-- end -->\n" for name in TABLE_NAMES)


def test_the_result_goes_to_the_page_and_the_json_or_nowhere(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    (docs / "results").mkdir(parents=True)
    (docs / "measuring.md").write_text("before\n" + PAGE + "after\n")
    made = {"what": "x", "command": "x", **study._without_nan(document())}
    write_result(made, tmp_path)
    text = (docs / "measuring.md").read_text()
    assert "stale text" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert json.loads((docs / "results" / "measuring.json").read_text()) == made
    (docs / "measuring.md").write_text("no places")
    with pytest.raises(BundleError, match="no place for the table"):
        write_result(made, tmp_path)
    assert summarize(study_rows())["readers"]["all"]["volumes"] == 9


@pytest.mark.long
def test_the_command_measures_every_part_and_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(drawn_nodules, "DIAMETERS_MM", (6.0,))
    monkeypatch.setattr(drawn_nodules, "REPEATS", 1)
    monkeypatch.setattr(whole_series, "RATIOS", (1.0, 2.0))
    root = tmp_path / "root"
    (root / "docs" / "results").mkdir(parents=True)
    (root / "docs" / "measuring.md").write_text(PAGE)
    assert bundle_run.bundle_root is bundle_root.bundle_root, "loaded before, or it would keep the stand-in"
    monkeypatch.setattr(bundle_root, "bundle_root", lambda: root)
    patients = ["a", "b", "c", "d"]
    model, folds = write_networks(tmp_path / "networks")
    volumes = write_lidc_folder(tmp_path / "lidc", patients)
    arguments = [str(volumes), str(write_packed(tmp_path / "dicom")), str(tmp_path / "out")]
    arguments += ["--model", str(model), "--folds", str(folds)]
    assert main(["measuring-study", *arguments]) == 0
    assert "measuring.md" in capsys.readouterr().out
    result = json.loads((root / "docs" / "results" / "measuring.json").read_text())
    readers = result["summary"]["readers"]["all"]
    assert readers["volumes"] == len(patients)
    assert readers["methods"]["measure"]["dice_median"] > 0.8
    assert "stale text" not in (root / "docs" / "measuring.md").read_text()
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "rows").rglob("*.json")}
    one = next(iter(times))
    one.unlink()
    assert main(["measuring-study", *arguments]) == 0
    again = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "rows").rglob("*.json")}
    assert set(again) == set(times)
    assert [path for path in times if again[path] != times[path]] == [one]
