from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst import paired_texts, study_sequences, training_windows, windows, windows_a_batch
from csfnet_bundle.networks.medst import MedSTObjective


@pytest.mark.parametrize(("length", "count"), [(1, 24), (2, 16), (3, 8), (5, 8)])
def test_windows_are_runs_of_neighbours(screens: Path, length: int, count: int) -> None:
    sequences = study_sequences(screens, "training")
    made = windows(sequences, length)
    assert len(made) == count
    assert {len(window.studies) for window in made} == {min(length, 3)}
    if length == 2:
        assert [window.studies for window in made[:2]] == [sequences[0].studies[:2], sequences[0].studies[1:]]


def test_a_window_of_none_is_refused(screens: Path) -> None:
    with pytest.raises(BundleError, match="window is 0"):
        windows(study_sequences(screens, "training"), 0)


@pytest.mark.parametrize(("length", "told"), [(3, False), (4, True)])
def test_windows_longer_than_any_sequence_are_told(
    screens: Path, length: int, told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    windows(study_sequences(screens, "training"), length)
    assert ("no sequence has more than 3 studies" in caplog.text) is told


@pytest.mark.parametrize(
    ("objective", "order", "words"),
    [
        ({"exact_length": 4}, "ordered", "exact_length is 4, and no window has that many"),
        ({"direction_weight": 1.0}, "mispaired", "with order mispaired no sentence tells a change"),
    ],
)
def test_losses_that_no_window_serves_are_refused(
    screens: Path, objective: dict[str, Any], order: str, words: str
) -> None:
    sequences = study_sequences(screens, "training")
    with pytest.raises(BundleError, match=words):
        training_windows(sequences, 3, MedSTObjective(**objective), order)
    assert len(training_windows(sequences, 3, MedSTObjective(), order)) == len(windows(sequences, 3))


@pytest.mark.parametrize("order", ["ordered", "reversed", "shuffled"])
def test_changes_of_studies_in_any_place_serve_the_direction(screens: Path, order: str) -> None:
    sequences = study_sequences(screens, "training")
    assert training_windows(sequences, 3, MedSTObjective(direction_weight=1.0), order) == windows(sequences, 3)


def test_changes_that_nobody_tells_are_refused(screens: Path) -> None:
    sequences = study_sequences(screens, "training")
    silent = [replace(one, studies=tuple(replace(study, change_text="") for study in one.studies)) for one in sequences]
    objective = MedSTObjective(direction_weight=0.5)
    with pytest.raises(BundleError, match=r"direction_weight is 0\.5, and no study tells what has changed"):
        training_windows(silent, 3, objective, "ordered")
    assert training_windows([*silent, sequences[0]], 3, objective, "ordered"), "one that tells is enough"


@pytest.mark.parametrize(("images", "length", "count"), [(60, 4, 15), (30, 4, 7), (4, 4, 1), (2, 1, 2)])
def test_a_batch_has_whole_windows(images: int, length: int, count: int) -> None:
    assert windows_a_batch(images, length) == count


@pytest.mark.parametrize(("images", "length"), [(3, 4), (1, 1), (0, 2)])
def test_a_batch_of_less_than_a_window_or_of_one_study_is_refused(images: int, length: int) -> None:
    with pytest.raises(BundleError, match=f"images_per_batch is {images}, expected {max(2, length)} or more"):
        windows_a_batch(images, length)


def test_single_studies_have_no_temporal_loss(screens: Path, caplog: pytest.LogCaptureFixture) -> None:
    sequences = study_sequences(screens, "training")
    training_windows(sequences, 1, MedSTObjective(), "ordered")
    assert "there is no temporal loss" in caplog.text
    with pytest.raises(BundleError, match="a temporal loss alone, and no window has two studies"):
        training_windows(sequences, 1, MedSTObjective(global_weight=0.0, local_weight=0.0), "ordered")


def test_mispaired_gives_every_patient_the_texts_of_another(screens: Path) -> None:
    sequences = study_sequences(screens, "training")
    exchanged = paired_texts(sequences, "mispaired")
    texts_of = {one.patient: {study.text for study in one.studies} for one in sequences}
    for before, after in zip(sequences, exchanged, strict=True):
        assert [study.pixels for study in after.studies] == [study.pixels for study in before.studies]
        assert [study.values for study in after.studies] == [study.values for study in before.studies]
        donors = {patient for patient, texts in texts_of.items() if {study.text for study in after.studies} <= texts}
        assert donors
        assert before.patient not in donors
    given = sorted(study.text for one in exchanged for study in one.studies)
    assert given == sorted(study.text for one in sequences for study in one.studies), "no text is lost"
    assert paired_texts(sequences, "ordered") == sequences
    assert training_windows(sequences, 3, MedSTObjective(), "mispaired") == windows(exchanged, 3)


def test_one_patient_has_nobody_to_exchange_texts_with(screens: Path) -> None:
    with pytest.raises(BundleError, match="exchanged across patients, and there are fewer than two"):
        paired_texts(study_sequences(screens, "training")[:1], "mispaired")
