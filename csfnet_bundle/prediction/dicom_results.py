"""The results of an inference run as DICOM objects beside the other files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.extras import import_extra
from csfnet_bundle.inputs import LocatedScan, locate_pair, match_prior
from csfnet_bundle.nodule.pair import measure_pair
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.records.pair import MATCHED
from csfnet_bundle.report import Case, CaseImages, file_stem
from csfnet_bundle.scans.dicom import holds_dicom, scan_folder
from csfnet_bundle.scans.dicom.roi import plan_roi

if TYPE_CHECKING:
    from csfnet_bundle.report.dicom import Source


class DicomResults:
    """Writes, per pair, ``SUBJECT_NODULE_NAME.dcm``: report, outlines, attention, captures and document.

    A case that was not measured yet is measured: outlines and report need it.

    Args:
        checkpoint_path: where the weights lie.
        items: the pairs, each with ``pair`` and ``datalist_folder``.
        folder: where the files go.
        follow_links: see :func:`csfnet_bundle.scans.dicom.scan_folder`.
        supersedes: an earlier report on the same nodule, which the new one names as its predecessor.

    Raises:
        BundleError: highdicom is not installed, a pair's scans are no DICOM series, or ``supersedes`` is no report.
    """

    def __init__(
        self,
        checkpoint_path: Path,
        items: Sequence[Mapping[str, Any]],
        folder: Path,
        *,
        follow_links: bool = False,
        supersedes: Path | None = None,
    ) -> None:
        import_extra("highdicom", "dicom-sr")
        from csfnet_bundle.report.dicom import read_report

        self._items = {(item["pair"].subject, item["pair"].nodule): item for item in items}
        self._folder = folder
        self._find_series = partial(scan_folder, follow_links=follow_links)
        self._digest = hashlib.sha256(checkpoint_path.read_bytes()).hexdigest()
        self._predecessors = () if supersedes is None else (read_report(supersedes),)
        for item in items:
            _check_dicom(item["pair"], Path(item["datalist_folder"]))

    def write(
        self, case: Case, images: CaseImages, roi_affine: NDArray[np.float64], pictures: Mapping[str, bytes]
    ) -> None:
        """Write a pair's objects.

        Args:
            case: the prediction.
            images: what the network saw, and its attention, of which a flat one is left out.
            roi_affine: (4, 4) of the t1 ROI, from (d, h, w, 1) to LPS mm.
            pictures: PNG of the page by what it shows, for captures and document.

        Raises:
            BundleError: the scans' headers lack what DICOM objects need; the message names the pair.
        """
        from csfnet_bundle.report.dicom import NoduleResult, check_supersedes, result_objects, write_dataset

        item = self._items[case.subject, case.nodule]
        pair: FollowUpPair = item["pair"]
        folder = Path(item["datalist_folder"])
        try:
            if pair.t0 is not None and pair.t0.point is None:
                pair = match_prior(pair, folder, find_series=self._find_series)
            located0, located1 = locate_pair(pair, folder, one_scan=True, find_series=self._find_series)
            t0, t1 = None if located0 is None else _source(located0), _source(located1)
            measured = case.measured
            if measured is None:
                opened = [None if one is None else one.opened for one in (located0, located1)]
                centers = np.array([(t0 or t1).point, t1.point])
                measured = measure_pair(opened, centers, case.interval_days)
            result = NoduleResult(
                case=case,
                t1=t1,
                t0=t0,
                weights_sha256=self._digest,
                measured={scan: one for scan, one in (("t0", measured.t0), ("t1", measured.t1)) if one is not None},
                growth=measured.growth,
                remarks=tuple(note for note in measured.notes if note != measured.doubt),  # told with the growth
                matched=pair.t0 is not None and pair.t0.point_source == MATCHED,
                predecessors=self._predecessors,
            )
            for report in self._predecessors:
                check_supersedes(report, result.uids)
            objects = result_objects(result, images, roi_affine, pictures)
        except BundleError as error:
            raise error.for_record(f"pair {pair.name}") from None
        except ValueError as error:  # pydicom about a value of the scans' headers that it would not write
            raise BundleError(f"the scans' headers make no DICOM object: {error}", record=f"pair {pair.name}") from None
        stem = file_stem(case.subject, case.nodule)
        for name, made in objects.items():
            write_dataset(self._folder / f"{stem}_{name}.dcm", made)


def _source(located: LocatedScan) -> Source:
    from csfnet_bundle.report.dicom import read_source

    if located.series is None:
        raise BundleError(f"{located.path} is no DICOM series", remedy="Leave --dicom_out away.")
    # The centre of the grid that the network saw, from whatever space the point was given in.
    return read_source(located.series, plan_roi(located.series, located.scan.known_point).grid.center)


def _check_dicom(pair: FollowUpPair, folder: Path) -> None:
    for scan in (pair.t0, pair.t1):
        if scan is not None and not holds_dicom(folder / scan.path):
            raise BundleError(
                f"{scan.path} is no DICOM series, so no DICOM object can belong to its study",
                record=f"pair {pair.name}",
                remedy="Leave --dicom_out away for NIfTI and MetaImage files.",
            )
