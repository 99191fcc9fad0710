"""Predicting from Python: load the weights once, then ask about one pair after the other.

Neither MONAI nor, for NIfTI and MetaImage files, pydicom is imported. Example::

    import csfnet_bundle

    predictor = csfnet_bundle.load()
    prediction = predictor.predict(
        "t1.nii.gz", (52.1, -30.0, -112.5), t0="t0.nii.gz", point0=(50.8, -31.2, -110.0), space="RAS",
        clinical={"age": 63, "cigsmok": 1}, interval_days=371,
    )
    print(prediction.probability, prediction.findings)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from csfnet_bundle.core.bundle_root import bundle_root
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.decision import probabilities
from csfnet_bundle.geometry import Point
from csfnet_bundle.inputs import PairRois, RoiCache, describe_pair, locate_pair, match_prior, read_pair
from csfnet_bundle.inputs.given_point import PointLike, given_point
from csfnet_bundle.inputs.locating import FindSeries
from csfnet_bundle.inputs.place_check import check_places
from csfnet_bundle.inputs.series_memory import SeriesMemory
from csfnet_bundle.inputs.tensors import PairTensors, clinical_tokens, interval_tensor, pair_tensors, scale_window
from csfnet_bundle.nodule.pair import measure_pair
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint, load_checkpoint, shipped_model
from csfnet_bundle.prediction.clicks import shifted_rois, span_finding
from csfnet_bundle.prediction.explanation import occlusion_map
from csfnet_bundle.prediction.forward import NetworkOutput, ask, run_network
from csfnet_bundle.prediction.input_checks import measured_findings, training_domain, unlike_findings
from csfnet_bundle.prediction.prediction import Prediction
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.records.clinical_words import clinical_codes
from csfnet_bundle.scans.volume_files import SUFFIXES

BATCH_SIZE = 8
"""Pairs in one pass of the network: a few hundred megabytes at the paper's width."""


def load(
    path: str | Path | None = None, device: str | torch.device | None = None, *, follow_links: bool = False
) -> Predictor:
    """Load weights and return what predicts with them.

    Args:
        path: a model.pt that this bundle's training wrote; by default the bundle's own, trained on phantoms.
        device: where the network runs, as torch names it; by default the first GPU, else the CPU.
        follow_links: see :func:`csfnet_bundle.scans.dicom.scan_folder`.

    Raises:
        BundleError: no such file, a damaged one, or no weights of this bundle.
    """
    return Predictor(
        load_checkpoint(shipped_model(bundle_root()) if path is None else path), device, follow_links=follow_links
    )


