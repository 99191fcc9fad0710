"""Reading CT series from folders of DICOM files: right, or refused by name.

pydicom and numpy only. Every refusal is a :class:`csfnet_bundle.core.errors.Refusal` with a ``code``;
docs/refusals.md says what each means and what to do. Example::

    series = select_series(scan_folder("study"))
    roi = read_roi(series, Point((-51.2, 30.0, -112.5), Space.LPS))
"""

from csfnet_bundle.scans.dicom.pairing import check_pair, select_pair
from csfnet_bundle.scans.dicom.roi import read_block, read_roi
from csfnet_bundle.scans.dicom.scan import holds_dicom, scan_folder
from csfnet_bundle.scans.dicom.selection import THINNEST_SOFT_MOST, SelectionRule, select_series
from csfnet_bundle.scans.dicom.series import Series
from csfnet_bundle.scans.dicom.summary import SeriesSummary
from csfnet_bundle.scans.dicom.volume import read_slices, read_volume

__all__ = [
    "THINNEST_SOFT_MOST",
    "SelectionRule",
    "Series",
    "SeriesSummary",
    "check_pair",
    "holds_dicom",
    "read_block",
    "read_roi",
    "read_slices",
    "read_volume",
    "scan_folder",
    "select_pair",
    "select_series",
]
