"""What stands beyond a scan's end is tried on patients that the network was trained on."""

from pathlib import Path

import pytest
from helpers.lidc_folder import write_lidc_folder

from csfnet_bundle.studies.measuring import beyond_choices
from csfnet_bundle.studies.measuring.beyond_choices import reach_rows, reaches_table
from csfnet_bundle.training.measure.folds import patient_fold

PATIENTS = ["a", "b", "c", "d", "e"]


def test_every_reach_is_tried_on_the_same_volumes_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_lidc_folder(tmp_path / "lidc", PATIENTS[:3])
    held_out = patient_fold("c")
    monkeypatch.setattr(beyond_choices, "REACHES", (1.0, 2.0))
    rows = reach_rows(folder, tmp_path / "out", held_out, 2)
    tried = {reach: {row["name"] for row in rows if row["reach"] == reach} for reach in (1.0, 2.0)}
    assert tried[1.0] == tried[2.0]
    assert "2" not in tried[1.0]
    assert rows[0]["mm3"]["classical"] == pytest.approx(rows[0]["true_mm3"], rel=0.4)
    monkeypatch.setattr(beyond_choices, "segment_without_network", None)  # nothing is measured again
    assert reach_rows(folder, tmp_path / "out", held_out, 2) == rows
    table = reaches_table(rows)
    assert table.startswith("2 volumes.") or table.startswith("1 volumes.")
    assert "classical: within 25 %" in table
