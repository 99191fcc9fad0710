"""The network's answer on records of a datalist: ROIs read, stacked and passed through the network.

:class:`csfnet_bundle.prediction.predictor.Predictor` adds what stands beside the number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.decision import probabilities
from csfnet_bundle.inputs import PairRois, RoiCache, read_pair
from csfnet_bundle.inputs.locating import FindSeries
from csfnet_bundle.inputs.series_memory import SeriesMemory
from csfnet_bundle.inputs.tensors import PairTensors, pair_tensors
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint
from csfnet_bundle.prediction.forward import NetworkOutput, ask, run_network
from csfnet_bundle.prediction.prediction import Prediction
from csfnet_bundle.records import FollowUpPair

BATCH_SIZE = 8
"""Pairs in one pass of the network: a few hundred megabytes at the paper's width."""


class PairPredictor:
    """Predicts records with the weights of a checkpoint.

    Not safe for threads: give each its own.

    Args:
        checkpoint: the weights, with the ROI, the temperature and the threshold that belong to them.
        device: where the network runs, as torch names it; by default the first GPU, else the CPU.
        follow_links: see :func:`csfnet_bundle.scans.dicom.scan_folder`.
        network: the checkpoint's network, where there is one already; it stays on its device.

    Attributes:
        checkpoint: as given.
        network: the network, in evaluation mode, on the device.

    Raises:
        BundleError: the weights fit no network of this version, or there is no such device.
    """

    def __init__(
        self,
        checkpoint: ModelCheckpoint,
        device: str | torch.device | None = None,
        *,
        follow_links: bool = False,
        network: torch.nn.Module | None = None,
    ) -> None:
        self.checkpoint = checkpoint
        self.network = checkpoint.create_network().eval().to(_device(device)) if network is None else network
        self._follow_links = follow_links
        self._find_series = SeriesMemory(follow_links=follow_links)

    @property
    def needs_prior(self) -> bool:
        """Whether the network needs a t0."""
        return bool(getattr(self.network, "needs_prior", True))

    @property
    def find_series(self) -> FindSeries:
        """What finds the series in a folder, and remembers them."""
        return self._find_series

    def cache(self, folder: str | Path | None) -> RoiCache:
        """Return what reads pairs for this network through a folder of cached ROIs."""
        return RoiCache(
            folder,
            self.checkpoint.roi,
            repeat_missing_prior=not self.needs_prior,
            follow_links=self._follow_links,
        )

    def predict_pair(self, pair: FollowUpPair, folder: Path, *, cache: RoiCache | None = None) -> Prediction:
        """Predict one pair.

        Args:
            pair: a record of a datalist.
            folder: the datalist's folder, which the scans' paths are relative to.
            cache: reads the ROIs; by default from the scans.

        Raises:
            Refusal: as :func:`csfnet_bundle.inputs.read_pair`.
            BundleError: as :func:`csfnet_bundle.inputs.read_pair`, or a clinical value without a code.
        """
        rois, tensors = self._read(pair, folder, cache)
        output = self.forward(tensors.image[None], tensors.clinical[None], tensors.interval_days[None], details=True)
        return self.prediction(pair, rois, tensors, output, 0)

    def predict_pairs(
        self,
        pairs: Sequence[FollowUpPair],
        folder: Path,
        *,
        cache: RoiCache | None = None,
        batch_size: int = BATCH_SIZE,
        scan_order: tuple[int, int] = (0, 1),
    ) -> Iterator[Prediction]:
        """Predict many pairs, some at a time, without attention.

        Args:
            pairs: records of a datalist.
            folder: the datalist's folder.
            cache: reads the ROIs; by default from the scans.
            batch_size: pairs in one pass of the network.
            scan_order: which scan each channel of the image shows: (0, 1) is t0 and t1, (1, 1) is t1 twice.

        Yields:
            The predictions, in the order of the pairs.

        Raises:
            BundleError: as :meth:`predict_pair`, at the first pair that cannot be read.
        """
        for some in _batches(pairs, batch_size):
            read = [self._read(pair, folder, cache, scan_order) for pair in some]
            output = self.forward(*_stacked([tensors for _, tensors in read]))
            for index, (pair, (rois, tensors)) in enumerate(zip(some, read, strict=True)):
                yield self.prediction(pair, rois, tensors, output, index)

    def attention_peaks(
        self, pairs: Sequence[FollowUpPair], folder: Path, *, cache: RoiCache | None = None
    ) -> dict[str, float] | None:
        """Return the largest attention weight times the number of keys, mean over pairs, by stream; 1 is flat.

        Args:
            pairs: records of a datalist.
            folder: the datalist's folder.
            cache: reads the ROIs; by default from the scans.

        Returns:
            None if the network has no such attention.
        """
        if not hasattr(self.network, "attention_peaks") or not pairs:
            return None
        tensors = [self._read(pair, folder, cache, (0, 1))[1] for pair in pairs]
        image, clinical = ask(self.network, "attention_peaks", *_stacked(tensors)).double().mean(dim=0).tolist()
        return {"image": image, "clinical": clinical}

    def forward(
        self, image: torch.Tensor, clinical: torch.Tensor, interval_days: torch.Tensor, *, details: bool = False
    ) -> NetworkOutput:
        """Run the network on a batch; see :func:`csfnet_bundle.prediction.forward.run_network`."""
        return run_network(self.network, image, clinical, interval_days, details=details)

    def prediction(
        self, pair: FollowUpPair, rois: PairRois, tensors: PairTensors, output: NetworkOutput, index: int
    ) -> Prediction:
        """Return the prediction of a pair from the network's output for its batch.

        Args:
            pair: the pair.
            rois: what was read.
            tensors: what the network saw.
            output: of the batch.
            index: the pair's place in it.
        """
        decision = self.checkpoint.decision
        benign, malignant = output.logits[index].double().tolist()
        return Prediction(
            pair=pair,
            probability=float(probabilities(output.logit[index].numpy(), decision.temperature)),
            threshold=decision.threshold,
            logits=(benign, malignant),
            image=tensors.image.numpy(),
            affines=rois.affines,
            attention=output.attention_of(index),
            member_probabilities=output.members_of(index),
            findings=rois.findings,
            series=rois.series,
            code_book=self.checkpoint.code_book,
            trained_on=self.checkpoint.trained_on,
            caveat=self.checkpoint.caveat(pair),
            sees_clinical=self.checkpoint.sees_clinical,
        )

    def _read(
        self, pair: FollowUpPair, folder: Path, cache: RoiCache | None, scan_order: tuple[int, int] = (0, 1)
    ) -> tuple[PairRois, PairTensors]:
        if cache is not None:
            rois = cache.read(pair, folder)
        else:
            rois = read_pair(
                pair,
                folder,
                self.checkpoint.roi,
                repeat_missing_prior=not self.needs_prior,
                find_series=self.find_series,
            )
        order = list(scan_order)
        rois = replace(rois, array=rois.array[order], affines=rois.affines[order])
        return rois, pair_tensors(pair, rois, self.checkpoint.roi, self.checkpoint.code_book)


def _stacked(tensors: Sequence[PairTensors]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the network's inputs of several pairs: image (B, 2, D, H, W), clinical (B, V), interval_days (B,)."""
    return (
        torch.stack([one.image for one in tensors]),
        torch.stack([one.clinical for one in tensors]),
        torch.stack([one.interval_days for one in tensors]),
    )


def _device(device: str | torch.device | None) -> torch.device:
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.zeros(0, device=device).device
    except (RuntimeError, AssertionError) as error:
        reason = " ".join(str(error).split())
        raise BundleError(f"{device!r} cannot be used: {reason}", record="device", remedy="Use cpu or cuda.") from None


def _batches(pairs: Sequence[FollowUpPair], size: int) -> Iterator[Sequence[FollowUpPair]]:
    for start in range(0, len(pairs), size):
        yield pairs[start : start + size]