class Predictor:
    """Predicts with the weights of a checkpoint.

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
        self._domain = training_domain(checkpoint)

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

    def predict(
        self,
        t1: str | Path,
        point1: PointLike,
        *,
        t0: str | Path | None = None,
        point0: PointLike | None = None,
        space: str = "LPS",
        clinical: Mapping[str, object] | None = None,
        interval_days: float | None = None,
        subject: str | None = None,
        series0: str | None = None,
        series1: str | None = None,
        study0: str | None = None,
        study1: str | None = None,
        nodule: str = "1",
        check: bool = False,
        clicks: bool = True,
        measure: bool = False,
        pictures: bool = False,
        explain: bool = False,
    ) -> Prediction:
        """Predict the malignancy of one nodule that was seen in two CT scans, or in one.

        A second call costs only the ROIs and the network: the headers of DICOM folders are remembered.

        Args:
            t1: the later scan: a folder of DICOM files, or a .nii, .nii.gz, .mha or .mhd file.
            point1: the nodule's centre in t1: three numbers, text such as the command line takes, a
                :class:`csfnet_bundle.geometry.Point`, or a :class:`csfnet_bundle.scans.dicom.image_point.ImagePoint`.
            t0: the earlier scan; without it, the weights must be of a network that can do without.
            point0: the nodule's centre in t0; without it, it is found from ``point1``, which takes some seconds.
            space: of points given as numbers: ``"LPS"`` or ``"RAS"`` (mm), or ``"voxel"``, (column, row, slice) from 0.
            clinical: NLST codes by variable name (race, cigsmok, gender, age, scr_res0, scr_iso0), or words
                (:func:`csfnet_bundle.records.clinical_words.clinical_codes`); what is left out counts as missing.
            interval_days: days between the scans; by default from the study dates.
            subject: PatientID; by default that of the DICOM files, or the name of a NIfTI or MetaImage file.
            series0: SeriesInstanceUID to read from t0, where its folder holds several.
            series1: SeriesInstanceUID to read from t1.
            study0: StudyInstanceUID to read from t0, where its folder holds several.
            study1: StudyInstanceUID to read from t1.
            nodule: a name for the nodule.
            check: also check two given points against each other, and whether each lies in the lungs, which takes some
                seconds; what speaks against them stands among the findings.
            clicks: also predict for 27 clicks within 2 mm of the one given, for the band beside the probability.
            measure: also measure the nodule in both scans, and its growth, which takes some seconds.
            pictures: also read what a report shows of the scans.
            explain: also ask where the answer depends on the voxels, which needs MONAI and takes some seconds.

        Returns:
            The prediction, with what was read for it.

        Raises:
            Refusal: a scan cannot be read correctly, or the two do not belong together; its ``code`` says why.
            BundleError: a scan that does not exist, a point of a scan that is not given, or a clinical value without
                a code.
        """
        if t0 is None:
            _reject_without_t0(point0=point0, series0=series0, interval_days=interval_days)
        later = _existing(t1, "t1")
        pair = describe_pair(
            Path.cwd(),
            t0=None if t0 is None else (str(_existing(t0, "t0")), given_point(point0, space, name="point0")),
            t1=(str(later), given_point(point1, space, name="point1")),
            nodule=nodule,
            subject=subject,
            default_subject=_stem(later),
            series0=series0,
            series1=series1,
            studies=(study0, study1),
            interval_days=interval_days,
            clinical=clinical_codes(clinical or {}, self.checkpoint.code_book),
            find_series=self.find_series,
        )
        made = self.predict_checked(pair, Path.cwd(), check=check, clicks=clicks, measure=measure)
        if pictures:
            made = self.with_pictures(made, Path.cwd())
        return self.with_explanation(made) if explain else made

    def predict_checked(
        self, pair: FollowUpPair, folder: Path, *, check: bool = False, clicks: bool = True, measure: bool = False
    ) -> Prediction:
        """Predict one pair, find its point in t0 where it has none, and check it.

        Args:
            pair: a record of a datalist.
            folder: the datalist's folder, which the scans' paths are relative to.
            check: see :meth:`predict`.
            clicks: see :meth:`predict`.
            measure: see :meth:`predict`.

        Raises:
            Refusal: as :meth:`predict`.
            BundleError: as :meth:`predict`.
        """
        if pair.t0 is not None and (check or pair.t0.point is None):
            pair = match_prior(pair, folder, find_series=self.find_series)
        made = self.predict_pair(pair, folder)
        made = self.with_place_checks(made, folder, lungs=check)
        if measure:
            made = self.with_measurements(made, folder)
        return self.with_band(made, folder) if clicks else made

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
        return unlike_findings(self._domain, prediction.image, self.checkpoint.roi)

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
        found = measured_findings(self._domain, measured, prediction.affines, self.checkpoint.roi.size)
        return replace(prediction, measured=measured, findings=(*found, *prediction.findings))

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


def _reject_without_t0(**options: object) -> None:
    """Raise BundleError for an option that describes a scan that is not there."""
    for name, value in options.items():
        if value is not None:
            shown = value.coordinates if isinstance(value, Point) else value
            raise BundleError(f"is {shown!r}, but there is no t0", record=name, remedy="Give the earlier scan as t0.")


def _existing(path: str | Path, name: str) -> Path:
    location = Path(path)
    if not location.exists():
        raise BundleError(f"{location} does not exist", record=name, remedy=f"Give the scan's path as {name}.")
    return location.resolve()


def _stem(path: Path) -> str | None:
    """Return the name of a volume file without its ending; None for a folder, whose headers name the patient."""
    if path.is_dir():
        return None
    endings = [suffix for suffix in SUFFIXES if path.name.lower().endswith(suffix)]
    return path.name[: len(path.name) - len(max(endings, key=len, default=""))]


def _batches(pairs: Sequence[FollowUpPair], size: int) -> Iterator[Sequence[FollowUpPair]]:
    for start in range(0, len(pairs), size):
        yield pairs[start : start + size]
