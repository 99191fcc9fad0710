"""A pair's prediction, pictures and attention, as the reports want them, from what the engine has in hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import monai
import numpy as np
import torch
from numpy.typing import NDArray

from csfnet_bundle import __version__
from csfnet_bundle.evaluation.calibration import probabilities
from csfnet_bundle.inputs.cache import series_from_json
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint, load_weights
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

    def attention(self, samples: Sequence[Mapping[str, Any]]) -> list[NDArray[np.float64]] | None:
        """Return the attention (d, h, w) of each transformed sample; None if the network has none."""
        if not getattr(self.network, "has_attention", hasattr(self.network, "attention_map")):
            return None
        maps = self._ask("attention_map", samples)  # (B, d, h, w)
        return list(maps.cpu().double().numpy())

    def attention_peaks(self, samples: Sequence[Mapping[str, Any]]) -> dict[str, float] | None:
        """Return the largest attention weight times the number of keys, mean over transformed samples, by stream.

        1 is flat. None if the network tells none.
        """
        if not hasattr(self.network, "attention_peaks") or not samples:
            return None
        image, clinical = self._ask("attention_peaks", samples).double().mean(dim=0).tolist()
        return {"image": image, "clinical": clinical}

    def member_probabilities(self, samples: Sequence[Mapping[str, Any]]) -> list[tuple[float, ...]]:
        """Return what each network of an ensemble says about each sample; nothing for one network alone."""
        if not hasattr(self.network, "member_probabilities"):
            return [()] * len(samples)
        return [tuple(row) for row in self._ask("member_probabilities", samples).double().tolist()]

    def _ask(self, method: str, samples: Sequence[Mapping[str, Any]]) -> torch.Tensor:
        device = next(self.network.parameters()).device
        inputs = [torch.stack([torch.as_tensor(item[key]) for item in samples]).to(device) for key in NETWORK_INPUTS]
        self.network.eval()
        with torch.no_grad():
            answer: torch.Tensor = getattr(self.network, method)(*inputs)
        return answer

    def case(
        self,
        sample: Mapping[str, Any],
        logit: float,
        attention: NDArray[np.float64] | None,
        member_probabilities: tuple[float, ...] = (),
    ) -> tuple[Case, CaseImages]:
        """Return the case of a transformed sample and the arrays behind its pictures."""
        decision, roi = self.checkpoint.decision, self.checkpoint.roi
        case = Case.from_pair(
            self.pair(sample["subject"], sample["nodule"]),
            probability=float(probabilities(np.array([logit]), decision.temperature)[0]),
            weights=self._weights(),
            member_probabilities=member_probabilities,
            code_book=self.checkpoint.code_book,
            findings=tuple(filter(None, str(sample["findings"]).split("\n"))),
            series={name: str(item) for name, item in series_of(sample).items() if item is not None},
            versions={
                "csfnet_bundle": __version__,
                "torch": str(torch.__version__),
                "monai": str(monai.__version__),
            },
        )
        image = torch.as_tensor(sample["image"]).cpu().numpy()
        return case, CaseImages(image=image, attention=attention, spacing=roi.spacing, window=roi.window)

    def _weights(self) -> Weights:
        provenance, decision = self.checkpoint.provenance, self.checkpoint.decision
        validation = provenance.get("validation", {})
        return Weights(
            name=self.checkpoint_path.name,
            trained_on=self.checkpoint.trained_on,
            phantoms=bool(provenance.get("phantom", False)),
            temperature=decision.temperature,
            threshold=decision.threshold,
            calibration_pairs=validation.get("pairs"),
            calibration_malignant=validation.get("malignant"),
        )
