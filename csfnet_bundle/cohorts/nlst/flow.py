"""The flow of a cohort: what came in, what was left out at each step and why, what remained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from typing import Any, Protocol


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

    def to_record(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return {**asdict(self), "records": list(self.records)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> FlowStep:
        """Return what :meth:`to_record` wrote."""
        return cls(**{**record, "records": tuple(record["records"])})


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

    def add_patients(self, flows: Iterable[Iterable[FlowStep]]) -> None:
        """Add the steps of patients who were gone through one by one; steps of the same words are counted together."""
        together: dict[tuple[str, str, bool], FlowStep] = {}
        for step in chain.from_iterable(flows):
            key = (step.what, step.unit, step.left_out)
            before = together.get(key, replace(step, count=0, patients=0, records=()))
            together[key] = replace(
                before,
                count=before.count + step.count,
                patients=before.patients + step.patients,
                records=(*before.records, *step.records),
            )
        self.steps.extend(together.values())

    def to_records(self) -> list[dict[str, object]]:
        """Return the steps as plain values for JSON."""
        return [step.to_record() for step in self.steps]
