"""A series of slices as found in a folder, and what its headers say about using it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.scans.dicom.decoding import has_decoder
from csfnet_bundle.scans.dicom.derivation import Derivation, derivation
from csfnet_bundle.scans.dicom.gaps import count_words, drift_refusal, gap_refusal
from csfnet_bundle.scans.dicom.instance import Instance
from csfnet_bundle.scans.dicom.stack import Stack, build_stack
from csfnet_bundle.scans.dicom.syntaxes import ALLOWED
from csfnet_bundle.scans.dicom.tags import CT_MODALITY
from csfnet_bundle.scans.dicom.tolerances import (
    INTERSPACED_SHARE,
    MAX_PART_NAME,
    MAX_VOXELS,
    POSITION_TOLERANCE_MM,
)

SKIPPED = "Files of the folder that are no slices were skipped"
"""Begins what is said of a folder rather than of one of its series."""


@dataclass(frozen=True)
class Series:
    """One reconstruction: the slices of one SeriesInstanceUID that belong together.

    Attributes:
        uid: SeriesInstanceUID.
        part: what tells it from other reconstructions under the UID; empty where it is the only one.
        instances: its slices, localizers and duplicates left out, in the order of their UIDs (:attr:`stack` has them
            in the order of space).
        faulty: files that belong to it, or may belong to it, and cannot be used; see :attr:`Instance.fault`.
        duplicates: pairs of (slice kept, copy dropped) that have the same SOPInstanceUID and the same header.
        localizers: localizers left out.
        patients: every PatientID under the UID; more than one is refused.
        skipped: files of the folder that are no slices, by reason.
        findings: what was noticed and can be lived with, one sentence each.
        others: the other CT series of its study, and why each was not taken; set by the choice.
    """

    uid: str
    part: str = field(default="", kw_only=True)
    instances: tuple[Instance, ...] = field(repr=False)
    faulty: tuple[Instance, ...] = field(default=(), repr=False)
    duplicates: tuple[tuple[Instance, Instance], ...] = field(default=(), repr=False)
    localizers: tuple[Instance, ...] = field(default=(), repr=False)
    patients: tuple[str, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What names it alone: the UID, followed by the part where several reconstructions share the UID."""
        return f"{self.uid}/{_part_name(self.part)}" if self.part else self.uid

    @property
    def first(self) -> Instance:
        """The slice that stands for all in what they share."""
        return (self.instances or self.localizers or self.faulty)[0]

    @property
    def study_uid(self) -> str:
        """StudyInstanceUID."""
        return self.first.study_uid

    @property
    def patient_id(self) -> str:
        """PatientID."""
        return self.first.patient_id

    @property
    def study_date(self) -> str:
        """StudyDate, YYYYMMDD; empty where the files have none."""
        return self.first.study_date

    @property
    def modality(self) -> str:
        """Modality."""
        return self.first.modality

    @property
    def manufacturer(self) -> str:
        """Manufacturer."""
        return self.first.manufacturer

    @property
    def description(self) -> str:
        """SeriesDescription."""
        return self.first.description

    @property
    def image_type(self) -> str:
        """ImageType, its values separated by backslashes."""
        return self.first.image_type

    @property
    def derivation(self) -> Derivation:
        """What its slices were made of."""
        return derivation(self.image_type, self.first.calculation, self.description)

    @property
    def kernel(self) -> str:
        """ConvolutionKernel."""
        return self.first.kernel

    @property
    def slice_thickness(self) -> float | None:
        """SliceThickness, mm."""
        return self.first.slice_thickness

    @property
    def pixel_spacing(self) -> tuple[float, float] | None:
        """PixelSpacing, mm: between rows, then between columns."""
        return self.first.pixel_spacing

    @property
    def folder(self) -> Path:
        """The folder of its first file."""
        return Path(self.first.path).parent

    @property
    def sop_uids(self) -> frozenset[str]:
        """SOPInstanceUID of every slice."""
        return frozenset(item.sop_uid for item in self.instances)

    @cached_property
    def stack(self) -> Stack:
        """The slices in the order of space.

        Raises:
            Refusal: they are no CT, of several patients, not in HU, or no stack; gaps are left to the reader.
        """
        self._check_identity()
        if not self.instances and self.faulty:
            raise self.refuse_faulty(self.faulty)
        stack = build_stack(self.instances, self.uid)
        self._check_rescale()
        return stack

    def check_size(self) -> None:
        """Refuse a volume that would fill the memory; a ROI of it can be read.

        Raises:
            Refusal: TOO_LARGE.
        """
        columns, rows, slices = self.stack.shape
        if columns * rows * slices > MAX_VOXELS:
            raise Refusal(
                RefusalCode.TOO_LARGE,
                f"{columns} x {rows} x {slices} voxels, at most {MAX_VOXELS} are read as one volume",
                series=self.uid,
                figures={"columns": columns, "rows": rows, "slices": slices},
                remedy="Read ROIs of it, or take another reconstruction.",
            )

    @cached_property
    def all_findings(self) -> tuple[str, ...]:
        """Everything noticed in the folder and in the stack that can be lived with."""
        stack = self.stack
        found = list(self.findings)
        if self.duplicates:
            found.append(f"Dropped {count_words(len(self.duplicates), 'copy of a slice', 'copies of slices')}.")
        if self.localizers:
            found.append(f"Left out {count_words(len(self.localizers), 'localizer', 'localizers')}.")
        if not self.derivation.is_plain:
            found.append(f"The series is {self.derivation} ({self.image_type or self.description}).")
        excess = [item.excess for item in self.instances if item.excess]
        if excess:
            found.append(
                f"The pixel data of {count_words(len(excess), 'file', 'files')} are up to {max(excess)} bytes longer "
                "than the image; what is beyond it was not read."
            )
        if self.skipped:
            reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(self.skipped.items()))
            found.append(f"{SKIPPED}: {reasons}.")
        if stack.is_sheared:
            found.append(f"The gantry was tilted by {stack.tilt_degrees:.1f} degrees; the affine is sheared.")
        thickness = self.slice_thickness
        if thickness and stack.step > INTERSPACED_SHARE * thickness:
            found.append(f"Slices of {thickness:g} mm lie {stack.step:g} mm apart; what is between was not scanned.")
        for what, values in (
            ("kernel", {item.kernel for item in self.instances}),
            ("slice thickness", {item.slice_thickness for item in self.instances}),
        ):
            if len(values) > 1:
                found.append(f"The {what} changes along the stack: {', '.join(sorted(map(str, values)))}.")
        if any(item.lossy for item in self.instances):
            found.append("The pixels once were compressed with loss.")
        return tuple(found)

    def check_syntaxes(self, *, allow_lossy: bool = False) -> None:
        """Refuse transfer syntaxes that cannot be decoded here, and lossy ones unless they are allowed.

        Raises:
            Refusal: TRANSFER_SYNTAX.
        """
        for uid in sorted({item.syntax_uid for item in self.instances}):
            syntax = ALLOWED[uid]
            remedy = ""
            if syntax.codestream is not None and not syntax.plugin:
                problem, remedy = "has no decoder here", "Convert the series to a lossless transfer syntax of the list."
            elif not (syntax.lossless or allow_lossy):
                problem = "is lossy: the pixels are not those of the scanner"
                remedy = "Get the lossless series, or allow it (allow_lossy=True)."
            elif not has_decoder(syntax):
                problem, remedy = "needs a decoder that is not installed", "pip install 'csfnet-bundle[codecs]'"
            if remedy:
                raise Refusal(
                    RefusalCode.TRANSFER_SYNTAX,
                    f"{syntax.name} ({uid}) {problem}",
                    series=self.uid,
                    figures={"transfer_syntax": uid, "lossless": syntax.lossless, "module": syntax.module},
                    remedy=remedy,
                )

    def check_volume(self, *, allow_lossy: bool = False) -> Stack:
        """Return the stack if all of it can be read, as far as headers tell.

        Raises:
            Refusal: with the code of the first obstacle.
        """
        self._check_identity()
        self.check_syntaxes(allow_lossy=allow_lossy)
        if self.faulty:
            raise self.refuse_faulty(self.faulty)
        stack = self.stack
        if stack.gaps:
            raise gap_refusal(stack, self.uid)
        uneven = stack.uneven(0, len(stack.instances) - 1)
        if uneven > POSITION_TOLERANCE_MM:
            raise drift_refusal(stack, self.uid, uneven)
        return stack

    @property
    def refusal(self) -> Refusal | None:
        """Why no volume can be read, as far as headers tell; None if nothing is in the way."""
        try:
            self.check_volume()
        except Refusal as refusal:
            return refusal
        return None

    def refuse_faulty(self, faulty: tuple[Instance, ...]) -> Refusal:
        """Return the refusal for slices that cannot be used."""
        first = min(faulty, key=lambda item: item.path)
        assert first.fault is not None
        is_no_dicom = first.fault.code is RefusalCode.NO_DICOM
        return Refusal(
            # A file that does not even begin as DICOM does still is a slice where others of its series do.
            RefusalCode.UNREADABLE_SLICE if self.instances and is_no_dicom else first.fault.code,
            f"{Path(first.path).name}: {first.fault.problem}"
            + (f" (and {len(faulty) - 1} more files)" if len(faulty) > 1 else ""),
            series=self.uid,
            figures={"files": len(faulty), "first": first.path},
            remedy=first.fault.remedy
            or "Get the file again; if it does not belong to the series, take it out of the folder.",
        )

    def _check_identity(self) -> None:
        if len(self.patients) > 1:
            raise Refusal(
                RefusalCode.MIXED_PATIENT,
                f"{len(self.patients)} patients under one SeriesInstanceUID: {', '.join(map(repr, self.patients[:4]))}",
                series=self.uid,
                figures={"patients": list(self.patients)},
                remedy="Separate the patients' files and give each series its own UID.",
            )
        if self.modality != CT_MODALITY and self.instances:
            raise Refusal(
                RefusalCode.NOT_CT,
                f"modality {self.modality or 'not given'}, CT expected",
                series=self.uid,
                figures={"modality": self.modality},
                remedy="Give a CT series.",
            )
        if not self.instances and not self.faulty:
            raise Refusal(
                RefusalCode.TOO_FEW_SLICES,
                f"only localizers ({len(self.localizers)})",
                series=self.uid,
                figures={"slices": 0, "localizers": len(self.localizers)},
                remedy="Give the axial series.",
            )

    def _check_rescale(self) -> None:
        raw = [item for item in self.instances if item.slope is None or item.intercept is None]
        if raw:
            raise Refusal(
                RefusalCode.NOT_HU,
                f"{len(raw)} of {len(self.instances)} slices have no valid RescaleSlope and RescaleIntercept to HU",
                series=self.uid,
                figures={"slices": len(self.instances), "without": len(raw), "first": raw[0].path},
                remedy="Export the series again with its rescaling, or take another reconstruction.",
            )


def _part_name(part: str) -> str:
    """Return a part's name in characters that need no quoting on a command line."""
    plain = re.sub(r"[^A-Za-z0-9.]+", "-", part).strip("-")
    if len(plain) <= MAX_PART_NAME:
        return plain
    digest = hashlib.sha256(part.encode()).hexdigest()[:8]
    return f"{plain[: MAX_PART_NAME - 9]}-{digest}"
