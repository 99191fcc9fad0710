"""Findings that a reader must see before the number: reports show them in red at their head."""

from __future__ import annotations

from collections.abc import Iterable

CHECK_POINT = "CHECK THE POINT"
"""Begins a finding that speaks against a point; a finding may name the scan before it."""
CHECK_INPUT = "CHECK THE INPUT"
"""Begins a finding that speaks against what the network is shown."""
_MARKS = (CHECK_POINT, CHECK_INPUT)


def is_alarm(finding: str) -> bool:
    """Say whether a finding belongs at the head of a report, in red."""
    return any(mark in finding for mark in _MARKS)


def alarms(findings: Iterable[str]) -> tuple[str, ...]:
    """Return the findings that belong at the head of a report."""
    return tuple(filter(is_alarm, findings))


def notes(findings: Iterable[str]) -> tuple[str, ...]:
    """Return the other findings."""
    return tuple(finding for finding in findings if not is_alarm(finding))
