"""docs/refusals.md has an entry for every code and names every syntax as the reader has it."""

import re
from pathlib import Path

import pytest
from helpers.reader_cases import CASES

from csfnet_bundle.core.errors import RefusalCode
from csfnet_bundle.scans.dicom.syntaxes import ALLOWED

NOT_OF_ONE_FOLDER = {
    RefusalCode.SERIES_NOT_FOUND,
    RefusalCode.SHEARED_STACK,
    RefusalCode.PAIR_MISMATCH,
    RefusalCode.POINT_OUTSIDE,
    RefusalCode.NO_PRIOR,
    RefusalCode.NO_NODULE,
    RefusalCode.NO_LUNG_AT_POINT,
    RefusalCode.NO_LUNGS,
    RefusalCode.PRIOR_NOT_ALIGNED,
    RefusalCode.PRIOR_CUT_OFF,
    RefusalCode.MATCH_UNSURE,
}
"""Codes that need more than a folder: a UID asked for, a demand, a pair or a point; they have tests of their own."""


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs" / "refusals.md").read_text(encoding="utf-8")


def test_every_code_has_an_entry_with_what_to_do(page: str) -> None:
    entries = dict(re.findall(r"^### ([A-Z_]+)\n\n(.+?)(?=\n\n###|\Z)", page, flags=re.DOTALL | re.MULTILINE))
    assert set(entries) == set(RefusalCode)
    assert all(len(text.splitlines()) >= 2 for text in entries.values())


def test_every_code_of_a_folder_has_a_test_folder() -> None:
    assert {case.code for case in CASES if case.code} == set(RefusalCode) - NOT_OF_ONE_FOLDER


def test_the_table_of_syntaxes_is_the_readers(page: str) -> None:
    rows = dict.fromkeys(uid for uid, syntax in ALLOWED.items() if syntax.plugin or syntax.codestream is None)
    for line in page.splitlines():
        if line.startswith("|") and "1.2.840" in line:
            _, name, uids, plugin, _ = (cell.strip() for cell in line.split("|"))
            for uid in uids.split(", "):
                rows[uid] = "" if plugin == "none needed" else plugin
                assert ("allow_lossy" in name) == (not ALLOWED[uid].lossless)
    assert rows == {uid: ALLOWED[uid].plugin for uid in rows}
