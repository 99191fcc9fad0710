"""The steps of the Model Zoo's verification, on the packed archive in an empty folder: no data, nothing prepared."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from helpers.alone import run_alone
from helpers.workflow_runs import REPOSITORY

from csfnet_bundle.serving.archive import ARCHIVE_NAME, write_archive

SCHEMA = "meta_schema_20240725.json"
START = """
import warnings
warnings.simplefilter("ignore")
import torch
from monai.bundle import ckpt_export, create_workflow, load, verify_metadata, verify_net_in_out
from monai.handlers import CheckpointLoader
from ignite.engine import Engine, Events
INFERENCE, META = "configs/inference.json", "configs/metadata.json"
expected = torch.load("models/model.pt", weights_only=True)
def same(network):
    found = network.state_dict()
    further = found.keys() - expected.keys()  # TorchScript keeps buffers that are no weights, too
    assert all(name.endswith((".offsets", ".sizes", ".frequencies")) for name in further), further
    assert all(torch.equal(found[name].cpu(), tensor) for name, tensor in expected.items())
"""
STEPS = {
    "properties of inference": """
workflow = create_workflow(config_file=INFERENCE, workflow_type="inference", logging_file=False)
assert workflow.check_properties() == [], workflow.check_properties()
""",
    "properties of training": """
workflow = create_workflow(config_file="configs/train.json", workflow_type="train", logging_file=False)
assert workflow.check_properties() == [], workflow.check_properties()
""",
    "network of inference": """
verify_net_in_out(net_id="network_def", meta_file=META, config_file=INFERENCE, device="cpu")
""",
    "network of training": """
verify_net_in_out(net_id="network_def", meta_file=META, config_file="configs/train.json", device="cpu")
""",
    "export of the checkpoint": """
files = {"filepath": "model.ts", "ckpt_file": "models/model.pt", "meta_file": META, "config_file": INFERENCE}
ckpt_export(net_id="network_def", **files)
same(torch.jit.load("model.ts"))
""",
    "stock loaders": """
from csfnet_bundle.networks import create_network
from csfnet_bundle.prediction.checkpoint import load_checkpoint
def fresh():
    return create_network(load_checkpoint("models/model.pt").architecture)
network = fresh()
engine = Engine(lambda *_: None)
CheckpointLoader("models/model.pt", {"model": network}, map_location="cpu").attach(engine)
engine.run([0])
same(network)
same(load(@@NAME@@, bundle_dir="..", workflow_type="inference", device="cpu"))
narrow = create_network({"name": "CSFNet", "widths": [[4], [4], [8]]})
try:
    CheckpointLoader("models/model.pt", {"model": narrow}, map_location="cpu").attach(other := Engine(lambda *_: None))
    other.run([0])
except RuntimeError as error:
    assert "size mismatch" in str(error) or "Missing key" in str(error)
else:
    raise AssertionError("another network was loaded without a word")
""".replace("@@NAME@@", repr(ARCHIVE_NAME)),
}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """The archive of the shipped bundle, unpacked."""
    write_archive(tmp_path / "bundle.zip", REPOSITORY, REPOSITORY / "models" / "model.pt")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as file:
        file.extractall(tmp_path)
    return tmp_path / ARCHIVE_NAME


@pytest.mark.long
def test_every_step_of_the_verification(
    bundle: Path, shared_data: Path, small_cohort: Path, run: Callable[..., None], tmp_path: Path
) -> None:
    """In one process, since each takes seconds to import MONAI; the last step printed is the one that failed.

    The last of all predicts a cohort as a user would, and as the checkout does.
    """
    schema = shared_data / "monai" / SCHEMA
    steps = dict(STEPS)
    if schema.is_file():
        steps["metadata"] = f"verify_metadata(meta_file=META, filepath={str(schema)!r})\n"
    there, here = tmp_path / "there", tmp_path / "here"
    words = ["monai.bundle", "run", "inference", "--config_file", "configs/inference.json"]
    words += [f"--dataset_dir={small_cohort}", f"--output_dir={there}"]
    words += ["--clicks=False", "--measure=False"]
    steps["the measuring network"] = "from csfnet_bundle.nodule.network import load_network\nload_network()\n"
    steps["a user's predictions"] = f"""
sys.argv = {words!r}
runpy.run_module("monai.bundle", run_name="__main__")
"""
    body = "".join(f"print({name!r}, flush=True)\n{code}" for name, code in steps.items())
    run_alone(f"{START}{body}import csfnet_bundle\n", bundle, PYTHONPATH=str(bundle))
    assert not (bundle / "data").exists()
    model = REPOSITORY / "models" / "model.pt"
    run("inference", ["inference.json"], checkpoint_path=str(model), output_dir=str(here))
    tables = [pd.read_csv(folder / "predictions.csv") for folder in (there, here)]
    assert len(tables[0]) == 2
    pd.testing.assert_frame_equal(*tables)
