"""The command makes a cohort and says in one line what it was given wrong."""

import pytest

from csfnet_bundle.cohorts.phantom.truth import read_oracle
from csfnet_bundle.cohorts.phantom.two_nodules import TwoNoduleSubject
from csfnet_bundle.commands import main
from csfnet_bundle.records import load_datalist


def test_command_makes_a_cohort_and_counts_its_pairs_and_two_nodules_have_an_oracle_of_their_own(tmp_path, capsys):
    out = tmp_path / "cohort"
    assert main(["phantom", str(out), "--subjects=1", "--nodules=2", "--split=0,0,1", "--workers=1"]) == 0
    said = capsys.readouterr().err
    assert "no patient was scanned" in said
    assert "1 test" in said
    datalist = load_datalist(out)
    assert len(datalist.sections["test"]) == 1
    assert datalist.header["provenance"]["nodules"] == 2
    pair = datalist.sections["test"][0]
    subject = TwoNoduleSubject(0, 0)
    assert pair.clinical["scr_iso0"] == (2, 3)[subject.side]
    assert pair.label == subject.label
    assert 0 < read_oracle(out, [pair.subject])[0] < 1
    assert read_oracle(out, [pair.subject], "t0") is None


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ("--split=all", 2),
        ("--split=0.5,0.5,0.5", 1),
        ("--subjects=many", 2),
        ("--prevalence=3", 1),
        ("--screens=9", 1),
        ("--nodules=3", 1),
    ],
)
def test_wrong_option_is_refused_by_name(tmp_path, capsys, wrong, status):
    assert main(["phantom", str(tmp_path / "cohort"), wrong]) == status
    assert wrong[2:].partition("=")[0] in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
