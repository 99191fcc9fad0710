"""One prediction as a user asks for it: scans, points and clinical values in whatever form they were given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs.given_point import GivenPoint
from csfnet_bundle.inputs.given_scans import given_scans
from csfnet_bundle.inputs.locating import check_kind
from csfnet_bundle.prediction.prediction import Prediction
from csfnet_bundle.prediction.predictor import Predictor
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.scans.dicom import holds_dicom


@dataclass(frozen=True)
class PairRequest:
    """A pair to be predicted; see :func:`csfnet_bundle.inputs.given_scans.given_scans` for the scans.

    Attributes:
        point1: the nodule's centre in t1.
        point0: the nodule's centre in t0; None to find it.
        export: a folder or .zip with both studies.
        t0: instead, the earlier scan.
        t1: the later scan.
        patient: PatientID in the export.
        study0: StudyInstanceUID or date of the earlier study.
        study1: the same of the later one.
        series0: SeriesInstanceUID to read from t0.
        series1: the same of t1.
        subject: PatientID, where t1 is no DICOM.
        nodule: a name for the nodule.
        interval_days: days between the scans; None: from the study dates.
        clinical: values by variable, in codes or words.
    """

    point1: GivenPoint
    point0: GivenPoint | None = None
    export: Path | None = None
    t0: Path | None = None
    t1: Path | None = None
    patient: str | None = None
    study0: str | None = None
    study1: str | None = None
    series0: str | None = None
    series1: str | None = None
    subject: str | None = None
    nodule: str = "1"
    interval_days: float | None = None
    clinical: Mapping[str, object] = field(default_factory=dict)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Where its scans lie."""
        return tuple(path for path in (self.export, self.t0, self.t1) if path is not None)


@contextmanager
def predicted(predictor: Predictor, request: PairRequest, **options: bool) -> Iterator[tuple[Prediction, FollowUpPair]]:
    """Predict what was asked for; what was unpacked for it stays until the block ends.

    Args:
        predictor: predicts.
        request: what.
        options: ``check``, ``measure`` and the like of
            :meth:`csfnet_bundle.prediction.predictor.Predictor.predict`.

    Yields:
        The prediction, and the pair as a datalist may keep it: with archives in place of temporary folders.

    Raises:
        BundleError: as :func:`csfnet_bundle.inputs.given_scans.given_scans`, or a t1 without PatientID.
        Refusal: as :meth:`csfnet_bundle.prediction.predictor.Predictor.predict`.
    """
    with given_scans(
        predictor.find_series,
        export=request.export,
        t0=request.t0,
        t1=request.t1,
        patient=request.patient,
        study0=request.study0,
        study1=request.study1,
    ) as scans:
        if request.subject is None and not holds_dicom(scans.t1):
            check_kind(scans.t1)
            raise BundleError(f"{request.t1} carries no PatientID", record="t1", remedy="Give one by --subject.")
        made = predictor.predict(
            scans.t1,
            request.point1,
            t0=scans.t0,
            point0=request.point0,
            space="",  # every point has its own
            clinical=request.clinical,
            interval_days=request.interval_days,
            subject=request.subject,
            series0=request.series0,
            series1=request.series1,
            study0=scans.study0,
            study1=scans.study1,
            nodule=request.nodule,
            **options,
        )
        yield made, scans.record(made.pair)
