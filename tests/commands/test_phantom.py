"""The command makes a cohort and says in one line what it was given wrong."""

import pytest

from csfnet_bundle.commands.phantom import phantom
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records import load_datalist


def test_command_makes_a_cohort_and_counts_its_pairs(tmp_path, capsys):
    phantom(str(tmp_path / "cohort"), subjects=1, seed=3, split=(0, 0, 1), workers=1)
    assert len(load_datalist(tmp_path / "cohort").sections["test"]) == 1
    said = capsys.readouterr().err
    assert "no patient was scanned" in said
    assert "1 test" in said


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"split": "all"}, "split"), ({"subjects": "many"}, "subjects"), ({"prevalence": 3}, "prevalence")],
)
def test_wrong_option_is_refused_by_name(tmp_path, wrong, words):
    with pytest.raises(BundleError, match=words):
        phantom(str(tmp_path / "cohort"), **wrong)
    assert not list(tmp_path.iterdir())
