"""The datalist records of a phantom subject."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.cohorts.phantom.label_model import ATTENUATIONS
from csfnet_bundle.cohorts.phantom.subject import DATES, Subject
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.records import FollowUpPair, Scan

NODULE_NAME = "n1"
POSITIVE_READ = 4
POINT_DIGITS = 3


def follow_up_pairs(
    subject: Subject, points: Sequence[NDArray[np.float64]], series: Sequence[tuple[str, str | None]]
) -> list[FollowUpPair]:
    """Return the pairs of neighbouring screens.

    Args:
        subject: who.
        points: the reader's click at each screen, LPS mm, shape (3,).
        series: for each screen the study's folder, relative to the datalist, and the SeriesInstanceUID; or a file,
            and None.
    """
    scans = [
        Scan(
            path=path,
            point=Point(tuple(round(float(value), POINT_DIGITS) for value in point), Space.LPS),  # type: ignore[arg-type]
            series_uid=series_uid,
            date=DATES[screen],
        )
        for screen, (point, (path, series_uid)) in enumerate(zip(points, series, strict=True))
    ]
    return [_pair(subject, scans, screen) for screen in range(len(scans) - 1)]


def _pair(subject: Subject, scans: Sequence[Scan], first: int) -> FollowUpPair:
    clinical: dict[str, object] = dict(subject.clinical)
    if first > 0:  # the read of the pair's own t0 screen
        clinical.update(scr_res0=POSITIVE_READ, scr_iso0=POSITIVE_READ)
    scanner0, scanner1 = subject.scanners[first], subject.scanners[first + 1]
    nodule = subject.nodule(first + 1)
    return FollowUpPair(
        subject=subject.patient_id,
        nodule=NODULE_NAME if first == 0 else f"{NODULE_NAME}-T{first}",
        t0=scans[first],
        t1=scans[first + 1],
        label=subject.label,
        interval_days=float(subject.screen_days[first + 1] - subject.screen_days[first]),
        clinical=clinical,
        strata={
            "diameter_mm": round(nodule.diameter, 1),
            "diameter_t0_mm": round(subject.nodule(first).diameter, 1),
            "diameter_t1_mm": round(nodule.diameter, 1),
            "attenuation": ATTENUATIONS[nodule.attenuation],
            "scanner": f"{scanner1.maker_code} {scanner1.model_code}",
            "kernel": scanner1.kernel,
            "same_kernel": scanner0.kernel == scanner1.kernel,
            "sex": "male" if subject.clinical["gender"] == 1 else "female",
            "smoking": "current" if subject.clinical["cigsmok"] == 1 else "former",
        },
    )
