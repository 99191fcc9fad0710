"""The radiologists' reads among the clinical values: opinions of the screen, not facts of the participant."""

from __future__ import annotations

from dataclasses import replace

from csfnet_bundle.records.pair import FollowUpPair

READS = ("scr_res0", "scr_iso0")
"""The clinical variables that hold a radiologist's read of the t0 screen."""


def without_reads_of(pair: FollowUpPair) -> FollowUpPair:
    """Return the pair without the radiologists' reads among its clinical values."""
    return replace(pair, clinical={name: value for name, value in pair.clinical.items() if name not in READS})
