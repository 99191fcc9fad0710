"""What MONAI Label 0.8.5 does with a bundle and a request, in its order, without its server and its environment."""

from pathlib import Path
from typing import Any

import torch
from monai.bundle import ConfigParser
from monai.data import decollate_batch

REPOSITORY = Path(__file__).resolve().parents[2]


class StandInServer:
    """The bundle behind the config that ``label-app`` puts into the app."""

    def __init__(self, studies: Path, model: Path, **override: Any) -> None:
        self.parser = ConfigParser()
        self.parser.read_config(REPOSITORY / "configs" / "monai_label.json")
        settings = {"studies_dir": str(studies), "checkpoint_path": str(model), "device": "cpu", **override}
        self.parser.config.update(settings)
        self.network = self.parser.get_parsed_content("network_def").eval()

    def infer(self, image: object, **params: Any) -> list[float]:
        """Return the scores of the answer: benign, malignant."""
        own = {"model": "bundle", "model_filename": ["model.pt"], "device": "cpu", "description": "", "latencies": {}}
        data: dict[Any, Any] = {**own, "image": image, "image_path": image, **params}
        for step in self.parser.get_parsed_content("preprocessing").transforms:
            data = step(data)
        with torch.no_grad():
            outputs = self.parser.get_parsed_content("inferer")(data["image"][None].to("cpu"), self.network)
        data["pred"] = decollate_batch(outputs)[0]
        for step in self.parser.get_parsed_content("postprocessing").transforms:
            data = step(data)
        # Its Restored: it would resize the prediction to the image's spatial_shape; then its ClassificationWriter.
        assert "spatial_shape" not in data["image"].meta
        return [float(score) for score in data["pred"].array]
