from pathlib import Path

import numpy as np
import pytest
import torch

from csfnet_bundle.training.measure.batches import BATCH, CROP, LARGE_BATCH, LARGE_CROP, Sampler, make_batch
from csfnet_bundle.training.measure.drawn import drawn_cube
from csfnet_bundle.training.measure.examples import CUBE, KEEP_EVERY, SCALE, Example, Examples, cached_examples
from csfnet_bundle.training.measure.folds import FOLDS, held_out, patient_fold


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return cached_examples(tmp_path_factory.mktemp("cubes"), "drawn", 6, drawn_cube, [])


def test_a_step_has_its_own_batch_and_always_the_same(drawn: Examples) -> None:
    sampler = Sampler(None, drawn, 0)
    first, again, other = sampler.batch(5), sampler.batch(5), sampler.batch(6)
    assert torch.equal(first.inputs, again.inputs)
    assert torch.equal(first.target, again.target)
    assert first.inputs.shape != other.inputs.shape or not torch.equal(first.inputs, other.inputs)
    assert first.inputs.shape[2:] in (CROP, LARGE_CROP)
    count = BATCH if first.inputs.shape[2:] == CROP else LARGE_BATCH
    assert first.target.shape == first.weight.shape == (count, *first.inputs.shape[2:])


def test_the_mark_stands_at_the_nodule_and_the_target_on_what_is_dense(drawn: Examples) -> None:
    cube = np.zeros((4, 48, 64, 64), np.int16)
    d, h, w = np.meshgrid(*[np.arange(n) - (n - 1) / 2 for n in (48, 64, 64)], indexing="ij")
    ball = np.sqrt(d**2 + h**2 + w**2) < 5
    cube[:2], cube[2], cube[3] = np.where(ball, 0, -860), ball * SCALE, SCALE
    for seed in range(5):
        batch = make_batch(np.stack([cube] * 2), [False, True], CROP, np.random.default_rng(seed))
        density = batch.inputs[:, 0]
        inside, outside = density[batch.target > 0.9], density[batch.target < 0.1]
        assert inside.mean() > 0.7 > -0.4 > outside.mean()
        marks = batch.inputs[:, 1].flatten(1).argmax(1)
        places = torch.stack(torch.unravel_index(marks, CROP), dim=1).float()
        for number in range(2):
            weights = batch.target[number]
            grid = torch.stack(torch.meshgrid(*(torch.arange(n).float() for n in CROP), indexing="ij"), -1)
            centroid = (grid * weights[..., None]).sum((0, 1, 2)) / weights.sum()
            assert (centroid - places[number]).norm() * 0.8 < 6.0


def test_each_cube_shows_the_surroundings_that_were_drawn_for_it() -> None:
    cube = np.zeros((4, 48, 64, 64), np.int16)
    cube[0], cube[1], cube[3] = 100, -800, SCALE
    cube[3, :8] = SCALE // 2
    batch = make_batch(np.stack([cube] * 2), [False, True], LARGE_CROP, np.random.default_rng(0))
    assert batch.inputs[0, 0].mean() > 1 > batch.inputs[1, 0].mean()
    assert set(batch.weight.unique().tolist()) <= {0.0, 0.5, 1.0}  # 0 beyond the cube


def test_large_crops_show_nodules_of_every_size_and_small_crops_no_large_one(drawn: Examples) -> None:
    rows = tuple(Example(row.name, "", 20.0 if n == 0 else 5.0, False) for n, row in enumerate(drawn.rows))
    sampler = Sampler(None, Examples(drawn.cubes, rows, drawn.places), 0)
    rng = np.random.default_rng(0)
    large = drawn.cube(0)
    chosen = {
        is_large: [np.array_equal(sampler._choose(is_large, rng)[0], large) for _ in range(60)]
        for is_large in (False, True)
    }
    assert not any(chosen[False])
    assert 10 < sum(chosen[True]) < 50


def test_an_interrupted_preparation_goes_on(tmp_path: Path) -> None:
    made: list[int] = []

    def make(number: int):  # type: ignore[no-untyped-def]
        if number == KEEP_EVERY + 3 and len(made) == number:
            raise KeyboardInterrupt
        made.append(number)
        return np.full((4, *CUBE), number, np.int16), Example(f"{number}", "", 5.0, False)

    with pytest.raises(KeyboardInterrupt):
        cached_examples(tmp_path, "some", KEEP_EVERY + 5, make, [])
    examples = cached_examples(tmp_path, "some", KEEP_EVERY + 5, make, [])
    assert made == [*range(KEEP_EVERY + 3), *range(KEEP_EVERY, KEEP_EVERY + 5)]
    assert [int(examples.cube(n)[0, 0, 0, 0]) for n in range(KEEP_EVERY + 5)] == list(range(KEEP_EVERY + 5))
    assert [row.name for row in examples.rows] == [f"{n}" for n in range(KEEP_EVERY + 5)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["some.json", "some.npy"]


def test_examples_are_made_once_and_again_when_asked_for_others(tmp_path: Path) -> None:
    made = []

    def make(number: int):  # type: ignore[no-untyped-def]
        made.append(number)
        return drawn_cube(number)

    first = cached_examples(tmp_path, "drawn", 2, make, ["a"])
    second = cached_examples(tmp_path, "drawn", 2, make, ["a"])
    assert made == [0, 1]
    assert first.rows == second.rows
    np.testing.assert_array_equal(first.cube(1), second.cube(1))
    cached_examples(tmp_path, "drawn", 2, make, ["b"])
    assert made == [0, 1, 0, 1]


def test_a_held_out_patient_is_in_no_batch(drawn: Examples) -> None:
    rows = tuple(type(row)(row.name, f"p{n}", row.diameter_mm, row.subsolid) for n, row in enumerate(drawn.rows))
    kept = Examples(drawn.cubes, rows, drawn.places).without_patients({"p1", "p3"})
    assert [row.patient for row in kept.rows] == ["p0", "p2", "p4", "p5"]
    np.testing.assert_array_equal(kept.cube(1), drawn.cube(2))


def test_folds_part_the_patients_by_name_alone() -> None:
    patients = [f"LIDC-IDRI-{n:04d}" for n in range(400)]
    folds = [held_out(patients, fold) for fold in range(FOLDS)]
    assert set().union(*folds) == set(patients)
    assert sum(map(len, folds)) == len(patients)
    assert all(60 < len(fold) < 100 for fold in folds)
    assert held_out(reversed(patients[:100]), 2) == {p for p in patients[:100] if patient_fold(p) == 2}
