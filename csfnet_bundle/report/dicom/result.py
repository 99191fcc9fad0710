"""All that the DICOM objects of one predicted pair tell."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from pydicom import Dataset

from csfnet_bundle.nodule.growth import Growth
from csfnet_bundle.nodule.measurement import Measurement
from csfnet_bundle.report.case import Case
from csfnet_bundle.report.dicom.source import Source
from csfnet_bundle.report.dicom.uids import ResultUids


@dataclass(frozen=True)
class NoduleResult:
    """A prediction with what was measured.

    Attributes:
        case: the prediction.
        t1: the later scan, whose study the objects belong to.
        t0: the earlier scan; None where there is none.
        weights_sha256: of the checkpoint's file, hexadecimal.
        measured: the nodule by scan (t0, t1); one that could not be measured is absent.
        growth: between both scans; None where one is not measured or the interval is not known.
        remarks: why something could not be measured, one sentence each.
        matched: whether t0's point was found automatically and nobody confirmed it.
        predecessors: reports on the nodule that this one supersedes.
    """

    case: Case
    t1: Source
    t0: Source | None
    weights_sha256: str
    measured: Mapping[str, Measurement] = field(default_factory=dict)
    growth: Growth | None = None
    remarks: tuple[str, ...] = ()
    matched: bool = False
    predecessors: tuple[Dataset, ...] = ()

    @property
    def scans(self) -> dict[str, Source]:
        """The scans by name, the later one first."""
        return {"t1": self.t1} if self.t0 is None else {"t1": self.t1, "t0": self.t0}

    @cached_property
    def uids(self) -> ResultUids:
        """The UIDs of this result's objects."""
        header = self.t1.instances[0]
        told = (
            replace(self.case, measured=None),  # arrays: their figures follow
            {name: (source.point, source.instances[0].SeriesInstanceUID) for name, source in self.scans.items()},
            {name: one.to_plain() for name, one in sorted(self.measured.items())},
            None if self.growth is None else self.growth.to_plain(),
            self.remarks,
            self.matched,
            self.weights_sha256,
        )
        return ResultUids(
            issuer=str(header.get("IssuerOfPatientID") or ""),
            patient_id=str(header.PatientID or ""),
            nodule=self.case.nodule,
            study=str(header.StudyInstanceUID),
            weights_sha256=self.weights_sha256,
            figures=hashlib.sha256(repr(told).encode(errors="backslashreplace")).hexdigest(),
        )
