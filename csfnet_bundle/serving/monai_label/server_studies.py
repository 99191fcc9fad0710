"""The images of a running MONAI Label server: ids and paths, and a patient's prior where its PACS knows one."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import Any

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.scans.dicom import scan_folder
from csfnet_bundle.scans.volume_files import is_volume_file
from csfnet_bundle.serving.monai_label.studies import MissingScanError, StudiesFolder

UID = re.compile(r"[0-9]+(\.[0-9]+)+")
LONGEST_UID = 64


class ServerStudies:
    """Images in a folder.

    Args:
        datastore: MONAI Label's.
        folder: where its images lie.
    """

    def __init__(self, datastore: Any, folder: str | Path) -> None:
        self._datastore = datastore
        self.folder = StudiesFolder(folder)

    def find_scan(self, name: str, record: str) -> str:
        """Return the path, in the studies, of an image that is named by its id or by its path.

        Raises:
            MissingScanError: there is none.
        """
        try:
            return str(self.folder.find(name, record))
        except MissingScanError:
            if name not in self._datastore.list_images():
                raise
        return str(self.folder.find(self._datastore.get_image_uri(name), record))

    def find_prior(self, path: str) -> str | None:
        """Return None: a NIfTI file does not say whose it is."""
        return None


class DicomWebStudies(ServerStudies):
    """Series of a PACS, which MONAI Label fetches whole into its cache: DICOM in a folder, NIfTI beside it."""

    def find_scan(self, name: str, record: str) -> str:
        """Return the folder of a series' DICOM files, which name the patient and the date, as NIfTI does not.

        Args:
            name: SeriesInstanceUID; or a path in the cache: of the series' NIfTI file, as MONAI Label hands it on, or
                of its folder.
            record: which param names it.

        Raises:
            MissingScanError: it is neither, or the PACS has no such series.
        """
        if _is_uid(name):
            try:
                self._datastore.get_image_uri(name)
            except Exception:  # whatever its client raises; it may name the patient
                raise MissingScanError("the PACS gives no such series", record=record) from None
            return str(self.folder.find(name, record))
        found = self.folder.find(name, record)
        series = found.name.split(".nii")[0]
        original = found.parent / series
        return str(original) if is_volume_file(found) and (self.folder.folder / original).is_dir() else str(found)

    def find_prior(self, path: str) -> str | None:
        """Fetch the series of the patient's latest earlier chest CT that goes with a series; return its folder.

        Args:
            path: the current series' folder in the studies.

        Raises:
            Refusal: no series of a prior goes with it.
            BundleError: the PACS fails, or has no prior.
        """
        from csfnet_bundle.serving.pacs.priors import choose_pair, current_study, prior_studies
        from csfnet_bundle.serving.pacs.service import DicomWebService

        series = scan_folder(self.folder.folder / path)
        if not series:
            raise BundleError("no DICOM series lies there", record="image")
        service = DicomWebService(_access(self._datastore))
        current = current_study(service, series[0].study_uid)
        priors = prior_studies(service, current)
        with tempfile.TemporaryDirectory(prefix="csfnet_pacs_") as temporary:
            pair = choose_pair(service, current, priors, Path(temporary), series1=series[0].uid)
        return self.find_scan(pair.t0.uid, "t0")


def _is_uid(name: str) -> bool:
    return UID.fullmatch(name) is not None and len(name) <= LONGEST_UID


def _access(datastore: Any) -> Any:
    """Return the address of the datastore's PACS with MONAI Label's credentials for it, else this bundle's."""
    from monailabel.config import settings

    from csfnet_bundle.serving.pacs.access import PASSWORD, USER, Access

    own = {USER: settings.MONAI_LABEL_DICOMWEB_USERNAME, PASSWORD: settings.MONAI_LABEL_DICOMWEB_PASSWORD}
    given = {name: value for name, value in own.items() if value}
    return Access.from_environment(datastore.name(), {**os.environ, **given})
