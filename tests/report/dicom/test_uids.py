"""UIDs of results: one nodule is one nodule, in every study and every run."""

from dataclasses import replace

import pytest
from helpers.dicom_result import make_result
from helpers.predicted_pair import Predicted
from pydicom import Dataset
from pydicom.uid import UID

from csfnet_bundle.report.dicom import NoduleResult
from csfnet_bundle.report.dicom.uids import ResultUids, stable_uid

UIDS = ResultUids("", "100042", "1", "1.2.3", "ab" * 32, "figures")


def test_a_second_run_gives_the_same_uids(result: NoduleResult, predicted: Predicted) -> None:
    again = make_result(predicted.scans)
    assert again.uids == result.uids
    assert again.uids.instance("report") == result.uids.instance("report")


def test_the_nodule_keeps_its_tracking_uid_in_the_next_study() -> None:
    later = replace(UIDS, study="1.2.4", figures="other figures")
    assert later.tracking == UIDS.tracking
    assert later.device == UIDS.device
    assert later.series("report") != UIDS.series("report")
    assert replace(UIDS, nodule="2").tracking != UIDS.tracking
    assert replace(UIDS, patient_id="100043").tracking != UIDS.tracking
    assert replace(UIDS, issuer="another hospital").tracking != UIDS.tracking


def test_another_result_is_another_instance_of_the_same_series() -> None:
    changed = replace(UIDS, figures="other figures")
    assert changed.instance("report") != UIDS.instance("report")
    assert changed.series("report") == UIDS.series("report")
    assert replace(UIDS, weights_sha256="cd" * 32).device != UIDS.device


def test_a_changed_number_changes_the_figures(result: NoduleResult) -> None:
    other = replace(result, case=replace(result.case, probability=0.53))
    assert other.uids.figures != result.uids.figures
    assert other.uids.tracking == result.uids.tracking


def test_another_site_gets_other_uids(monkeypatch: pytest.MonkeyPatch) -> None:
    here = stable_uid("tracking", "100042")
    monkeypatch.setenv("CSFNET_SITE_SALT", "another site")
    assert stable_uid("tracking", "100042") != here


def test_words_never_run_together() -> None:
    assert stable_uid("a", "bc") != stable_uid("ab", "c")


def test_all_are_valid_and_different(objects: dict[str, Dataset]) -> None:
    uids = [made.SOPInstanceUID for made in objects.values()]
    assert len(set(uids)) == len(uids)
    assert all(UID(uid).is_valid and "100042" not in uid for uid in uids)
