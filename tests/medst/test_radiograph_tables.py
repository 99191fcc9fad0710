"""Radiographs that are projected from CT, in the tables that the workflows read."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.medst_cohort import make_medst_cohort
from PIL import Image

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst import describe_dataset, make_tasks, study_sequences
from csfnet_bundle.medst.radiograph_tables import write_radiograph_tables
from csfnet_bundle.records import load_datalist

TASKS = ("temporal_image", "temporal_sentence", "zero_shot", "probe")


@pytest.fixture(scope="module")
def chests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cohort whose scans, of 160 x 160 x 80 mm, reach beyond what is projected."""
    return make_medst_cohort(tmp_path_factory.mktemp("chests"), spacing=4.0)


@pytest.fixture(scope="module")
def tables(chests: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tables; read only."""
    folder = tmp_path_factory.mktemp("projected")
    return write_radiograph_tables(chests, folder / "tables", folder / "cache", workers=1).parent


def test_the_tables_are_what_the_workflows_read(chests: Path, tables: Path) -> None:
    for section in ("training", "validation", "test"):
        of_ct = {study.name: study for one in study_sequences(chests, section) for study in one.studies}
        sequences = study_sequences(tables / "reports.csv", section)
        assert [len(one.studies) for one in sequences] == [3] * len(sequences)
        assert sorted(study.text for one in sequences for study in one.studies) == sorted(
            study.text for study in of_ct.values()
        )
    prompts = {"positive": ["Ground-glass nodule."], "negative": ["Solid nodule."]}
    made = make_tasks(None, "test", (), {name: str(tables / f"{name}.csv") for name in TASKS}, prompts)
    test = {pair.subject for pair in load_datalist(chests).section("test")}
    assert [task.name for task in made] == list(TASKS)
    assert all(set(task.patients) <= test for task in made)


def test_they_ask_what_the_tasks_on_ct_ask(chests: Path, tables: Path) -> None:
    of_ct = {task.name: task.patients for task in make_tasks(chests, "test", ("age",), dict.fromkeys(TASKS), {})}
    for name, same in {"zero_shot": "zero_shot_ground_glass", "probe": "probe_malignancy"}.items():
        assert len(pd.read_csv(tables / f"{name}.csv")) == len(of_ct[same])
    for name in ("temporal_image", "temporal_sentence"):
        assert tuple(pd.read_csv(tables / f"{name}.csv", dtype=str)["patient"]) == of_ct[name]


def test_a_nodule_that_grows_shows_more(tables: Path) -> None:
    """Subjects 1, 4, ... of the cohort have a ball that grows in air-filled noise."""
    rows = pd.read_csv(tables / "reports.csv", dtype=str)
    grown = rows[rows["patient"] == "100001"].sort_values("date")
    sums = [np.asarray(Image.open(tables / name), dtype=float).sum() for name in grown["frontal"]]
    assert sums == sorted(sums)


def test_a_phantoms_radiographs_are_phantoms(tables: Path) -> None:
    data = describe_dataset(tables / "reports.csv")
    assert data.phantom
    assert not data.public  # a file beside a table says so, no datalist
    assert data.name == "radiographs projected from small cohort of three screens"


def test_a_scan_that_does_not_cover_the_chest_is_refused(screens: Path, tmp_path: Path) -> None:
    """Its scans are 20 mm high: of 64 rows 44 would be air."""
    words = r"/n1/0: the scan covers 32% of the nodule's surroundings, expected 59% or more\. Give a scan of the whole "
    with pytest.raises(BundleError, match=words):
        write_radiograph_tables(screens, tmp_path / "tables", tmp_path / "cache", workers=1)
    assert not (tmp_path / "tables").exists()


def test_an_existing_folder_is_left_alone(screens: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="there is already a"):
        write_radiograph_tables(screens, tmp_path, tmp_path / "cache")
