"""What ``predict --dicom_out`` makes of a pair of DICOM studies, and a result to make objects of."""

import pickle
from pathlib import Path

import pytest
from helpers.dicom_result import focused_images, make_result, roi_affine
from helpers.made_once import MadeOnce
from helpers.predicted_pair import Predicted, predict_words, write_pair
from helpers.tiny_checkpoint import save_tiny_checkpoint
from pydicom import Dataset

from csfnet_bundle.commands import main
from csfnet_bundle.report.dicom import NoduleResult, result_objects, write_dataset


@pytest.fixture(scope="session")
def predicted(made_once: MadeOnce) -> Predicted:
    def make(folder: Path) -> None:
        (folder / "slices").write_bytes(pickle.dumps(write_pair(folder)))
        model = save_tiny_checkpoint(folder / "model.pt")
        assert main([*predict_words(folder, model, folder / "prediction"), "--dicom_out"]) == 0

    folder = made_once("dicom_out", make)
    slices = pickle.loads((folder / "slices").read_bytes())
    return Predicted(slices, folder, folder / "model.pt", folder / "prediction")


@pytest.fixture(scope="session")
def result(predicted: Predicted) -> NoduleResult:
    return make_result(predicted.scans)


@pytest.fixture(scope="session")
def objects(result: NoduleResult, predicted: Predicted) -> dict[str, Dataset]:
    """All objects of a result whose attention has a focus."""
    picture = (predicted.out / "100042_1.png").read_bytes()
    return result_objects(result, focused_images(), roi_affine(), {"The pair": picture})


@pytest.fixture(scope="session")
def files(objects: dict[str, Dataset], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same, written."""
    folder = tmp_path_factory.mktemp("objects")
    paths = {name: folder / f"{name}.dcm" for name in objects}
    for name, made in objects.items():
        write_dataset(paths[name], made)
    return paths
