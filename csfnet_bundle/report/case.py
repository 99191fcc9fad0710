"""What the report of one case shows, as plain values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date as Date

from csfnet_bundle.core.code_book import CodeBook
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.nodule.doubling_time import volume_doubling_time
from csfnet_bundle.nodule.pair import PairMeasurements
from csfnet_bundle.records import FollowUpPair, clinical_notices, describe_clinical, missing_variables
from csfnet_bundle.report.point_words import point_words

DIAMETER_T0 = "diameter_t0_mm"
DIAMETER_T1 = "diameter_t1_mm"
"""Keys of the datalist's ``strata`` that hold the nodule's diameter at t0 and t1, mm."""


@dataclass(frozen=True)
class Weights:
    """Where the network's weights come from, which decides what its number is worth.

    Attributes:
        name: how the reader finds them again: a path relative to the bundle, and a digest where there is one.
        trained_on: the training data in plain words, e.g. the cohort's name: ``"NLST, 398 pairs"``.
        phantoms: whether those data are phantoms, so that the number says nothing about patients.
        temperature: softmax(logits / temperature); fitted on validation pairs, 1 where nothing was fitted.
        threshold: the probability from which the evaluation counts a pair as malignant; chosen on validation pairs;
            None where none was chosen.
        calibration_pairs: how many validation pairs temperature and threshold were chosen on; None unknown.
        calibration_malignant: how many of those were malignant; None unknown.
        opinion: whether the labels are radiologists' opinion and not a proven diagnosis.
        pair_caveat: why the number for a pair is not calibrated, where temperature and threshold come from single
            scans; empty for weights that were calibrated on pairs.
        sees_clinical: whether clinical values can change their answer.
        attention_selects: whether the training could only be done by attending to the right place; without that a map
            with a focus is no evidence of where anything lies.
    """

    name: str
    trained_on: str
    phantoms: bool
    temperature: float = 1.0
    threshold: float | None = None
    calibration_pairs: int | None = None
    calibration_malignant: int | None = None
    opinion: bool = False
    pair_caveat: str = ""
    attention_selects: bool = False
    sees_clinical: bool = True


@dataclass(frozen=True)
class Case:
    """One follow-up pair with its prediction.

    Attributes:
        subject: PatientID.
        nodule: the nodule's name within the patient.
        probability: softmax(logits / temperature)[1], between 0 and 1.
        weights: the weights that gave it.
        date_t0: study date of t0; None where unknown or where there is no prior scan.
        date_t1: study date of t1; None where unknown.
        interval_days: days between the scans; None where unknown.
        prior: whether there was a t0; without one the answer is from t1 alone.
        clinical: values that the network used, in words, by the variable's name in words.
        missing: variables (in words) that the network had to do without.
        diameter_t0_mm: the nodule's diameter at t0, if somebody measured it.
        diameter_t1_mm: the nodule's diameter at t1, if somebody measured it.
        label: 1 malignant, 0 benign, None unknown.
        findings: what the readers noticed (series chosen, kernels differ, ...), one sentence each.
        series: the series that was read, in words, by scan (t0, t1); a scan that is no DICOM is not in it.
        versions: what made the prediction, by name: bundle, torch, MONAI, ...
        member_probabilities: what the networks of an ensemble said, whose mean the probability is; empty for one.
        measured: what was measured in both scans; None where it was not asked for.
        band: lowest and highest probability of 27 clicks within 2 mm; None where it was not asked for.
        points: each scan's point and how it was found, in words.

    Raises:
        BundleError: a probability outside 0..1, or a diameter or an interval that is not positive.
    """

    subject: str
    nodule: str
    probability: float
    weights: Weights
    date_t0: Date | None = None
    date_t1: Date | None = None
    interval_days: float | None = None
    prior: bool = True
    clinical: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    diameter_t0_mm: float | None = None
    diameter_t1_mm: float | None = None
    label: int | None = None
    findings: tuple[str, ...] = ()
    series: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    member_probabilities: tuple[float, ...] = ()
    measured: PairMeasurements | None = None
    band: tuple[float, float] | None = None
    points: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise BundleError(f"probability is {self.probability}, expected 0 to 1", record=self.name)
        for name in ("diameter_t0_mm", "diameter_t1_mm", "interval_days"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise BundleError(f"{name} is {value}, expected a positive number", record=self.name)

    @classmethod
    def from_pair(
        cls,
        pair: FollowUpPair,
        *,
        probability: float,
        weights: Weights,
        code_book: CodeBook | None = None,
        member_probabilities: tuple[float, ...] = (),
        findings: tuple[str, ...] = (),
        series: Mapping[str, str] | None = None,
        versions: Mapping[str, str] | None = None,
        measured: PairMeasurements | None = None,
        band: tuple[float, float] | None = None,
    ) -> Case:
        """Make the case of a datalist record.

        The clinical values are read by ``code_book``, which is that of the weights; None is this installation's.

        Dates, label, clinical values and the diameters of ``strata`` come from the record; an unstated interval is the
        days between the two dates.

        Raises:
            BundleError: a clinical value that the encoder refuses, a diameter that is no number, or as the class says.
        """
        described = describe_clinical(pair.clinical, code_book) if weights.sees_clinical else {}
        unknown = missing_variables(pair.clinical, code_book) if weights.sees_clinical else ()
        missing = tuple(variable.label for variable in unknown)
        return cls(
            subject=pair.subject,
            nodule=pair.nodule,
            probability=probability,
            weights=weights,
            date_t0=None if pair.t0 is None else pair.t0.day,
            date_t1=pair.t1.day,
            interval_days=pair.days,
            prior=pair.t0 is not None,
            clinical={name: words for name, words in described.items() if name not in missing},
            missing=missing,
            diameter_t0_mm=_diameter(pair, DIAMETER_T0),
            diameter_t1_mm=_diameter(pair, DIAMETER_T1),
            label=pair.label,
            findings=(*findings, *clinical_notices(pair.clinical, code_book)),
            series=dict(series or {}),
            versions=dict(versions or {}),
            member_probabilities=member_probabilities,
            measured=measured,
            band=band,
            points=point_words(pair),
        )

    @property
    def name(self) -> str:
        """How messages and tables call the pair: ``subject/nodule``."""
        return f"{self.subject}/{self.nodule}"

    @property
    def caveat(self) -> str:
        """Why the number is not calibrated for this case; empty for most."""
        return self.weights.pair_caveat if self.prior else ""

    @property
    def above_threshold(self) -> bool | None:
        """Whether the evaluation would count the pair as malignant; None without a threshold."""
        return None if self.weights.threshold is None else self.probability >= self.weights.threshold

    @property
    def doubling_time_days(self) -> float | None:
        """Volume doubling time; None where a diameter or the interval is unknown or the diameter did not change."""
        if self.diameter_t0_mm is None or self.diameter_t1_mm is None or self.interval_days is None:
            return None
        return volume_doubling_time(self.diameter_t0_mm, self.diameter_t1_mm, self.interval_days)


def _diameter(pair: FollowUpPair, key: str) -> float | None:
    value = pair.strata.get(key)
    if value is None:
        return None
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise BundleError(f"{key} is {value!r}, expected mm", record=f"{pair.name}, strata") from None
