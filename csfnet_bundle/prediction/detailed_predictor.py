"""What stands beside the number of a prediction: checks of points and looks, measurements, band, pictures, a map."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from csfnet_bundle.evaluation.decision import probabilities
from csfnet_bundle.inputs import locate_pair
from csfnet_bundle.inputs.place_check import check_places
from csfnet_bundle.inputs.tensors import clinical_tokens, interval_tensor, scale_window
from csfnet_bundle.nodule.pair import measure_pair
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint
from csfnet_bundle.prediction.clicks import shifted_rois, span_finding
from csfnet_bundle.prediction.explanation import occlusion_map
from csfnet_bundle.prediction.input_checks import measured_findings, training_domain, unlike_findings, without_pleural
from csfnet_bundle.prediction.pair_predictor import BATCH_SIZE, PairPredictor
from csfnet_bundle.prediction.prediction import Prediction
from csfnet_bundle.records import FollowUpPair


class DetailedPredictor(PairPredictor):
    """Adds to a prediction, one by one, what a reader wants to see beside its number.

    Takes the arguments of :class:`csfnet_bundle.prediction.pair_predictor.PairPredictor`.
    """

    def __init__(
        self,
        checkpoint: ModelCheckpoint,
        device: str | torch.device | None = None,
        *,
        follow_links: bool = False,
        network: torch.nn.Module | None = None,
    ) -> None:
        super().__init__(checkpoint, device, follow_links=follow_links, network=network)
        self._domain = training_domain(checkpoint)

    def with_place_checks(self, prediction: Prediction, folder: Path, *, lungs: bool) -> Prediction:
        """Return a prediction with what speaks against its points and the looks of its ROIs among the findings.

        Args:
            prediction: of a pair.
            folder: the datalist's folder.
            lungs: also look for the lungs in both scans.

        Raises:
            Refusal: ``NO_LUNG_AT_POINT``, or as :func:`csfnet_bundle.inputs.locate_pair`.
        """
        doubts = check_places(
            prediction.pair,
            folder,
            prediction.centers_lps,
            one_scan=not self.needs_prior,
            lungs=lungs,
            find_series=self.find_series,
        )
        return replace(prediction, findings=(*doubts, *self.unlike_findings(prediction), *prediction.findings))

    def unlike_findings(self, prediction: Prediction) -> tuple[str, ...]:
        """Return what to say where the ROIs are unlike those that the weights were trained on."""
        return unlike_findings(self.checkpoint, self._domain, prediction.image)

    def with_measurements(self, prediction: Prediction, folder: Path) -> Prediction:
        """Return a prediction with the nodule measured in both scans, and its growth.

        What the measurement says against the inputs (the ROI cuts the nodule; its size was not trained on) stands among
        the findings.

        Args:
            prediction: of a pair.
            folder: the datalist's folder.

        Raises:
            Refusal: as :func:`csfnet_bundle.inputs.locate_pair`; a nodule that cannot be measured is no error but a
                note in the measurements.
            BundleError: the measuring network's file is not there.
        """
        pair = prediction.pair
        scans = locate_pair(pair, folder, one_scan=not self.needs_prior, find_series=self.find_series)
        opened = [None if scan is None else scan.opened for scan in scans]
        measured = measure_pair(opened, prediction.centers_lps, pair.days)
        found = measured_findings(self._domain, measured, prediction.affines, self.checkpoint.roi.size, opened)
        told = without_pleural(prediction.findings, measured, scans, prediction.centers_lps)
        return replace(prediction, measured=measured, findings=(*found, *told))

    def with_band(self, prediction: Prediction, folder: Path) -> Prediction:
        """Return a prediction with the band of probabilities that 27 clicks within 2 mm give.

        Args:
            prediction: of a pair.
            folder: the datalist's folder.

        Raises:
            Refusal: as :func:`csfnet_bundle.inputs.read_pair`.
        """
        pair, checkpoint = prediction.pair, self.checkpoint
        rois = shifted_rois(
            pair,
            folder,
            prediction.centers_lps,
            checkpoint.roi,
            one_scan=not self.needs_prior,
            find_series=self.find_series,
        )
        image = scale_window(rois, checkpoint.roi.window)  # (27, 2, D, H, W)
        clinical, interval = clinical_tokens(pair, checkpoint.code_book), interval_tensor(pair)
        logits = [
            self.forward(some, clinical.expand(len(some), -1), interval.expand(len(some))).logit
            for some in torch.split(image, BATCH_SIZE)
        ]
        values = probabilities(torch.cat(logits).numpy(), checkpoint.decision.temperature)
        # A batch rounds otherwise than one pair: the answer itself is one of the clicks.
        band = (
            min(float(values.min()), prediction.probability),
            max(float(values.max()), prediction.probability),
        )
        finding = span_finding(*band)
        findings = prediction.findings if finding is None else (finding, *prediction.findings)
        return replace(prediction, band=band, findings=findings)

    def check_pair(self, pair: FollowUpPair, folder: Path) -> tuple[str, ...]:
        """Return what speaks against the inputs of a pair, besides its points, for these weights.

        Args:
            pair: a record of a datalist.
            folder: the datalist's folder.

        Raises:
            BundleError: as :meth:`predict_pair`.
        """
        made = self.predict_pair(pair, folder)
        made = replace(made, findings=self.unlike_findings(made))
        return self.with_band(self.with_measurements(made, folder), folder).findings

    def with_pictures(self, prediction: Prediction, folder: Path) -> Prediction:
        """Return a prediction with what a report shows of its scans.

        Args:
            prediction: of a pair; where it was measured, the pictures have the nodule's outline.
            folder: the datalist's folder.

        Raises:
            Refusal: as reading the ROIs.
        """
        # What draws a report is not needed to predict from Python.
        from csfnet_bundle.prediction.pictures import pair_pictures

        pictures = pair_pictures(
            prediction.pair,
            folder,
            prediction.centers_lps,
            self.checkpoint.roi,
            prediction.measured,
            one_scan=not self.needs_prior,
            find_series=self.find_series,
        )
        return replace(prediction, pictures=pictures)

    def with_explanation(self, prediction: Prediction) -> Prediction:
        """Return a prediction with a map of where its answer depends on the voxels; needs MONAI."""
        pair, image = prediction.pair, torch.from_numpy(prediction.image)
        clinical, interval = clinical_tokens(pair, self.checkpoint.code_book), interval_tensor(pair)
        made = occlusion_map(self.network, image, clinical, interval, self.checkpoint.roi)
        return replace(prediction, explanation=made)
