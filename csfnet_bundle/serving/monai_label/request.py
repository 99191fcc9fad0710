"""From the request that MONAI Label hands on to a follow-up pair."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

from monai.transforms import Transform

from csfnet_bundle.core.code_book import CodeBook
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point
from csfnet_bundle.inputs import describe_pair
from csfnet_bundle.records import FollowUpPair, encode_clinical
from csfnet_bundle.serving.monai_label.studies import StudiesFolder, scan_stem

OURS = ("t0", "point0", "point1", "space", "clinical", "interval_days", "subject", "nodule", "series0", "series1")
"""What a request's params may say of the pair; the t1 scan is the request's image."""

MONAI_LABEL_NAMES = frozenset(
    {
        *("model", "model_filename", "image", "image_path", "device", "description", "logging", "latencies"),
        *("label", "labels", "label_tag", "label_info", "save_label", "session", "session_id", "timeout", "output"),
        *("client_id", "result_extension", "result_dtype", "result_compress", "result_write_to_file"),
        *("restore_label_idx", "roi_size", "sw_batch_size", "sw_overlap"),
    }
)
"""What MONAI Label 0.8.5 and its viewers put into the same dictionary. Any other name is refused: a misspelt `clinical`
would otherwise pass as a patient of whom nothing is known."""

MODEL_NAME = "model.pt"
NODULE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
"""A nodule's name becomes part of a file's."""
LONGEST_NAME = 64
"""Characters of a subject's or a nodule's name, as DICOM allows a PatientID."""


class ReadRequestd(Transform):
    """Turn a request into the record of a follow-up pair.

    The record gains ``pair``, ``datalist_folder`` (the studies), ``subject``, ``nodule`` and ``scan_path`` (of t1).

    Args:
        studies_dir: the folder that MONAI Label serves.
        ignored_params: names of further params that the clients of this server send for other models.
        code_book: that of the weights which will see the clinical values; None is this installation's.
    """

    def __init__(
        self,
        studies_dir: str | Path | None,
        ignored_params: tuple[str, ...] = (),
        code_book: CodeBook | None = None,
    ) -> None:
        self.code_book = code_book
        self.studies = StudiesFolder(studies_dir)
        self.ignored = frozenset(ignored_params)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return the record with the pair added.

        Raises:
            BundleError: a param that is not known, missing or not what it should be; a scan outside the studies.
        """
        self._check_names(data)
        _check_model(data.get("model_filename"))
        pair = self._pair({name: data.get(name) for name in OURS}, data.get("image"))
        return {
            **data,
            "pair": pair,
            "datalist_folder": str(self.studies.folder),
            "subject": pair.subject,
            "nodule": pair.nodule,
            "scan_path": self.studies.folder / pair.t1.path,
        }

    def _check_names(self, data: Mapping[Hashable, Any]) -> None:
        for name in data:
            if name not in MONAI_LABEL_NAMES and name not in OURS and name not in self.ignored:
                raise BundleError(f"there is no param {name!r}", record="params", remedy=f"Use {', '.join(OURS)}.")

    def _pair(self, params: Mapping[str, Any], image: object) -> FollowUpPair:
        path1 = self.studies.find(image, "image")
        space = _text(params["space"], "space", "")
        point1 = _point(params["point1"], space, "point1")
        path0, point0 = None, None
        if params["t0"] is None:
            for name in ("point0", "series0", "interval_days"):
                if params[name] is not None:
                    raise BundleError(f"{name} is given, but no t0", record="params", remedy="Name the earlier scan.")
        else:
            path0 = self.studies.find(params["t0"], "t0")
            if params["point0"] is not None:  # else it is found from point1
                point0 = _point(params["point0"], space, "point0")
        nodule = _text(params["nodule"], "nodule", "1")
        if not NODULE.fullmatch(nodule):
            raise BundleError(f"is {nodule!r}, expected letters, digits, dots and hyphens", record="nodule")
        return describe_pair(
            self.studies.folder,
            t0=None if path0 is None else (str(path0), point0),
            t1=(str(path1), point1),
            subject=_text(params["subject"], "subject", "") or None,
            nodule=nodule,
            series0=_text(params["series0"], "series0", "") or None,
            series1=_text(params["series1"], "series1", "") or None,
            interval_days=_days(params["interval_days"]),
            clinical=_clinical(params["clinical"], self.code_book),
            # NIfTI carries no PatientID; here the name only serves messages and the heat map's file.
            default_subject=scan_stem(path1),
        )


def _check_model(value: object) -> None:
    """MONAI Label loads any file of the server that a request names, and without asking whether it fits."""
    if value not in (None, MODEL_NAME, [MODEL_NAME]):
        raise BundleError(f"model_filename is {value!r}", record="params", remedy=f"This bundle has {MODEL_NAME} only.")


def _point(value: object, space: str, name: str) -> Point:
    if isinstance(value, Point):  # the point model has read it already
        return value
    numbers = isinstance(value, list) and len(value) == 3 and all(map(_is_number, value))
    if not numbers:
        raise BundleError(f"is {value!r}, expected three numbers [X, Y, Z]", record=name)
    if not space:
        raise BundleError("no space of the points is given", record="space", remedy="Give LPS, RAS or voxel.")
    try:
        return Point(tuple(value), space)  # type: ignore[arg-type]  # it checks both
    except BundleError as error:
        raise error.for_record(name) from None


def _text(value: object, name: str, default: str) -> str:
    if value is None:
        return default
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_NAME or not value.isprintable():
        raise BundleError(f"is {value!r}, expected a text of up to {LONGEST_NAME} characters", record=name)
    return value


def _days(value: object) -> float | None:
    if value is None:
        return None
    if not _is_number(value) or float(value) <= 0:  # type: ignore[arg-type]
        raise BundleError(f"is {value!r}, expected a number of days above 0", record="interval_days")
    return float(value)  # type: ignore[arg-type]


def _clinical(value: object, code_book: CodeBook | None) -> dict[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BundleError(f'is {value!r}, expected an object such as {{"age": 63}}', record="clinical")
    try:
        encode_clinical(value, code_book)
    except BundleError as error:
        raise error.for_record("clinical") from None
    return value


def _is_number(value: object) -> bool:
    """Tell whether a JSON value is a number that a float can hold; JSON's integers have no end."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
