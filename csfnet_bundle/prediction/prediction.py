"""What is known about a pair once the network has seen it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from csfnet_bundle.core.code_book import CodeBook
from csfnet_bundle.nodule.pair import PairMeasurements
from csfnet_bundle.records import FollowUpPair, describe_clinical
from csfnet_bundle.scans.dicom import SeriesSummary

if TYPE_CHECKING:
    from csfnet_bundle.report.scan_pictures import ScanPictures


@dataclass(frozen=True)
class Prediction:
    """The prediction of one pair, with what was read for it.

    Attributes:
        pair: what was read: the scans' paths, series, study dates and points, the interval, the clinical values.
        probability: calibrated probability of malignancy, softmax(logits / temperature)[1].
        threshold: the probability from which on the weights' evaluation counts a pair as malignant.
        logits: of benign and malignant.
        image: (2, D, H, W) float32 in [0, 1], the ROIs of t0 and t1 as the network saw them.
        affines: (2, 4, 4), from (d, h, w, 1) of each ROI to LPS mm of its scan.
        attention: (d, h, w), where in the ROI the network looked, summing to 1; None for a network without attention,
            and where it was not asked for.
        member_probabilities: what the networks of an ensemble said, whose mean the probability is; empty for one.
        band: lowest and highest probability of 27 clicks within 2 mm; None where it was not asked for.
        measured: what was measured in both scans; None where it was not asked for.
        pictures: what a report shows of each scan, by name; empty where it was not asked for.
        explanation: (D, H, W), how much the log odds fall where a cube around each voxel is replaced by lung; None
            where it was not asked for.
        findings: what speaks against the inputs, then what the readers noticed and could live with, one sentence each.
        series: the series that t0 and t1 were read from; None where there is none, or the scan is no DICOM.
        code_book: the clinical codes that the weights were trained on.
        trained_on: what the weights were trained on, in words.
        caveat: why the probability is not calibrated for this pair; empty for most weights.
        sees_clinical: whether clinical values can change the answer of these weights.
    """

    pair: FollowUpPair
    probability: float
    threshold: float
    logits: tuple[float, float]
    image: NDArray[np.float32] = field(repr=False, compare=False)
    affines: NDArray[np.float64] = field(repr=False, compare=False)
    attention: NDArray[np.float64] | None = field(default=None, repr=False, compare=False)
    member_probabilities: tuple[float, ...] = ()
    band: tuple[float, float] | None = None
    measured: PairMeasurements | None = None
    pictures: Mapping[str, ScanPictures] = field(default_factory=dict, repr=False, compare=False)
    explanation: NDArray[np.float64] | None = field(default=None, repr=False, compare=False)
    findings: tuple[str, ...] = ()
    series: tuple[SeriesSummary | None, SeriesSummary | None] = (None, None)
    code_book: CodeBook | None = field(default=None, repr=False)
    trained_on: str = ""
    caveat: str = ""
    sees_clinical: bool = True

    @property
    def logit(self) -> float:
        """Logit of malignant minus logit of benign."""
        return self.logits[1] - self.logits[0]

    @property
    def malignant(self) -> bool:
        """Whether the probability reaches the threshold."""
        return self.probability >= self.threshold

    @property
    def clinical(self) -> dict[str, str]:
        """The clinical values as they were understood, in words, by the variables' labels; ``"missing"`` included."""
        return describe_clinical(self.pair.clinical, self.code_book)

    @property
    def centers_lps(self) -> NDArray[np.float64]:
        """The centres of both ROIs, (2, 3), LPS mm of each scan."""
        middle = (np.array(self.image.shape[1:]) - 1) / 2
        return np.einsum("sij,j->si", self.affines, [*middle, 1.0])[:, :3]

    def to_plain(self) -> Mapping[str, object]:
        """Return what goes into tables and JSON: no image, no attention."""
        return {
            "subject": self.pair.subject,
            "nodule": self.pair.nodule,
            "probability": self.probability,
            "band": None if self.band is None else list(self.band),
            "threshold": self.threshold,
            "malignant": self.malignant,
            "logits": list(self.logits),
            "member_probabilities": list(self.member_probabilities),
            "read": self.pair.to_record(),
            "series": {name: item and str(item) for name, item in zip(("t0", "t1"), self.series, strict=True)},
            "clinical": self.clinical,
            "measured": None if self.measured is None else self.measured.to_plain(),
            "findings": list(self.findings),
            "weights_trained_on": self.trained_on,
            "caveat": self.caveat,
        }
