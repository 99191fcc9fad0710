"""The radiologists' reads among the clinical values: opinions of the screen, not facts of the participant."""

from __future__ import annotations

from dataclasses import replace

from csfnet_bundle.core.code_book import nlst_code_book
from csfnet_bundle.records.pair import FollowUpPair

READS = tuple(variable.name for variable in nlst_code_book().variables if variable.is_read)
"""scr_res0, scr_iso0: the clinical variables that hold a radiologist's read of the t0 screen."""


def without_reads_of(pair: FollowUpPair) -> FollowUpPair:
    """Return the pair without the radiologists' reads among its clinical values."""
    return replace(pair, clinical={name: value for name, value in pair.clinical.items() if name not in READS})
