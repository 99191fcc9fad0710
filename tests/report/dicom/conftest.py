"""What ``predict --dicom_out`` makes of a pair of DICOM studies."""

import pytest
from helpers.predicted_pair import Predicted, predict_words, write_pair
from helpers.tiny_checkpoint import save_tiny_checkpoint

from csfnet_bundle.commands import main


@pytest.fixture(scope="session")
def predicted(tmp_path_factory: pytest.TempPathFactory) -> Predicted:
    folder = tmp_path_factory.mktemp("dicom_out")
    slices = write_pair(folder)
    model = save_tiny_checkpoint(folder / "model.pt")
    out = folder / "prediction"
    assert main([*predict_words(folder, model, out), "--dicom_out"]) == 0
    return Predicted(slices, folder, model, out)
