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
from csfnet_bundle.inputs import LocatedScan, locate_pair
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.report import Case, file_stem
from csfnet_bundle.scans.dicom import holds_dicom, scan_folder
from csfnet_bundle.scans.dicom.roi import plan_roi

if TYPE_CHECKING:
    from csfnet_bundle.report.dicom import Source


class DicomResults:
    """Writes, per pair, ``SUBJECT_NODULE_report.dcm`` and ``SUBJECT_NODULE_attention.dcm``.

    Args:
        checkpoint_path: where the weights lie.
        items: the pairs, each with ``pair`` and ``datalist_folder``.
        folder: where the files go.
        follow_links: see :func:`csfnet_bundle.scans.dicom.scan_folder`.

    Raises:
        BundleError: highdicom is not installed, or a pair's scans are no DICOM series.
    """

    def __init__(
        self,
        checkpoint_path: Path,
        items: Sequence[Mapping[str, Any]],
        folder: Path,
        *,
        follow_links: bool = False,
    ) -> None:
        import_extra("highdicom", "dicom-sr")
        self._items = {(item["pair"].subject, item["pair"].nodule): item for item in items}
        self._folder = folder
        self._find_series = partial(scan_folder, follow_links=follow_links)
        self._digest = hashlib.sha256(checkpoint_path.read_bytes()).hexdigest()
        for item in items:
            _check_dicom(item["pair"], Path(item["datalist_folder"]))

    def write(
        self,
        case: Case,
        attention: NDArray[np.floating] | None,
        roi_affine: NDArray[np.float64],
        roi_size: tuple[int, int, int],
    ) -> None:
        """Write a pair's objects.

        Args:
            case: the prediction.
            attention: coarse map of the network (d, h, w); None leaves the parametric map out.
            roi_affine: (4, 4) of the t1 ROI, from (d, h, w, 1) to LPS mm.
            roi_size: the ROI's voxels (D, H, W).

        Raises:
            BundleError: the scans' headers lack what DICOM objects need; the message names the pair.
        """
        from csfnet_bundle.report.dicom import attention_parametric_map, structured_report, write_dataset

        item = self._items[case.subject, case.nodule]
        pair: FollowUpPair = item["pair"]
        stem = file_stem(case.subject, case.nodule)
        try:
            located0, located1 = locate_pair(
                pair, Path(item["datalist_folder"]), one_scan=True, find_series=self._find_series
            )
            t0 = None if located0 is None else _source(located0)
            t1 = _source(located1)
            objects: dict[str, Any] = {}
            if attention is not None:
                objects["attention"] = attention_parametric_map(t1, attention, roi_affine, roi_size, self._digest)
            objects["report"] = structured_report(t1, t0, case, self._digest, list(objects.values()))
        except BundleError as error:
            raise error.for_record(f"pair {pair.name}") from None
        except ValueError as error:  # pydicom about a value of the scans' headers that it would not write
            raise BundleError(f"the scans' headers make no DICOM object: {error}", record=f"pair {pair.name}") from None
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
