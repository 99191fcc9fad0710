"""What a result says about the series that it was made from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from csfnet_bundle.scans.dicom.series import Series


@dataclass(frozen=True)
class SeriesSummary:
    """The series that was read, in plain values.

    Attributes:
        uid: SeriesInstanceUID, followed by the part where several reconstructions share it.
        description: SeriesDescription.
        image_type: ImageType, its values separated by backslashes.
        kernel: ConvolutionKernel.
        slice_thickness_mm: SliceThickness.
        slices: their number.
        others: the other CT series of the study, in words.
        instances_sha256: SHA-256 of its slices' SOPInstanceUIDs and file sizes, the same wherever the files lie.
    """

    uid: str
    description: str = ""
    image_type: str = ""
    kernel: str = ""
    slice_thickness_mm: float | None = None
    slices: int = 0
    others: tuple[str, ...] = ()
    instances_sha256: str = ""

    @classmethod
    def of(cls, series: Series) -> SeriesSummary:
        """Return the summary of a series as it was chosen."""
        return cls(
            uid=series.name,
            description=series.description,
            image_type=series.image_type,
            kernel=series.kernel,
            slice_thickness_mm=series.slice_thickness,
            slices=len(series.instances),
            others=series.others,
            instances_sha256=_digest(series),
        )

    @classmethod
    def from_plain(cls, values: Mapping[str, object]) -> SeriesSummary:
        """Return the summary that :meth:`to_plain` made values of."""
        return cls(**{**values, "others": tuple(values["others"])})  # type: ignore[arg-type]

    def to_plain(self) -> dict[str, object]:
        """Return plain values, for JSON."""
        return {**asdict(self), "others": list(self.others)}

    def __str__(self) -> str:
        thickness = "thickness unknown" if self.slice_thickness_mm is None else f"{self.slice_thickness_mm:g} mm"
        described = f"'{self.description}', " if self.description else ""
        words = (
            f"{described}{self.slices} slices of {thickness}, {self.image_type or 'no ImageType'}, "
            f"kernel {self.kernel or 'unknown'}, {self.uid}"
        )
        if not self.others:
            return words
        return f"{words}; {len(self.others)} other CT series in its study: {'; '.join(self.others)}"


def _digest(series: Series) -> str:
    slices = sorted(f"{item.sop_uid} {item.size}" for item in series.instances)
    return hashlib.sha256("\n".join(slices).encode()).hexdigest()
