"""Errors that a user of the bundle sees: one line with the record, the value, what was expected and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class BundleError(Exception):
    """A problem with what the user gave, told in one line.

    Args:
        problem: what was found and what was expected, with the values.
        record: which record, file or setting it was found in, e.g. ``"subject 100012, t1"``.
        remedy: what the user can do about it.
    """

    def __init__(self, problem: str, *, record: str = "", remedy: str = "") -> None:
        self.problem = problem
        self.record = record
        self.remedy = remedy
        super().__init__(problem)

    def __str__(self) -> str:
        line = f"{self.record}: {self.problem}" if self.record else self.problem
        if self.remedy:
            line = f"{line.rstrip('.')}. {self.remedy}"
        return " ".join(line.split())

    def for_record(self, record: str) -> BundleError:
        """Return this error, naming ``record`` as the place where it was found (the outermost name comes first)."""
        self.record = f"{record}, {self.record}" if self.record else record
        return self

    def for_archive(self, folder: str, archive: str) -> BundleError:
        """Return this error with an archive's name in place of the folder that it was unpacked to."""
        for name in ("problem", "record", "remedy"):
            setattr(self, name, getattr(self, name).replace(folder, archive))
        return self

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions cross process borders when a cohort is prepared in parallel; keyword arguments need help for that.
        return _rebuild, (type(self), dict(self.__dict__))


class RefusalCode(StrEnum):
    """Why an image was refused; docs/refusals.md has an entry for each code."""

    NO_DICOM = "NO_DICOM"
    AMBIGUOUS_SERIES = "AMBIGUOUS_SERIES"
    SERIES_NOT_FOUND = "SERIES_NOT_FOUND"
    DERIVED_SERIES = "DERIVED_SERIES"
    NOT_CT = "NOT_CT"
    SLICE_GAP = "SLICE_GAP"
    DUPLICATE_POSITION = "DUPLICATE_POSITION"
    SHEARED_STACK = "SHEARED_STACK"
    MULTIFRAME = "MULTIFRAME"
    NOT_HU = "NOT_HU"
    INCONSISTENT_GEOMETRY = "INCONSISTENT_GEOMETRY"
    NO_GEOMETRY = "NO_GEOMETRY"
    TOO_FEW_SLICES = "TOO_FEW_SLICES"
    MIXED_PATIENT = "MIXED_PATIENT"
    UNREADABLE_SLICE = "UNREADABLE_SLICE"
    TRANSFER_SYNTAX = "TRANSFER_SYNTAX"
    TOO_LARGE = "TOO_LARGE"
    PAIR_MISMATCH = "PAIR_MISMATCH"
    POINT_OUTSIDE = "POINT_OUTSIDE"
    NO_PRIOR = "NO_PRIOR"
    NO_NODULE = "NO_NODULE"
    NO_LUNGS = "NO_LUNGS"
    PRIOR_NOT_ALIGNED = "PRIOR_NOT_ALIGNED"
    PRIOR_CUT_OFF = "PRIOR_CUT_OFF"
    MATCH_UNSURE = "MATCH_UNSURE"
    NO_LUNG_AT_POINT = "NO_LUNG_AT_POINT"


def in_one_line(error: BaseException, longest: int = 200) -> str:
    """Return what another library's error says, in one line of that many characters at most."""
    told = " ".join(str(error).split()) or type(error).__name__
    return told if len(told) <= longest else f"{told[: longest - 3]}..."


class Refusal(BundleError):
    """An image, or a pair of them, that cannot be read right and is therefore not read at all.

    Args:
        code: the reason, for programs.
        problem: the reason, for people.
        series: SeriesInstanceUID, or the path where there is none.
        figures: the values that led to the refusal (positions, spacings, ...), plain Python values.
        record: see :class:`BundleError`.
        remedy: see :class:`BundleError`.
    """

    def __init__(
        self,
        code: RefusalCode,
        problem: str,
        *,
        series: str = "",
        figures: Mapping[str, object] | None = None,
        record: str = "",
        remedy: str = "",
    ) -> None:
        super().__init__(problem, record=record, remedy=remedy)
        self.code = code
        self.series = series
        self.figures = MappingProxyType(dict(figures or {}))

    def __str__(self) -> str:
        return f"{self.code}: {super().__str__()}"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), {**self.__dict__, "figures": dict(self.figures)})


def _rebuild(kind: type[BundleError], state: dict[str, object]) -> BundleError:
    error = kind.__new__(kind)
    error.__dict__.update(state)
    Exception.__init__(error, state["problem"])
    return error
