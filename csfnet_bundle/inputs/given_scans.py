"""The two scans of a pair as they were given: each by itself, or in one export; folders, files, or .zip archives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.inputs.archive import unpacked
from csfnet_bundle.inputs.export import choose_studies, ct_studies
from csfnet_bundle.inputs.export_table import print_studies
from csfnet_bundle.inputs.locating import FindSeries
from csfnet_bundle.records import FollowUpPair, Scan


@dataclass(frozen=True)
class GivenScans:
    """Where the scans of a pair can be read.

    Attributes:
        t1: the later scan.
        t0: the earlier one; None without a prior.
        study0: StudyInstanceUID of t0, where it lies in one folder with others.
        study1: the same of t1.
        given: by folder in which something was unpacked, the archive.
    """

    t1: Path
    t0: Path | None = None
    study0: str | None = None
    study1: str | None = None
    given: dict[Path, Path] = field(default_factory=dict)

    def record(self, pair: FollowUpPair) -> FollowUpPair:
        """Return the pair with archives in place of the temporary folders that they were unpacked to."""
        t0 = None if pair.t0 is None else self._named(pair.t0)
        return replace(pair, t0=t0, t1=self._named(pair.t1))

    def _named(self, scan: Scan) -> Scan:
        archive = self.given.get(Path(scan.path))
        return scan if archive is None else replace(scan, path=str(archive))


@contextmanager
def given_scans(
    find_series: FindSeries,
    *,
    export: Path | None = None,
    t0: Path | None = None,
    t1: Path | None = None,
    patient: str | None = None,
    study0: str | None = None,
    study1: str | None = None,
) -> Iterator[GivenScans]:
    """Give the scans of a pair for as long as the block runs; what was unpacked for it is removed afterwards.

    Where it is not clear which studies or series of an export are meant, they are listed on standard error.

    Args:
        find_series: how the series in a folder are found.
        export: a folder or .zip with both studies, and whatever else.
        t0: instead, the earlier scan.
        t1: the later scan.
        patient: PatientID in the export.
        study0: StudyInstanceUID or date of the earlier study, where a folder holds several.
        study1: the same of the later one.

    Raises:
        BundleError: both forms or none, no such path, an archive that is not unpacked, or studies that cannot be told.
        Refusal: there is no DICOM in an export.
    """
    _check_form(export, t0, t1, patient)
    with ExitStack() as stack:
        given: dict[Path, Path] = {}

        def place(path: Path, name: str) -> Path:
            if not path.exists():
                raise BundleError(f"{path} does not exist", record=name, remedy="Give a folder, a file, or a .zip.")
            folder = stack.enter_context(unpacked(path.resolve())).resolve()
            if folder != path.resolve():
                given[folder] = path.resolve()
            return folder

        if export is None:
            assert t1 is not None
            later = place(t1, "t1")
            yield GivenScans(later, None if t0 is None else place(t0, "t0"), study0, study1, given)
            return
        folder = place(export, "export")
        studies = ct_studies(find_series(folder))
        try:
            first, second = choose_studies(studies, patient=patient, study0=study0, study1=study1)
        except BundleError as error:
            print_studies(studies)
            raise error.for_record(str(export)) from None
        try:
            yield GivenScans(folder, folder, first.uid, second.uid, given)
        except Refusal as refusal:
            if refusal.code is RefusalCode.AMBIGUOUS_SERIES:
                print_studies([first, second])
            raise


def _check_form(export: Path | None, t0: Path | None, t1: Path | None, patient: str | None) -> None:
    if export is not None and (t0 is not None or t1 is not None):
        named = " and ".join(f"--{name}" for name, path in (("t0", t0), ("t1", t1)) if path is not None)
        raise BundleError(
            f"{export} is given as an export with both studies, and {named} besides",
            remedy="Give the export alone, or each scan by --t0 and --t1.",
        )
    if export is None and t1 is None:
        raise BundleError("t1 is missing", remedy="Give an export with both studies, or each scan by --t0 and --t1.")
    if export is None and patient is not None:
        raise BundleError("--patient chooses within an export, but none is given", remedy="Use --subject for a name.")
