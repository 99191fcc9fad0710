"""The tables have NLST's columns and codes, and say no outcome where none is known."""

import re

import pandas as pd
import pytest

from csfnet_bundle.cohorts.phantom.subject import Subject
from csfnet_bundle.cohorts.phantom.tables import truth_table, write_tables

SUBJECTS = [Subject(0, number) for number in range(30)]
SECTIONS = ["training"] * 28 + ["inference"] * 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    write_tables(folder, SUBJECTS, [[10, 20]] * len(SUBJECTS), SECTIONS)
    return folder


@pytest.mark.parametrize(("table", "columns"), [("prsn.csv", "columns_prsn.txt"), ("ctab.csv", "columns_ctab.txt")])
def test_columns_are_nlsts(folder, shared_data, table, columns):
    published = set(re.findall(r"`(\w+)`", (shared_data / "nlst" / columns).read_text()))
    assert set(pd.read_csv(folder / table).columns) == published


def test_codes_are_in_the_published_dictionary(folder, shared_data):
    dictionary = pd.read_csv(shared_data / "nlst" / "prsn_data_dictionary.csv").set_index("Variable")
    participants = pd.read_csv(folder / "prsn.csv")
    names = {"scr_res": ("scr_res0", "scr_res1"), "scr_iso": ("scr_iso0", "scr_iso1")}
    for variable in ("race", "cigsmok", "gender", "can_scr", "cancyr", "scr_res0-2", "scr_iso0-2"):
        codes = {int(code) for code in re.findall(r'(?:^|\s)"?(\d+)=', dictionary.loc[variable, "Format Text"])}
        for column in names.get(variable.removesuffix("0-2"), (variable,)):
            assert set(participants[column].dropna().astype(int)) <= codes


def test_outcome_of_each_participant(folder):
    participants = pd.read_csv(folder / "prsn.csv")
    known = participants.iloc[:28]
    assert list(known["candx_days"].notna()) == [bool(subject.label) for subject in SUBJECTS[:28]]
    assert (known["candx_days"].dropna() > known["scr_days1"][known["candx_days"].notna()]).all()
    unknown = participants.iloc[28:]
    outcome = ["cancyr", "can_scr", "canc_rpt_link", "candx_days", "canc_free_days", "lesionsize", "locrup"]
    assert unknown[outcome].isna().all(axis=None)


def test_abnormality_table_describes_the_nodule_of_each_screen(folder):
    table = pd.read_csv(folder / "ctab.csv")
    assert len(table) == 2 * len(SUBJECTS)
    for subject, (_, rows) in zip(SUBJECTS, table.groupby("pid", sort=False), strict=True):
        for screen, row in enumerate(rows.itertuples()):
            nodule = subject.nodule(screen)
            assert row.study_yr == screen
            assert row.sct_pre_att == {0: 1, 1: 3, 2: 2}[nodule.attenuation]
            assert row.sct_perp_dia <= row.sct_long_dia
            assert row.sct_long_dia == pytest.approx(nodule.diameter, rel=0.3, abs=0.5)
            assert (row.sct_margins == 1) == (nodule.spiculation > 0.5)


def test_whole_numbers_are_written_whole(folder):
    text = (folder / "prsn.csv").read_text()
    assert ".0" not in text


def test_truth_holds_latents_labels_and_the_oracles_scores():
    truth = truth_table(SUBJECTS, SECTIONS)
    assert list(truth["label"]) == [subject.label for subject in SUBJECTS]
    assert truth.filter(like="oracle_").shape == (len(SUBJECTS), 6)
    assert truth["oracle_all"].between(0, 1).all()
    assert truth["oracle_all"].corr(truth["score"], method="spearman") > 0.95
