from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.medst_cohort import make_task_tables
from PIL import Image

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst import single_studies
from csfnet_bundle.medst.csv_tasks import probe_task, temporal_image_task, temporal_sentence_task, zero_shot_task
from csfnet_bundle.medst.embedding import Embedded, Task

POSITIVE, NEGATIVE = "There is an opacity.", "The lungs are clear."
MAKERS: dict[str, Callable[[Path], Task]] = {
    "temporal_image": temporal_image_task,
    "temporal_sentence": temporal_sentence_task,
    "zero_shot": lambda csv: zero_shot_task(csv, [POSITIVE], [NEGATIVE]),
    "probe": probe_task,
}
COLUMNS = {
    "temporal_image": ("patient", "previous_frontal", "frontal", "change"),
    "temporal_sentence": ("patient", "first", "second", "label"),
    "zero_shot": ("patient", "frontal", "label"),
    "probe": ("patient", "frontal", "label"),
}
Vector = tuple[float, float]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A good table of each task; read only."""
    return {name: Path(path) for name, path in make_task_tables(tmp_path_factory.mktemp("tables")).items()}


def _rows(table: Path) -> pd.DataFrame:
    return pd.read_csv(table, dtype=str, keep_default_na=False)


def _changed(table: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Path:
    """Write a changed table beside the good one, which its paths are relative to."""
    path = table.with_name("changed.csv")
    change(_rows(table)).to_csv(path, index=False)
    return path


def _with_cell(table: Path, column: str, value: str) -> Path:
    """Write the table with one cell changed, that of the fourth row."""

    def change(rows: pd.DataFrame) -> pd.DataFrame:
        rows.loc[3, column] = value
        return rows

    return _changed(table, change)


@pytest.mark.parametrize("name", MAKERS)
def test_the_judged_patients_are_those_of_the_rows(tables: dict[str, Path], name: str) -> None:
    twice = _changed(tables[name], lambda rows: pd.concat([rows, rows[::-1]]))
    task = MAKERS[name](twice)
    assert task.name == name
    assert task.patients == tuple(_rows(twice)["patient"])
    assert {study.patient for study in task.studies} <= set(task.patients)


@pytest.mark.parametrize("name", ["temporal_sentence", "zero_shot", "probe"])
@pytest.mark.parametrize("label", ["2", "yes", "1.0", ""])
def test_a_label_other_than_0_and_1_is_refused(tables: dict[str, Path], name: str, label: str) -> None:
    with pytest.raises(BundleError, match=rf"changed\.csv.*: label is '{label}', expected 0 or 1"):
        MAKERS[name](_with_cell(tables[name], "label", label))


@pytest.mark.parametrize("change", ["better", "Worsening", ""])
def test_another_word_of_change_is_refused(tables: dict[str, Path], change: str) -> None:
    expected = rf"changed\.csv.*: change is '{change}', expected improving, stable, worsening"
    with pytest.raises(BundleError, match=expected):
        temporal_image_task(_with_cell(tables["temporal_image"], "change", change))


@pytest.mark.parametrize(("name", "column"), [(name, column) for name in MAKERS for column in COLUMNS[name]])
def test_a_missing_column_is_refused_by_its_name(tables: dict[str, Path], name: str, column: str) -> None:
    with pytest.raises(BundleError, match=rf"changed\.csv: .*column '{column}'"):
        MAKERS[name](_changed(tables[name], lambda rows: rows.drop(columns=column)))


IMAGES = [(name, column) for name in MAKERS for column in COLUMNS[name] if column.endswith("frontal")]


@pytest.mark.parametrize(("name", "column"), [*IMAGES, ("temporal_image", "previous_lateral"), ("probe", "lateral")])
def test_an_image_that_is_not_there_is_refused(tables: dict[str, Path], name: str, column: str) -> None:
    with pytest.raises(BundleError, match=r"changed\.csv.*: there is no image .*nowhere\.png"):
        MAKERS[name](_changed(tables[name], lambda rows: rows.assign(**{column: "nowhere.png"})))


@pytest.mark.parametrize(("name", "column"), IMAGES)
def test_a_row_without_a_frontal_view_is_refused_by_its_place(tables: dict[str, Path], name: str, column: str) -> None:
    with pytest.raises(BundleError, match=rf"changed\.csv, row 5: {column} is blank"):
        MAKERS[name](_with_cell(tables[name], column, ""))


@pytest.mark.parametrize("name", MAKERS)
def test_a_table_that_is_not_there_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"there is no table .*absent\.csv"):
        MAKERS[name](tmp_path / "absent.csv")


@pytest.mark.parametrize(("positive", "negative"), [([], [NEGATIVE]), ([POSITIVE], [])])
def test_zero_shot_needs_sentences_of_both_kinds(
    tables: dict[str, Path], positive: list[str], negative: list[str]
) -> None:
    with pytest.raises(BundleError, match="sentences of the finding and of its absence"):
        zero_shot_task(tables["zero_shot"], positive, negative)


def test_equal_files_are_embedded_once(tables: dict[str, Path]) -> None:
    """The images of the probe are those of zero-shot, and the earlier ones of the pairs."""
    tasks = [MAKERS[name](table) for name, table in tables.items()]
    asked = {study.pixels for task in tasks for study in task.studies}
    embedded = [sequence.studies[0].pixels for sequence in single_studies(tasks)]
    assert len(embedded) == len(asked) == 16
    assert set(embedded) == asked
    assert sum(len(task.studies) for task in tasks) == 32


def test_a_lateral_view_makes_another_study(tables: dict[str, Path]) -> None:
    name = "task_7_1.png"
    with_lateral = probe_task(_with_cell(tables["probe"], "lateral", name).rename(tables["probe"].with_name("two.csv")))
    first, other = with_lateral.studies[2], with_lateral.studies[3]
    assert getattr(first.pixels, "lateral", "no file") is None
    assert getattr(other.pixels, "lateral", None) == tables["probe"].with_name(name)
    assert len(single_studies([probe_task(tables["probe"]), with_lateral])) == 8 + 1


def _arrays(vectors: dict[str, Vector]) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    return {name: np.array(vector) for name, vector in vectors.items()}


def _by_label(task: Task, table: Path, vectors: tuple[Vector, Vector]) -> dict[str, Vector]:
    labels = _rows(table)["label"].astype(int)
    return {study.name: vectors[label] for study, label in zip(task.studies, labels, strict=True)}


def test_sentences_are_judged_by_their_likeness(tables: dict[str, Path]) -> None:
    """In this table "grown" is a paraphrase of "larger", and "shrunk" its opposite."""
    task = MAKERS["temporal_sentence"](tables["temporal_sentence"])
    understood = {text: (0.0, 1.0) if "shrunk" in text else (1.0, 0.0) for text in task.sentences}
    assert task.judge(Embedded(text=_arrays(understood)))["auroc"] == 1.0
    mistaken = {text: (0.0, 1.0) if "grown" in text else (1.0, 0.0) for text in task.sentences}
    assert task.judge(Embedded(text=_arrays(mistaken)))["auroc"] == 0.0


def test_zero_shot_sees_the_finding_where_the_image_is_nearer_to_its_sentences(tables: dict[str, Path]) -> None:
    task = MAKERS["zero_shot"](tables["zero_shot"])
    image = _arrays(_by_label(task, tables["zero_shot"], ((0.0, 1.0), (1.0, 0.0))))
    one, other = np.eye(2)
    assert task.judge(Embedded(image=image, text={POSITIVE: one, NEGATIVE: other}))["auroc"] == 1.0
    assert task.judge(Embedded(image=image, text={POSITIVE: other, NEGATIVE: one}))["auroc"] == 0.0


def test_the_probe_reads_the_study_features(tables: dict[str, Path]) -> None:
    task = MAKERS["probe"](tables["probe"])
    told = _arrays(_by_label(task, tables["probe"], ((0.0, 1.0), (1.0, 0.0))))
    silent = _arrays(_by_label(task, tables["probe"], ((0.5, 0.5), (0.5, 0.5))))
    assert task.judge(Embedded(features=told, image=silent))["auroc"] == 1.0
    assert task.judge(Embedded(features=silent, image=told))["auroc"] == 0.5


def test_a_change_needs_both_studies_of_a_pair(tmp_path: Path) -> None:
    """Neither the earlier nor the later study tells the change: it is whether they are alike."""
    rows, features = [], {}
    for number in range(40):
        earlier, later = number % 2, number // 2 % 2
        for time, value in (("earlier", earlier), ("later", later)):
            path = tmp_path / f"{number}_{time}.png"
            Image.new("L", (2, 2)).save(path)
            features[f"{path}+None"] = np.array([float(value)])
        change = ("improving", "stable", "worsening")[later - earlier + 1]
        names = {"previous_frontal": f"{number}_earlier.png", "frontal": f"{number}_later.png"}
        rows.append({"patient": number, **names, "change": change})
    pd.DataFrame(rows).to_csv(tmp_path / "pairs.csv", index=False)
    task = temporal_image_task(tmp_path / "pairs.csv")
    assert task.judge(Embedded(features=features))["balanced_accuracy"] == 1.0
