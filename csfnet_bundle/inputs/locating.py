"""Find the scans of a follow-up pair on disk, and see by their headers that they belong together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.core.file_kinds import HEAD_BYTES, file_kind
from csfnet_bundle.geometry import Roi
from csfnet_bundle.inputs.settings import RoiSettings
from csfnet_bundle.records import CHOICE, FollowUpPair, Scan
from csfnet_bundle.scans import dicom, volume_files
from csfnet_bundle.scans.dicom.scan import REMEDIES
from csfnet_bundle.scans.dicom.selection import with_finding
from csfnet_bundle.scans.dicom.tolerances import MIN_SLICES
from csfnet_bundle.scans.scan import OpenedScan, open_scan

FindSeries = Callable[[Path], list[dicom.Series]]
"""Finds the series in a folder: :func:`csfnet_bundle.scans.dicom.scan_folder`, or one that remembers."""


@dataclass(frozen=True)
class LocatedScan:
    """A scan of a pair, found on disk; nothing of its pixels has been read.

    Attributes:
        scan: what the datalist says.
        path: its folder or file.
        series: the series chosen in the folder; None for NIfTI and MetaImage files.
    """

    scan: Scan
    path: Path
    series: dicom.Series | None

    def read_roi(self, settings: RoiSettings) -> Roi:
        """Cut the scan's ROI; raises Refusal."""
        if self.series is not None:
            return dicom.read_roi(self.series, self.scan.known_point, settings.size, settings.spacing)
        return volume_files.read_roi(self.path, self.scan.known_point, settings.size, settings.spacing)

    @property
    def opened(self) -> OpenedScan:
        """The scan as the matching reads it; raises Refusal for a file whose header cannot be read right."""
        return OpenedScan(self.path, series=self.series) if self.series is not None else open_scan(self.path)


def locate_pair(
    pair: FollowUpPair, folder: Path, *, one_scan: bool = False, find_series: FindSeries = dicom.scan_folder
) -> tuple[LocatedScan | None, LocatedScan]:
    """Find the scans of a pair and check by their headers that they belong together.

    Args:
        pair: the follow-up pair; its scan paths are relative to ``folder``.
        folder: the datalist's folder.
        one_scan: accept a pair without t0.
        find_series: how the series in a folder are found.

    Returns:
        t0 (None where the pair has none) and t1.

    Raises:
        Refusal: no series can be chosen, ``PAIR_MISMATCH``, or ``NO_PRIOR``.
        BundleError: a path that does not exist.
    """
    path1 = scan_path(pair.t1, folder)
    if pair.t0 is None:
        if not one_scan:
            raise Refusal(
                RefusalCode.NO_PRIOR,
                "the pair has no t0 scan and the network compares two",
                remedy="Give the earlier scan, or weights that can do without: models/nodules/model.pt (an opinion "
                "from one scan), a one-scan system, or a network trained with configs/prior_dropout.json.",
            )
        return None, _located(pair, pair.t1, path1, choose_series(path1, pair.t1.series_uid, find_series))
    path0 = scan_path(pair.t0, folder)
    uid0, uid1 = pair.t0.series_uid, pair.t1.series_uid
    if path0.resolve() == path1.resolve() and (uid0 is None or uid0 == uid1):
        raise Refusal(RefusalCode.PAIR_MISMATCH, f"t0 and t1 are the same scan, {path0}", remedy="Give two scans.")
    series0, series1 = choose_pair(path0, path1, uid0, uid1, pair.interval_days, find_series)
    return _located(pair, pair.t0, path0, series0), _located(pair, pair.t1, path1, series1)


def choose_pair(
    path0: Path,
    path1: Path,
    uid0: str | None,
    uid1: str | None,
    interval_days: float | None,
    find_series: FindSeries = dicom.scan_folder,
    *,
    studies: tuple[str | None, str | None] = (None, None),
) -> tuple[dicom.Series | None, dicom.Series | None]:
    """Return the series of t0 and of t1; None for files that are not DICOM.

    Two DICOM scans are chosen together, so that both reconstructions have one kernel where they can.

    Args:
        path0: t0.
        path1: t1; the same folder where it holds both.
        uid0: SeriesInstanceUID to read from t0.
        uid1: the same of t1.
        interval_days: days between them, where dates do not tell.
        find_series: how the series in a folder are found.
        studies: StudyInstanceUID or StudyDate of t0 and of t1 where a folder holds several.

    Raises:
        Refusal: no series can be chosen, or the two are no pair.
    """
    if dicom.holds_dicom(path0) and dicom.holds_dicom(path1):
        found0, found1 = (
            [item for item in _found(path, find_series) if study in (None, item.study_uid, item.study_date)]
            for path, study in zip((path0, path1), studies, strict=True)
        )
        return dicom.select_pair(found0, found1, uid0, uid1, interval_days=interval_days)
    return choose_series(path0, uid0, find_series), choose_series(path1, uid1, find_series)


def choose_series(path: Path, uid: str | None, find_series: FindSeries = dicom.scan_folder) -> dicom.Series | None:
    """Return the series to read from a scan's path; None for a file that is not DICOM.

    Raises:
        Refusal: no series can be chosen.
    """
    return dicom.select_series(_found(path, find_series), uid=uid) if dicom.holds_dicom(path) else None


def _found(path: Path, find_series: FindSeries) -> list[dicom.Series]:
    found = find_series(path)
    if path.is_file() and all(len(series.instances) < MIN_SLICES and not series.faulty for series in found):
        raise Refusal(
            RefusalCode.TOO_FEW_SLICES,
            f"{path.name} is one DICOM file of a series",
            series=str(path),
            remedy=f"Give the folder of the whole series, for example {path.parent}.",
        )
    return found


def scan_path(scan: Scan, folder: Path) -> Path:
    """Return the scan's absolute path.

    Raises:
        BundleError: there is nothing.
        Refusal: ``NO_DICOM``, a file of a kind that no scan has, e.g. an archive.
    """
    path = folder / scan.path
    if not path.exists():
        raise BundleError(
            f"{path} does not exist", remedy="Correct the path in the datalist (paths are relative to its folder)."
        )
    check_kind(path)
    return path


def check_kind(path: Path) -> None:
    """Refuse a file that is no scan, by what it is.

    Raises:
        Refusal: ``NO_DICOM``.
    """
    if path.is_dir() or volume_files.is_volume_file(path) or not path.is_file():
        return
    with path.open("rb") as file:
        kind = file_kind(file.read(HEAD_BYTES))
    if kind is not None:
        raise Refusal(
            RefusalCode.NO_DICOM,
            f"{path.name} is no scan but a {kind}",
            series=str(path),
            remedy=REMEDIES.get(kind, "Give a folder of DICOM files, or a .nii, .nii.gz, .mha or .mhd file."),
        )


def _located(pair: FollowUpPair, scan: Scan, path: Path, series: dicom.Series | None) -> LocatedScan:
    """Check the record against the images."""
    if series is None:
        return LocatedScan(scan, path, series)
    for what, recorded, found in (
        ("of patient", pair.subject, series.patient_id),
        ("dated", scan.date or series.study_date, series.study_date),
    ):
        if recorded != found:
            raise Refusal(
                RefusalCode.PAIR_MISMATCH,
                f"the record is {what} {recorded!r}, the images in {path} are {what} {found!r}",
                series=series.uid,
                figures={"record": recorded, "images": found},
                remedy="Correct the record, or its paths.",
            )
    if CHOICE in scan.extra:
        series = with_finding(series, str(scan.extra[CHOICE]))
    return LocatedScan(scan, path, series)
