"""The flow of a cohort: what came in, what was left out at each step and why, what remained."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol


class HasSubject(Protocol):
    """Anything that belongs to one patient."""

    @property
    def subject(self) -> str:
        """PatientID."""


@dataclass(frozen=True)
class FlowStep:
    """One line of the flow table.

    Attributes:
        what: what is counted, in words; for what was left out, the reason.
        count: how many.
        unit: of what: rows, nodules, pairs.
        patients: how many patients they belong to.
        left_out: whether these were left out (else they remain).
        records: the names of those left out, in order.
    """

    what: str
    count: int
    unit: str
    patients: int
    left_out: bool
    records: tuple[str, ...] = ()


@dataclass
class Flow:
    """The steps in the order in which they were taken."""

    steps: list[FlowStep] = field(default_factory=list)

    def remain(self, what: str, unit: str, members: Iterable[HasSubject]) -> None:
        """Count what is in the cohort at this step."""
        members = list(members)
        self.steps.append(FlowStep(what, len(members), unit, len({member.subject for member in members}), False))

    def leave_out(self, reason: str, unit: str, members: Iterable[tuple[HasSubject, str]]) -> None:
        """Count what is left out, each member with the name that it is listed under; zero is counted too."""
        members = list(members)
        patients = len({member.subject for member, _ in members})
        self.steps.append(FlowStep(reason, len(members), unit, patients, True, tuple(name for _, name in members)))

    def note(self, what: str, unit: str, count: int, patients: int, records: Sequence[str] = ()) -> None:
        """Count something that was noticed and kept."""
        self.steps.append(FlowStep(what, count, unit, patients, False, tuple(records)))

    def to_records(self) -> list[dict[str, object]]:
        """Return the steps as plain values for JSON."""
        return [
            {
                "what": step.what,
                "count": step.count,
                "unit": step.unit,
                "patients": step.patients,
                "left_out": step.left_out,
                "records": list(step.records),
            }
            for step in self.steps
        ]
