"""The part of MONAI Label 0.8.5 that our app builds on, in its order, without its packages."""

import copy
import json
import sys
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from monai.bundle import ConfigParser

from helpers.http_error import HttpError


class InferType(StrEnum):
    """Kinds of models; OHIF and Slicer list deepgrow for clicks."""

    DEEPGROW = "deepgrow"
    CLASSIFICATION = "classification"


class InferTask:
    """A model."""

    def __init__(self, type: str, labels: Any, dimension: int, description: str, config: Any = None) -> None:
        self.type, self.labels, self.dimension, self.description = type, labels, dimension, description
        self._config = dict(config or {})

    def info(self) -> dict[str, Any]:
        """Return what viewers see of it."""
        names = ("type", "labels", "dimension", "description")
        return {**{name: getattr(self, name) for name in names}, "config": self._config}


class BundleInferTask(InferTask):
    """A model out of a bundle."""

    def __init__(self, path: str, conf: dict[str, str]) -> None:
        self.bundle_config = self._load_bundle_config(path, str(Path(path, "configs", "inference.json")))
        self.network = self.bundle_config.get_parsed_content("network_def")
        super().__init__(InferType.CLASSIFICATION, {"benign": 0, "malignant": 1}, 3, "")

    def _load_bundle_config(self, path: str, config: str) -> ConfigParser:
        parser = ConfigParser()
        parser.read_config(config)
        parser.config.update({"bundle_root": path})
        return parser

    def is_valid(self) -> bool:
        """Say that it can be asked."""
        return True


class Datastore:
    """A folder of images, by their names without ending."""

    def __init__(self, folder: str) -> None:
        self._datastore_path = folder

    def list_images(self) -> list[str]:
        """Return the ids."""
        return [path.name.split(".nii")[0] for path in Path(self._datastore_path).glob("*.nii*")]

    def get_image_uri(self, image_id: str) -> str:
        """Return a path; empty for an image that is not there."""
        found = [path for path in Path(self._datastore_path).glob("*.nii*") if path.name.split(".nii")[0] == image_id]
        return str(found[0]) if found else ""


class MONAILabelApp:
    """The base of an app."""

    def __init__(self, app_dir: str, studies: str, conf: dict[str, str], **about: Any) -> None:
        self.app_dir, self.studies, self.conf, self.about = app_dir, studies, conf, about
        self._datastore = Datastore(studies)
        self._infers: dict[str, Any] = self.init_infers()
        self._strategies = self.init_strategies()

    def init_infers(self) -> dict[str, Any]:
        """Return no models."""
        return {}

    def init_strategies(self) -> dict[str, Any]:
        """Return no strategies."""
        return {}

    def datastore(self) -> Datastore:
        """Return the images."""
        return self._datastore

    def info(self) -> dict[str, Any]:
        """Return what a viewer asks for first."""
        return {**self.about, "models": {name: task.info() for name, task in self._infers.items() if task.is_valid()}}

    def infer(self, request: Any, datastore: Any = None) -> dict[str, Any]:
        """Ask a model."""
        task = self._infers.get(request["model"])
        if task is None:
            raise RuntimeError(f"there is no model '{request['model']}' available")
        request = copy.deepcopy(request)
        request["description"] = task.description
        if not Path(request["image"]).exists():
            request["image"] = self._datastore.get_image_uri(request["image"])
        file, params = task(request)
        return {"file": file, "params": params}


def post(app: Any, model: str, image: str, params: dict[str, Any]) -> dict[str, Any]:
    """Send what the endpoint ``/infer`` makes of a viewer's form; the params go through JSON, as on the wire."""
    answer: dict[str, Any] = app.infer({"model": model, "image": image, **json.loads(json.dumps(params))})
    json.dumps(answer["params"], allow_nan=False)  # as FastAPI sends it
    return answer


def install(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    """Put the modules where the app imports them from."""
    parts = {
        "monailabel": {},
        "monailabel.interfaces": {},
        "monailabel.interfaces.app": {"MONAILabelApp": MONAILabelApp},
        "monailabel.interfaces.tasks": {},
        "monailabel.interfaces.tasks.infer_v2": {"InferTask": InferTask, "InferType": InferType},
        "monailabel.interfaces.tasks.strategy": {"Strategy": object},
        "monailabel.tasks": {},
        "monailabel.tasks.activelearning": {},
        "monailabel.tasks.activelearning.first": {"First": object},
        "monailabel.tasks.activelearning.random": {"Random": object},
        "monailabel.tasks.infer": {},
        "monailabel.tasks.infer.bundle": {"BundleInferTask": BundleInferTask},
        "monailabel.config": {"settings": type("Settings", (), settings)()},
        "fastapi": {"HTTPException": HttpError},
    }
    for name, content in parts.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
