"""The command makes a cohort and says in one line what it was given wrong."""

import pytest

from csfnet_bundle.commands import main
from csfnet_bundle.records import load_datalist


def test_command_makes_a_cohort_and_counts_its_pairs(tmp_path, capsys):
    assert main(["phantom", str(tmp_path / "cohort"), "--subjects=1", "--seed=3", "--split=0,0,1", "--workers=1"]) == 0
    assert len(load_datalist(tmp_path / "cohort").sections["test"]) == 1
    said = capsys.readouterr().err
    assert "no patient was scanned" in said
    assert "1 test" in said


@pytest.mark.parametrize(
    ("wrong", "status"),
    [("--split=all", 2), ("--split=0.5,0.5,0.5", 1), ("--subjects=many", 2), ("--prevalence=3", 1), ("--screens=9", 1)],
)
def test_wrong_option_is_refused_by_name(tmp_path, capsys, wrong, status):
    assert main(["phantom", str(tmp_path / "cohort"), wrong]) == status
    assert wrong[2:].partition("=")[0] in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
