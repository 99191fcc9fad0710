"""A subject follows from its number, looks like NLST, and carries its label in the nodule and the record alone."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from csfnet_bundle.cohorts.phantom.streams import Purpose, stream, uid
from csfnet_bundle.cohorts.phantom.subject import CLICK_RADIUS, INTERVAL_LIMITS, Subject
from csfnet_bundle.core.code_book import MISSING, UNKNOWN
from csfnet_bundle.records import encode_clinical

LEAKAGE_SUBJECTS = 800
CHANCE_MARGIN = 0.065
"""Three standard errors of an AUC of 0.5 on 800 subjects, and a little for the cross-validation."""


def test_subject_is_the_same_every_time_and_others_differ():
    one, again, other = Subject(1, 5), Subject(1, 5), Subject(1, 6)
    pd.testing.assert_series_equal(one.latents, again.latents)
    assert one.acquisition(1) == again.acquisition(1)
    np.testing.assert_array_equal(one.outline.nodule, again.outline.nodule)
    assert one.latents["score"] != other.latents["score"]
    assert Subject(2, 5).latents["score"] != one.latents["score"]


def test_more_screens_leave_the_first_two_as_they_are():
    two, four = Subject(1, 5, screens=2), Subject(1, 5, screens=4)
    assert two.screen_days == four.screen_days[:2]
    assert two.scanners == four.scanners[:2]
    assert two.nodule(1).diameter == four.nodule(1).diameter


def test_clinical_values_are_codes_that_the_network_knows():
    for number in range(60):
        tokens = encode_clinical(Subject(0, number).clinical)
        assert not np.isin(tokens, (MISSING, UNKNOWN)).any()


def test_age_lies_in_the_bin_of_the_label_model():
    for number in range(30):
        subject = Subject(0, number)
        assert (subject.clinical["age"] - 55) // 5 == subject.latents["age_bin"]


def test_identifiers_and_intervals():
    subjects = [Subject(3, number) for number in range(200)]
    identifiers = [subject.patient_id for subject in subjects]
    assert len(set(identifiers)) == len(identifiers)
    assert all(re.fullmatch(r"[12]\d{5}", name) for name in identifiers)
    assert 0.02 < np.mean([name[0] == "2" for name in identifiers]) < 0.25
    intervals = [subject.screen_days[1] - subject.screen_days[0] for subject in subjects]
    assert INTERVAL_LIMITS[0] <= min(intervals) < max(intervals) <= INTERVAL_LIMITS[1]
    assert np.mean([s.scanners[0] == s.scanners[1] for s in subjects]) == pytest.approx(0.84, abs=0.1)


def test_the_patient_moves_between_scans_and_keeps_the_nodule_place():
    subject = Subject(0, 1)
    assert subject.acquisition(0).shift != subject.acquisition(1).shift
    assert subject.chest is subject.chest


def test_uid_is_a_valid_identifier_of_its_names_alone():
    assert uid(1, "a") == uid(1, "a") != uid(1, "b")
    assert re.fullmatch(r"2\.25\.[1-9]\d{0,38}", uid(1, "a"))


def test_streams_are_independent():
    draws = [stream(0, 1, purpose, screen).normal(size=500) for purpose in Purpose for screen in (0, 1)]
    correlation = np.corrcoef(draws) - np.eye(len(draws))
    assert np.abs(correlation).max() < 0.2


def test_nothing_but_nodule_and_record_carries_the_label():
    """Scanner, dose, noise, spacing, positions, clicks, identifiers and intervals say nothing about malignancy."""
    rows, labels = [], []
    for number in range(LEAKAGE_SUBJECTS):
        subject = Subject(11, number)
        row = [float(subject.patient_id[0]), *subject.screen_days]
        for screen in (0, 1):
            taken = subject.acquisition(screen)
            row += [taken.pixel_spacing, taken.tube_voltage, taken.tube_current, taken.noise, taken.table_height]
            row += [*taken.shift, taken.rotation, *taken.field_offset, taken.scanner.thickness]
            row += [taken.scanner.maker == "SIEMENS", taken.scanner.noise_factor, *subject.click(screen)]
            assert np.linalg.norm(subject.click(screen)) <= CLICK_RADIUS
        rows.append(row)
        labels.append(subject.label)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
    scores = cross_val_predict(model, np.array(rows, float), labels, cv=5, method="decision_function")
    assert abs(roc_auc_score(labels, scores) - 0.5) < CHANCE_MARGIN
