"""The whole study on a small cohort: fit, judge, write, and go on."""

import json
import re
from pathlib import Path

import pytest

from csfnet_bundle.commands import main
from csfnet_bundle.studies.real_nodules.pages import real_nodules_markdown
from csfnet_bundle.studies.real_nodules.study import Study, run_study


@pytest.fixture
def study(boxed_cohort, tiny_recipe, few_drawn, tmp_path):
    return Study(boxed_cohort, tmp_path, (tiny_recipe,), seeds=2, folds=2)


def test_a_study_and_its_page(study):
    document = json.loads(json.dumps(run_study(study, "python -m csfnet_bundle real-nodules ...")))
    rows = document["systems"]
    assert list(rows) == [
        "diameter", "tiny, seed 0", "tiny, seed 1", "tiny", "tiny + diameter",
    ]  # fmt: skip
    assert document["cohort"]["nodules"] == 24
    assert rows["diameter"]["within_folds"] == 1.0  # the label is the size
    page = real_nodules_markdown(document)
    for name in rows:
        assert len(re.findall(rf"^\| {re.escape(name)} +\|", page, re.MULTILINE)) == 3, name  # once in each table
    assert "python -m csfnet_bundle real-nodules ..." in page
    assert "opinion, not pathology" in page


def test_a_finished_study_is_read_and_an_interrupted_one_goes_on(study):
    first = run_study(study, "")
    weights = {path: path.stat().st_mtime_ns for path in study.out.rglob("*.pt")}
    assert len(weights) == 5  # one pre-training, two seeds in two folds
    lost = study.folder(study.recipes[0], 1, 1)
    for path in lost.iterdir():
        path.unlink()
    again = run_study(study, "")
    assert again["systems"] == first["systems"]
    kept = {path: time for path, time in weights.items() if path.parent != lost}
    assert kept == {path: path.stat().st_mtime_ns for path in kept}


def test_volumes_are_filled_once_and_hold_four_variants(study, boxed_cohort):
    from csfnet_bundle.records import load_datalist
    from csfnet_bundle.studies.benchmark.splits import labelled_pairs
    from csfnet_bundle.studies.real_nodules.volumes import SIZE, VARIANTS, filled_volumes

    pairs = labelled_pairs(load_datalist(boxed_cohort))
    volumes = filled_volumes(pairs, boxed_cohort, study.cache)
    assert volumes.array.shape == (24, VARIANTS, *SIZE)
    assert volumes.array[:, :, 19:21, 31:33, 31:33].min() > -200  # the nodule is in the middle of each
    again = filled_volumes(pairs[:3], boxed_cohort, study.cache)
    assert again.of(pairs[1:3]).tolist() == [1, 2]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--recipes", "nothing"], "there is no recipe 'nothing'"),
        (["--seeds", "0"], "seeds is 0"),
        (["--folds", "1"], "folds is 1"),
    ],
)
def test_wrong_options_are_told_in_one_line(boxed_cohort, tmp_path, capsys, options, words):
    status = main(["real-nodules", "--dataset_dir", str(boxed_cohort), "--out", str(tmp_path), *options])
    assert status == 1
    told = capsys.readouterr().err.strip()
    assert words in told
    assert len(told.splitlines()) == 1
    assert not list(Path(tmp_path).iterdir())
