"""The app that MONAI Label loads: the point model for viewers, and the classification for programs.

Runs in MONAI Label's environment only; ``csfnet label-app`` writes the ``main.py`` that imports it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# MONAI Label's own packages, which this package's environment does not have.
from monailabel.interfaces.app import MONAILabelApp
from monailabel.interfaces.tasks.infer_v2 import InferTask, InferType
from monailabel.interfaces.tasks.strategy import Strategy
from monailabel.tasks.activelearning.first import First
from monailabel.tasks.activelearning.random import Random
from monailabel.tasks.infer.bundle import BundleInferTask

import csfnet_bundle
from csfnet_bundle.core.addresses import is_web_address
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.prediction.predictor import Predictor
from csfnet_bundle.serving.archive import ARCHIVE_NAME
from csfnet_bundle.serving.monai_label.click import OPTIONS
from csfnet_bundle.serving.monai_label.http_errors import http_exception, server_error
from csfnet_bundle.serving.monai_label.point_model import LABELS, PointModel, image_name
from csfnet_bundle.serving.monai_label.quiet_log import keep_patients_out_of_the_log, where
from csfnet_bundle.serving.monai_label.request import ReadRequestd
from csfnet_bundle.serving.monai_label.server_studies import DicomWebStudies, ServerStudies

logger = logging.getLogger(__name__)

POINT_MODEL = "lung_nodule_ct_followup_point"
DESCRIPTION = (
    "Click at the middle of a nodule in the current scan: its outline, measured, and its malignancy against the prior. "
    "Research use only."
)


class FollowUpApp(MONAILabelApp):
    """Both models behind one loaded network.

    Args:
        app_dir: the folder of the app.
        studies: a folder of scans, or the address of a DICOMweb service.
        conf: MONAI Label's ``--conf``.
    """

    def __init__(self, app_dir: str, studies: str, conf: dict[str, str]) -> None:
        keep_patients_out_of_the_log()
        super().__init__(
            app_dir=app_dir,
            studies=studies,
            conf=conf,
            name="Lung nodule follow-up (research use)",
            description=DESCRIPTION,
            version=csfnet_bundle.__version__,
            labels=list(LABELS),
        )

    def init_infers(self) -> dict[str, InferTask]:
        """Return the models by their names."""
        datastore = self.datastore()
        remote = is_web_address(str(self.studies))
        folder = datastore._datastore_path if remote else self.studies
        self._server_studies = (DicomWebStudies if remote else ServerStudies)(datastore, folder)
        path = str(Path(self.app_dir, "model", ARCHIVE_NAME))
        classification = Classification(path, self.conf, self._server_studies)
        return {ARCHIVE_NAME: classification, POINT_MODEL: Point(classification, self._server_studies)}

    def init_strategies(self) -> dict[str, Strategy]:
        """Return how a viewer's "next sample" chooses an image."""
        return {"first": First(), "random": Random()}

    def infer(self, request: Mapping[str, Any], datastore: Any = None) -> Any:
        """Answer a request; every failure is a status and one line, and the log has no value of the request.

        Raises:
            fastapi.HTTPException: the request cannot be answered.
        """
        from fastapi import HTTPException

        try:
            # First: MONAI Label would join any name to the path of its cache.
            self._server_studies.find_scan(image_name(request.get("image"), "image"), "image")
            return super().infer(request, datastore)
        except HTTPException:
            raise
        except BundleError as error:
            raise http_exception(error, str(self._server_studies.folder.folder)) from None
        except Exception as error:
            logger.error("a request failed: %s", where(error))
            raise server_error(error) from None


class Classification(BundleInferTask):
    """The bundle as MONAI Label serves any bundle, for the studies of this server.

    Args:
        path: the bundle.
        conf: MONAI Label's ``--conf``.
        studies: the server's images.
    """

    def __init__(self, path: str, conf: dict[str, str], studies: ServerStudies) -> None:
        self._studies = studies
        super().__init__(path, conf)

    def _load_bundle_config(self, path: str, config: str) -> Any:
        loaded = super()._load_bundle_config(path, config)
        loaded.config["studies_dir"] = str(self._studies.folder.folder)
        return loaded


class Point(InferTask):
    """The point model, as MONAI Label calls it.

    Args:
        classification: whose network and settings it uses.
        studies: the server's images.
    """

    def __init__(self, classification: Classification, studies: ServerStudies) -> None:
        super().__init__(InferType.DEEPGROW, dict(LABELS), 3, DESCRIPTION, dict(OPTIONS))
        config = classification.bundle_config
        checkpoint = config.get_parsed_content("checkpoint")
        network = config.get_parsed_content("network_def")
        read_request = ReadRequestd(
            studies.folder.folder, tuple(config.get("ignored_params", ())), checkpoint.code_book
        )
        self._folder = str(studies.folder.folder)
        self._model = PointModel(
            Predictor(checkpoint, network=network.eval()), read_request, studies.find_scan, studies.find_prior
        )

    def is_valid(self) -> bool:
        """Say that it can be asked."""
        return True

    def __call__(self, request: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return the label file's path and the result's params; see :class:`PointModel`."""
        try:
            return self._model(request)
        except BundleError as error:
            raise http_exception(error, self._folder) from None
