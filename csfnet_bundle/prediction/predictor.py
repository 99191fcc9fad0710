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

from collections.abc import Mapping
from pathlib import Path

import torch

from csfnet_bundle.core.bundle_root import bundle_root
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point
from csfnet_bundle.inputs import describe_pair, match_prior
from csfnet_bundle.inputs.given_point import PointLike, given_point
from csfnet_bundle.prediction.checkpoint import load_checkpoint, named_weights, shipped_model
from csfnet_bundle.prediction.detailed_predictor import DetailedPredictor
from csfnet_bundle.prediction.prediction import Prediction
from csfnet_bundle.records import FollowUpPair
from csfnet_bundle.records.clinical_words import clinical_codes
from csfnet_bundle.scans.volume_files import name_without_ending


def load(
    path: str | Path | None = None, device: str | torch.device | None = None, *, follow_links: bool = False
) -> Predictor:
    """Load weights and return what predicts with them.

    Args:
        path: a model.pt that this bundle's training wrote, or models/nodules/model.pt, the bundle's second file, which
            also answers for one scan (docs/real_nodules.md); by default the bundle's first, trained on phantoms.
        device: where the network runs, as torch names it; by default the first GPU, else the CPU.
        follow_links: see :func:`csfnet_bundle.scans.dicom.scan_folder`.

    Raises:
        BundleError: no such file, a damaged one, or no weights of this bundle.
    """
    weights = shipped_model(bundle_root()) if path is None else named_weights(path)
    return Predictor(load_checkpoint(weights), device, follow_links=follow_links)


class Predictor(DetailedPredictor):
    """Predicts pairs as a user gives them, with what stands beside the number: checks, measurements, band, pictures.

    Takes the arguments of :class:`csfnet_bundle.prediction.pair_predictor.PairPredictor`.
    """

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
    return None if path.is_dir() else name_without_ending(path)
