"""The vendored codes are those of the published dictionary."""

import csv
import re

from csfnet_bundle.core.code_book import nlst_code_book


def test_codes_and_meanings_are_the_published_ones(shared_data):
    with (shared_data / "nlst" / "prsn_data_dictionary.csv").open(encoding="utf-8", newline="") as file:
        published = {row["Variable"]: row["Format Text"] for row in csv.DictReader(file)}
    for variable in nlst_code_book().variables:
        name = variable.name
        text = published[name if name in published else f"{name}-2"]
        codes = {int(code): meaning.strip() for code, meaning in re.findall(r'(\d+)="([^"]*)"', text)}
        assert dict(variable.codes) == codes
        assert (text == "Numeric") == variable.is_number


def test_every_code_has_one_reading():
    for variable in nlst_code_book().variables:
        special = variable.missing | variable.unknown
        assert special <= set(variable.codes)
        assert not variable.missing & variable.unknown
        assert set(variable.categories) | special == set(variable.codes)
        assert variable.size > 2


def test_a_screening_code_that_tells_of_a_cancer_is_no_category():
    for variable in nlst_code_book().only(("scr_res0", "scr_iso0")).variables:
        assert all(code <= 6 for code in variable.categories)
        assert {13, 23, 95} <= variable.missing
