"""What published guidelines say about a nodule as it was measured: context for a reader, never advice."""

from __future__ import annotations

from csfnet_bundle.nodule.guidelines.bts import bts_statements
from csfnet_bundle.nodule.guidelines.fleischner import fleischner_statement
from csfnet_bundle.nodule.guidelines.lung_rads import lung_rads_statement
from csfnet_bundle.nodule.guidelines.statement import NoduleFacts, Statement

__all__ = ["NoduleFacts", "Statement", "statements"]


def statements(facts: NoduleFacts) -> tuple[Statement, ...]:
    """Return what each guideline says as far as its inputs are known.

    Args:
        facts: the nodule as it was measured.
    """
    return (lung_rads_statement(facts), fleischner_statement(facts), *bts_statements(facts))
