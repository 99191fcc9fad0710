"""The point model: a click in the current scan gives the nodule's outline, and the prediction in words and figures."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable, Mapping
from threading import Lock
from typing import Any

from csfnet_bundle.core.alarm import alarms, notes
from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode
from csfnet_bundle.inputs.locating import locate_pair
from csfnet_bundle.nodule.outline import mask_on_scan
from csfnet_bundle.prediction.prediction import Prediction
from csfnet_bundle.prediction.predictor import Predictor
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.records.pair import MATCHED
from csfnet_bundle.report.words import NOT_A_DEVICE
from csfnet_bundle.serving.monai_label.click import read_click
from csfnet_bundle.serving.monai_label.label_file import label_format, write_label
from csfnet_bundle.serving.monai_label.request import ReadRequestd

logger = logging.getLogger(__name__)

LABELS = {"nodule": 1}
"""What the outline is called in a viewer, and its value."""

FindScan = Callable[[str, str], str]
"""From an image's id or path and the name of its param to its path in the studies."""
FindPrior = Callable[[str], str | None]
"""From the path of a scan in the studies to that of the patient's prior; None where nobody knows it."""


class PointModel:
    """Answers clicks, one at a time: the predictor is not safe for threads.

    Args:
        predictor: the loaded weights.
        read_request: checks params and finds scans in the studies.
        find_scan: how an image's id is turned into a path.
        find_prior: how the prior is found where the request names none.
    """

    def __init__(
        self, predictor: Predictor, read_request: ReadRequestd, find_scan: FindScan, find_prior: FindPrior
    ) -> None:
        self._predictor, self._read_request = predictor, read_request
        self._find_scan, self._find_prior = find_scan, find_prior
        self._lock = Lock()

    def __call__(self, request: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return the path of the label file, in the temporary folder, and the result's params.

        Args:
            request: ``image``, and the params of a viewer (:func:`csfnet_bundle.serving.monai_label.click.read_click`).

        Raises:
            Refusal: a scan that cannot be read right, no prior, or no nodule at the click.
            BundleError: a param that is not known or not what it should be; a scan outside the studies.
        """
        begin = time.perf_counter()
        with self._lock:
            pair, remarks = self._pair(request)
            folder = self._read_request.studies.folder
            label_format(request, folder / pair.t1.path)  # rejected before the work, not after
            made = self._predictor.predict_checked(pair, folder, check=True, measure=True)
            predictor = self._predictor
            _, t1 = locate_pair(
                made.pair, folder, one_scan=not predictor.needs_prior, find_series=predictor.find_series
            )
            measured = None if made.measured is None else made.measured.t1
            if measured is None:
                reasons = made.measured.notes if made.measured is not None else ()
                raise Refusal(RefusalCode.NO_NODULE, " ".join(reasons), remedy="Click at the middle of the nodule.")
            mask = mask_on_scan(measured, t1.opened.affine, t1.opened.shape)
            described = describe(made)
            path = write_label(mask, t1.opened.affine, request, folder / pair.t1.path, described)
            params = {**result_params(made, remarks), "description": described, "label_names": LABELS}
        seconds = time.perf_counter() - begin
        # Figures only: a log is no place for what a patient is called or has.
        logger.info("a click answered in %.1f s, %d warnings", seconds, len(params["warnings"]))
        return str(path), {**params, "latencies": {"total": round(seconds, 2)}}

    def _pair(self, request: Mapping[str, Any]) -> tuple[FollowUpPair, tuple[str, ...]]:
        found, remarks = read_click(request, self._read_request.code_book)
        read: dict[Hashable, Any] = dict(found.items())
        read["image"] = self._find_scan(image_name(read.get("image"), "image"), "image")
        if read["t0"] is not None:
            read["t0"] = self._find_scan(image_name(read["t0"], "t0"), "t0")
        elif self._predictor.needs_prior:
            read["t0"] = self._find_prior(read["image"])
        # Each of the two points says its space itself.
        pair: FollowUpPair = self._read_request(read)["pair"]
        return pair, remarks


def image_name(value: object, record: str) -> str:
    """Return the id or path of an image; raises BundleError where it is no text."""
    if not isinstance(value, str):
        raise BundleError(f"is {value!r}, expected an image's id or path", record=record)
    return value


def describe(prediction: Prediction) -> str:
    """Return the prediction in one line: what a label file or a list of labels has room for."""
    band = "" if prediction.band is None else " ({:.2f}-{:.2f})".format(*prediction.band)
    told = [f"malignancy {prediction.probability:.2f}{band}"]
    if prediction.caveat:
        told.append("not calibrated")
    red = len(alarms(prediction.findings))
    if red:
        told.append(f"{red} warning{'s' if red > 1 else ''}")
    measured = prediction.measured
    if measured is not None and measured.t1 is not None:
        told.append(f"{measured.t1.mean_diameter_mm:.1f} mm, {measured.t1.volume_mm3:.0f} mm3")
    if measured is not None and measured.growth is not None:
        told.append(measured.growth.change.value)
    return "; ".join([*told, "research use only"])


def result_params(prediction: Prediction, remarks: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return what the result tells beside its label, as JSON takes it."""
    t0 = prediction.pair.t0
    prior = None
    if t0 is not None:
        place = prediction.centers_lps[0]
        prior = {
            "scan": t0.path,
            "date": t0.date,
            "point_lps": [round(float(value), 2) for value in place],
            "matched_automatically": t0.point_source == MATCHED,
        }
    return {
        "probability": prediction.probability,
        "band": None if prediction.band is None else list(prediction.band),
        "threshold": prediction.threshold,
        "prior": prior,
        "interval_days": prediction.pair.days,
        "clinical": prediction.clinical,
        "measured": None if prediction.measured is None else prediction.measured.to_plain(),
        "warnings": list(alarms(prediction.findings)),
        "findings": [*remarks, *notes(prediction.findings)],
        "weights_trained_on": prediction.trained_on,
        "note": f"{prediction.caveat} {NOT_A_DEVICE}".strip(),
    }
