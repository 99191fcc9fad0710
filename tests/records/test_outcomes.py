"""Names that tell the outcome never become inputs."""

import csv

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records import CLINICAL_VARIABLES, refuse_outcomes


def test_the_inputs_pass_and_an_outcome_behind_them_is_named():
    with pytest.raises(BundleError, match="'de_stag' tells the outcome"):
        refuse_outcomes([*CLINICAL_VARIABLES, "scr_res1", "scr_iso2", "age", "pkyr", "de_stag"])


@pytest.mark.parametrize(
    "name",
    [
        *(
            "cancer",
            "cancyr",
            "can_scr",
            "canc_rpt_link",
            "canc_free_days",
            "candx_days",
            "conflc",
            "de_stag",
            "de_type",
        ),
        *("de_stag_7thed", "loclup", "locunk", "lesionsize", "scr_group", "death", "deathstat", "death_days"),
        *("finaldeathLC", "dcfdeathLC", "Candx_Days", " cancyr "),
    ],
)
def test_outcomes_are_refused_by_name(name):
    with pytest.raises(BundleError) as error:
        refuse_outcomes(["age", name])
    assert name.strip() in str(error.value)


def test_every_outcome_category_of_the_dictionary_is_behind_the_wall(shared_data):
    with (shared_data / "nlst" / "prsn_data_dictionary.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["Category"] in {"Follow-Up/Procedures", "Death", "Progression", "Cancers of Any Site"}
        ]
    assert len(rows) > 100
    passed = []
    for row in rows:
        try:
            refuse_outcomes([row["Variable"].removeprefix("[...continued] ")])
        except BundleError:
            continue
        passed.append(row["Variable"])
    # Whether a participant could be reached says nothing of a cancer.
    assert passed == ["contactstatus"]
