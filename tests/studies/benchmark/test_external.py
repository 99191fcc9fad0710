"""The cohort that a benchmark is judged on as well: nobody in it was trained on, and numbers alone are nobody."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers.small_cohort import make_small_cohort

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.prediction.data import data_description
from csfnet_bundle.prediction.seen_patients import SEEN_PATIENTS, remember_patients
from csfnet_bundle.records import Datalist, FollowUpPair, load_datalist, save_datalist
from csfnet_bundle.studies.benchmark.external import check_other_cohort
from csfnet_bundle.studies.benchmark.protocol import Fit, Protocol
from csfnet_bundle.studies.benchmark.running import run_benchmark
from csfnet_bundle.studies.benchmark.splits import labelled_pairs


@pytest.fixture(scope="module")
def other_seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Phantoms of another seed, whose patients have the numbers of the small cohort's."""
    return make_small_cohort(tmp_path_factory.mktemp("other"), seed=1)


def _pairs(folder: Path) -> list[FollowUpPair]:
    return labelled_pairs(load_datalist(folder))


def _weights(path: Path, *lists: dict[str, object]) -> Path:
    torch.save({"model": {}, "provenance": {SEEN_PATIENTS: list(lists)}}, path)
    return path


@pytest.mark.parametrize("named_by", ["option", "config"])
def test_a_cohort_of_patients_whom_the_start_weights_saw_is_refused_before_anything_is_trained(
    fresh: Protocol, other_seed: Path, tmp_path: Path, named_by: str
) -> None:
    patient = _pairs(other_seed)[0].subject
    start = _weights(tmp_path / "start.pt", remember_patients([patient], data_description(other_seed).patients_of))
    if named_by == "option":
        mine = replace(fresh, systems=("csfnet", "medst_probe"), pretrained=start, evaluate_on=other_seed)
    else:
        mine = replace(fresh, overrides={**fresh.overrides, "initial_weights": str(start)}, evaluate_on=other_seed)
    with pytest.raises(BundleError, match=f"start.pt: these weights .* patient {patient}, who is in the other cohort"):
        run_benchmark(mine, ("cpu",))
    assert not mine.folder(Fit("csfnet", 0, 0)).exists()


def test_who_chose_the_start_weights_judges_nothing(fresh: Protocol, other_seed: Path, tmp_path: Path) -> None:
    """In whatever section the other cohort has them: all of it judges."""
    patient = load_datalist(other_seed).section("validation")[0].subject
    start = _weights(tmp_path / "start.pt", remember_patients([], validated=[patient]))
    mine = replace(fresh, overrides={**fresh.overrides, "initial_weights": str(start)}, evaluate_on=other_seed)
    with pytest.raises(BundleError, match=f"patient {patient}, who is in the other cohort"):
        check_other_cohort(mine, _pairs(mine.dataset_dir), _pairs(other_seed))


def test_phantoms_of_another_seed_are_other_subjects(fresh: Protocol, other_seed: Path, tmp_path: Path) -> None:
    """Here and for the start weights: every phantom cohort counts its subjects from one."""
    own, others = _pairs(fresh.dataset_dir), _pairs(other_seed)
    assert {pair.subject for pair in own} == {pair.subject for pair in others}
    told = remember_patients([pair.subject for pair in own], data_description(fresh.dataset_dir).patients_of)
    start = _weights(tmp_path / "start.pt", told)
    mine = replace(fresh, overrides={**fresh.overrides, "initial_weights": str(start)}, evaluate_on=other_seed)
    check_other_cohort(mine, own, others)


def test_a_patient_of_both_cohorts_is_refused(fresh: Protocol, tmp_path: Path) -> None:
    """Of real ones by the PatientID, whatever the cohorts are called; of phantoms within one seed."""
    datalist = load_datalist(fresh.dataset_dir)
    save_datalist(Datalist(tmp_path, {"test": datalist.section("training")[-1:]}, datalist.header))
    mine, patient = replace(fresh, evaluate_on=tmp_path), datalist.section("training")[-1].subject
    with pytest.raises(BundleError, match=f"patient {patient} is in both cohorts"):
        check_other_cohort(mine, _pairs(fresh.dataset_dir), _pairs(tmp_path))
    real = tmp_path / "real"
    real.mkdir()
    save_datalist(Datalist(real, datalist.sections, {"name": "one hospital"}))
    save_datalist(Datalist(tmp_path, datalist.sections, {"name": "another", "provenance": {"source": "lidc-voi"}}))
    with pytest.raises(BundleError, match="is in both cohorts"):
        check_other_cohort(replace(mine, dataset_dir=real), _pairs(real), _pairs(tmp_path))
    check_other_cohort(replace(fresh, evaluate_on=None), _pairs(fresh.dataset_dir), [])
