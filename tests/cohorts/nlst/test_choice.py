"""From tables to pairs, before any image."""

import pytest
from helpers.nlst_files import luna25_row, nlstx_row, write_csv

from csfnet_bundle.cohorts.nlst.choice import choose_pairs
from csfnet_bundle.cohorts.nlst.options import CohortOptions
from csfnet_bundle.cohorts.nlst.pairing import Screens
from csfnet_bundle.core.errors import BundleError


def steps(choice):
    return {step.what: (step.count, step.patients) for step in choice.flow.steps}


def test_the_real_nlstx_table_offline(shared_data):
    options = CohortOptions(
        "nlstx",
        shared_data / "nlst" / "nlstx_dataset.csv",
        index=shared_data / "nlst" / "idc_series_for_nlstx.parquet",
    )
    choice = choose_pairs(options)
    told = steps(choice)
    assert told["rows of the table"] == (1232, 455)
    assert told["follow-up pairs (neighbouring screens)"] == (774, 455)
    assert told["of them T0 and T1, a year apart"] == (398, 398)
    assert told["of them T0 and T2, 2 years apart"] == (4, 4)
    assert told["further rows of a nodule on one date (largest box kept, else thinnest series)"] == (3, 1)
    plan = choice.plan
    assert (plan.patients, plan.pairs, len(plan.series), plan.instances) == (455, 774, 1229, 188_198)
    assert 99.0 < plan.gigabytes < 99.2
    assert plan.licences == {"CC BY 4.0": 1229}
    assert sum(choice.labels) == told["of them malignant"][0]


PRSN = ["pid", "race", "cigsmok", "gender", "age", "scr_days0", "scr_days1", "scr_days2", "candx_days", "conflc",
        "fup_days"]  # fmt: skip


@pytest.fixture
def make_options(archive, make_table, tmp_path):
    def make(rows, *, kind="nlstx", participants=None, **changes):
        index = archive.index
        prsn = None if participants is None else write_csv(tmp_path / "prsn.csv", PRSN, participants)
        return CohortOptions(kind, make_table(kind, rows), prsn, index, **changes)

    return make


def test_pairs_are_ordered_and_the_plan_has_each_series_once(archive, make_options):
    for screen in (2, 0, 1):
        archive.add("100001", screen)
    options = make_options([nlstx_row("100001", screen, malignant=True) for screen in (2, 0, 1)])
    choice = choose_pairs(options)
    assert [pair.nodule for pair in choice.pairs] == ["nodule-T0-T1", "nodule-T1-T2"]
    assert choice.labels == (1, 1)
    assert [series.date for series in choice.plan.series] == ["19990102", "20000102", "20010102"]
    assert choice.plan.gigabytes == pytest.approx(0.0015)


def test_two_nodules_of_one_patient_are_two_pairs(archive, make_options):
    archive.add("100001", 0)
    archive.add("100001", 1)
    rows = [luna25_row("100001", screen, lesion=lesion) for screen in (0, 1) for lesion in (1, 2)]
    choice = choose_pairs(make_options(rows, kind="luna25", screens=Screens.ANY))
    assert [pair.nodule for pair in choice.pairs] == ["1-T0-T1", "2-T0-T1"]
    assert len(choice.plan.series) == 2


def test_what_the_index_denies_stops_or_is_left_out_and_counted(archive, make_options):
    for patient in ("100001", "100002"):
        archive.add(patient, 0)
        archive.add(patient, 1)
    archive.add("100003", 0, PatientID="100009")
    archive.add("100003", 1)
    rows = [nlstx_row(patient, screen) for patient in ("100001", "100002", "100003") for screen in (0, 1)]
    with pytest.raises(BundleError) as error:
        choose_pairs(make_options(rows))
    assert "1 refused: row 6, 100003/nodule, T0" in str(error.value)
    assert "--skip_refused" in str(error.value)
    told = steps(choose_pairs(make_options(rows, skip_refused=True)))
    assert told["table and index disagree, or the series is not in the index"] == (1, 1)
    assert told["nodules seen once"] == (1, 1)
    assert told["pairs with a label"] == (2, 2)


def participant(pid, days=(10, 380, 750), diagnosis=".N", confirmed=0, followed=2500):
    return [pid, 1, 1, 1, 60, *days, diagnosis, confirmed, followed]


def test_pairs_at_or_after_the_diagnosis_are_excluded_and_counted(archive, make_options):
    rows = []
    for patient in ("100001", "100002", "100003"):
        for screen in (0, 1, 2):
            archive.add(patient, screen)
            rows.append(nlstx_row(patient, screen))
    people = [
        participant("100001", diagnosis=750, confirmed=1),
        participant("100002", days=(10, 380, ".E"), diagnosis=400),
    ]
    choice = choose_pairs(make_options(rows, participants=people))
    told = steps(choice)
    assert told["t1 is at or after the diagnosis of lung cancer"] == (2, 2)
    assert told["kept without clinical values: the participant is not in the table"] == (2, 1)
    assert [pair.name for pair in choice.pairs] == [
        "100001/nodule-T0-T1", "100002/nodule-T0-T1", "100003/nodule-T0-T1", "100003/nodule-T1-T2",
    ]  # fmt: skip


def test_the_label_by_confirmed_cancer(archive, make_options):
    rows = []
    for patient in ("100001", "100002", "100003"):
        for screen in (0, 1):
            archive.add(patient, screen)
            rows.append(nlstx_row(patient, screen))
    people = [
        participant("100001", diagnosis=500, confirmed=1),
        participant("100002", diagnosis=900, confirmed=1),
        participant("100003", followed=600),
    ]
    choice = choose_pairs(make_options(rows, participants=people, label_within_days=365))
    assert [(pair.subject, label) for pair, label in zip(choice.pairs, choice.labels, strict=True)] == [
        ("100001", 1), ("100002", 0),
    ]  # fmt: skip
    assert steps(choice)["not known whether lung cancer was confirmed within 365 days after t1"] == (1, 1)
    with pytest.raises(BundleError, match="needs the participant table"):
        choose_pairs(make_options(rows, label_within_days=365))


def test_boxes_that_moved_are_noted_before_any_image_is_here(archive, make_options):
    for screen in (0, 1):
        archive.add("100001", screen, SeriesDescription=f"{screen},OPA,GE,LS16,STANDARD,512,2.5,120,40,0,1")
    rows = [nlstx_row("100001", 0, box=(50, 250, 11, 11)), nlstx_row("100001", 1, box=(450, 250, 11, 11))]
    choice = choose_pairs(make_options(rows))
    (step,) = [step for step in choice.flow.steps if "moved" in step.what]
    assert step.count == 1
    assert "changed sides" in step.records[0]


def test_no_pair_remains(archive, make_options):
    archive.add("100001", 0)
    with pytest.raises(BundleError, match="no follow-up pair remains"):
        choose_pairs(make_options([nlstx_row("100001", 0)]))
