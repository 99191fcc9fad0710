"""A pair's prediction, pictures and attention, as the reports want them, from what the engine has in hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from csfnet_bundle import __version__
from csfnet_bundle.evaluation.decision import probabilities
from csfnet_bundle.inputs.cache import series_from_json
from csfnet_bundle.nodule.pair import PairMeasurements
from csfnet_bundle.prediction.checkpoint import LABEL, OPINION, ModelCheckpoint, load_weights
from csfnet_bundle.prediction.forward import NetworkOutput, ask, run_network
from csfnet_bundle.prediction.prediction import Prediction
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.report import Case, CaseImages, Weights
from csfnet_bundle.scans.dicom import SeriesSummary

NO_SERIES = "[null, null]"
"""What stands for a sample whose config does not select ``series``."""


def series_of(sample: Mapping[str, Any]) -> dict[str, SeriesSummary | None]:
    """Return the series that a sample was read from, by scan; None where there is none, or no DICOM."""
    t0, t1 = series_from_json(str(sample.get("series", NO_SERIES)))
    return {"t0": t0, "t1": t1}


NETWORK_INPUTS = ("image", "clinical", "interval_days")


@dataclass(frozen=True)
class CaseMaker:
    """Makes the cases of a run, and sees to it that they are predicted with the checkpoint's weights.

    Attributes:
        network: the network, which gets the weights whatever it had before; one without ``attention_map`` gets pictures
            without it.
        checkpoint: the weights that predict.
        checkpoint_path: where they lie.
        items: the data set's records (see :func:`csfnet_bundle.training.datalist_items`).
    """

    network: torch.nn.Module
    checkpoint: ModelCheckpoint
    checkpoint_path: Path
    items: Sequence[Mapping[str, Any]]

    def __post_init__(self) -> None:
        """Load the weights.

        Raises:
            BundleError: the network is not the checkpoint's: ``network_def`` was overridden.
        """
        load_weights(self.network, self.checkpoint)

    def item(self, subject: str, nodule: str) -> Mapping[str, Any]:
        """Return the record of that name."""
        return next(item for item in self.items if (item["subject"], item["nodule"]) == (subject, nodule))

    def pair(self, subject: str, nodule: str) -> FollowUpPair:
        """Return the pair of that name."""
        pair: FollowUpPair = self.item(subject, nodule)["pair"]
        return pair

    def output(self, samples: Sequence[Mapping[str, Any]]) -> NetworkOutput:
        """Return what the network says about transformed samples, with attention and an ensemble's members."""
        return run_network(self.network, *_inputs(samples), details=True)

    def attention_peaks(self, samples: Sequence[Mapping[str, Any]]) -> dict[str, float] | None:
        """Return the largest attention weight times the number of keys, mean over transformed samples, by stream.

        1 is flat. None if the network tells none.
        """
        if not hasattr(self.network, "attention_peaks") or not samples:
            return None
        image, clinical = ask(self.network, "attention_peaks", *_inputs(samples)).double().mean(dim=0).tolist()
        return {"image": image, "clinical": clinical}

    def case(
        self,
        sample: Mapping[str, Any],
        logit: float,
        attention: NDArray[np.float64] | None,
        member_probabilities: tuple[float, ...] = (),
    ) -> tuple[Case, CaseImages]:
        """Return the case of a transformed sample and the arrays behind its pictures."""
        decision, roi = self.checkpoint.decision, self.checkpoint.roi
        case = make_case(
            self.pair(sample["subject"], sample["nodule"]),
            self.checkpoint,
            self.checkpoint_path,
            probability=float(probabilities(logit, decision.temperature)),
            member_probabilities=member_probabilities,
            findings=tuple(filter(None, str(sample["findings"]).split("\n"))),
            series=series_of(sample),
        )
        image = torch.as_tensor(sample["image"]).cpu().numpy()
        return case, CaseImages(image=image, attention=attention, spacing=roi.spacing, window=roi.window)


def _inputs(samples: Sequence[Mapping[str, Any]]) -> list[torch.Tensor]:
    """Return image, clinical tokens and intervals of transformed samples as a batch."""
    return [torch.stack([torch.as_tensor(item[key]) for item in samples]) for key in NETWORK_INPUTS]


def predicted_case(
    prediction: Prediction, checkpoint: ModelCheckpoint, checkpoint_path: Path
) -> tuple[Case, CaseImages]:
    """Return the case of a prediction and the arrays behind its pictures.

    Args:
        prediction: of :class:`csfnet_bundle.prediction.predictor.Predictor`.
        checkpoint: the weights that it was made with.
        checkpoint_path: where they lie.
    """
    case = make_case(
        prediction.pair,
        checkpoint,
        checkpoint_path,
        probability=prediction.probability,
        member_probabilities=prediction.member_probabilities,
        findings=prediction.findings,
        series=dict(zip(("t0", "t1"), prediction.series, strict=True)),
        measured=prediction.measured,
        band=prediction.band,
    )
    roi = checkpoint.roi
    images = CaseImages(prediction.image, prediction.attention, roi.spacing, roi.window, prediction.explanation)
    return case, images


def make_case(
    pair: FollowUpPair,
    checkpoint: ModelCheckpoint,
    checkpoint_path: Path,
    *,
    probability: float,
    member_probabilities: tuple[float, ...] = (),
    findings: tuple[str, ...] = (),
    series: Mapping[str, SeriesSummary | None] | None = None,
    measured: PairMeasurements | None = None,
    band: tuple[float, float] | None = None,
) -> Case:
    """Return the case of a pair, with the origin of the weights and the versions at work.

    Args:
        pair: the pair.
        checkpoint: the weights that predict.
        checkpoint_path: where they lie.
        probability: of malignancy, calibrated.
        member_probabilities: what the networks of an ensemble said.
        findings: what the readers noticed.
        series: which series each scan was read from.
        measured: what was measured in both scans.
        band: lowest and highest probability of 27 clicks within 2 mm.
    """
    return Case.from_pair(
        pair,
        probability=probability,
        weights=weights_of(checkpoint, checkpoint_path),
        code_book=checkpoint.code_book,
        member_probabilities=member_probabilities,
        findings=findings,
        series={name: str(item) for name, item in (series or {}).items() if item is not None},
        # Read from the installed packages: a prediction does not import MONAI.
        versions={"csfnet_bundle": __version__, "torch": str(torch.__version__), "monai": version("monai")},
        measured=measured,
        band=band,
    )


def weights_of(checkpoint: ModelCheckpoint, checkpoint_path: Path) -> Weights:
    """Return what reports say of weights.

    Args:
        checkpoint: the weights.
        checkpoint_path: where they lie.
    """
    provenance, decision = checkpoint.provenance, checkpoint.decision
    validation = provenance.get("validation", {})
    return Weights(
        name=checkpoint_path.name,
        trained_on=checkpoint.trained_on,
        phantoms=checkpoint.phantoms,
        temperature=decision.temperature,
        threshold=decision.threshold,
        calibration_pairs=validation.get("pairs"),
        calibration_malignant=validation.get("malignant"),
        opinion=provenance.get(LABEL) == OPINION,
        pair_caveat=checkpoint.pair_caveat,
        attention_selects=checkpoint.attention_selects,
        sees_clinical=checkpoint.sees_clinical,
    )
