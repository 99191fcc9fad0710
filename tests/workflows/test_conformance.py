"""What MONAI's own tools ask of a bundle, and versions that agree wherever they stand."""

import json
import re
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch
from monai.bundle import ConfigWorkflow, ckpt_export, verify_metadata, verify_net_in_out
from packaging.requirements import Requirement
from workflow_runs import EVALUATE, REPOSITORY, TRAIN

import csfnet_bundle
from csfnet_bundle.training import load_checkpoint

METADATA = str(REPOSITORY / "configs" / "metadata.json")
DISTRIBUTIONS = {"itk": "itk-io"}
"""Where the module that MONAI names and the package that pip installs have different names."""
BESIDE = {"torch": "pytorch_version", "monai": "monai_version", "numpy": "numpy_version"}


def _configs(*names: str) -> list[str]:
    return [str(REPOSITORY / "configs" / name) for name in names]


@pytest.fixture(scope="module")
def metadata() -> dict[str, Any]:
    return json.loads(Path(METADATA).read_text())


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        (["train.json"], "train"),
        (EVALUATE, "train"),
        (TRAIN, "train"),
        (["train.json", "multi_gpu_train.json"], "train"),
        (["inference.json"], "infer"),
    ],
)
def test_every_property_is_there(files: list[str], kind: str) -> None:
    workflow = ConfigWorkflow(_configs(*files), workflow_type=kind, logging_file=False, bundle_root=str(REPOSITORY))
    assert workflow.check_properties() == []


def test_the_check_of_properties_can_fail() -> None:
    workflow = ConfigWorkflow(_configs("train.json"), workflow_type="train", logging_file=False)
    del workflow.parser["train"]["inferer"]
    assert workflow.check_properties() == ["train_inferer"]


def test_the_metadata_follow_the_schema(shared_data: Path) -> None:
    schema = shared_data / "monai" / "meta_schema_20240725.json"
    if not schema.is_file():
        pytest.skip(f"the schema {schema} is not on this machine")
    verify_metadata(meta_file=METADATA, filepath=str(schema))


@pytest.mark.parametrize("files", [["train.json"], TRAIN, ["inference.json"]])
def test_the_network_takes_and_gives_what_the_metadata_say(files: list[str]) -> None:
    verify_net_in_out(
        net_id="network_def",
        meta_file=METADATA,
        config_file=_configs(*files),
        device="cpu",
        bundle_root=str(REPOSITORY),
        training_dir=str(REPOSITORY / "models"),
    )


def test_the_model_can_be_exported(tmp_path: Path) -> None:
    """As TorchScript, with the same answer as the network that it was made from."""
    model = REPOSITORY / "models" / "model.pt"
    ckpt_export(
        net_id="network_def",
        filepath=str(tmp_path / "model.ts"),
        ckpt_file=str(model),
        meta_file=METADATA,
        config_file=_configs("inference.json"),
        key_in_ckpt="model",
        bundle_root=str(REPOSITORY),
        training_dir=str(REPOSITORY / "models"),
    )
    checkpoint = load_checkpoint(model)
    image = torch.rand(1, 2, *checkpoint.roi.size)
    with torch.no_grad():
        expected = checkpoint.create_network().eval()(image)
        torch.testing.assert_close(torch.jit.load(tmp_path / "model.ts").eval()(image), expected)


def test_the_shipped_model_is_small_and_says_what_it_is() -> None:
    model = REPOSITORY / "models" / "model.pt"
    assert model.stat().st_size < 5_000_000
    assert load_checkpoint(model).provenance["phantom"] is True


def test_one_version_everywhere(metadata: dict[str, Any]) -> None:
    changes = (REPOSITORY / "CHANGELOG.md").read_text()
    newest = re.findall(r"^## (\d+\.\d+\.\d+)\b", changes, flags=re.MULTILINE)[0]
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    assert csfnet_bundle.__version__ == metadata["version"] == newest == next(iter(metadata["changelog"]))
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"]["attr"] == "csfnet_bundle.__version__"
    assert version("csfnet-bundle") == newest


def _requirements() -> dict[str, Requirement]:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    return {found.name: found for found in map(Requirement, project["dependencies"])}


def _stated(metadata: dict[str, Any]) -> dict[str, str]:
    """Versions of the metadata by the names that pip knows."""
    packages = {DISTRIBUTIONS.get(name, name): number for name, number in metadata["required_packages_version"].items()}
    return {**packages, **{name: metadata[key] for name, key in BESIDE.items()}}


def test_the_metadata_name_every_dependency(metadata: dict[str, Any]) -> None:
    assert _stated(metadata).keys() == _requirements().keys()


@pytest.mark.parametrize("name", sorted(_requirements()))
def test_the_metadatas_versions_are_those_of_the_project(name: str, metadata: dict[str, Any]) -> None:
    """The stated version is allowed by pyproject.toml, and what is installed here is allowed too."""
    specifier = _requirements()[name].specifier
    assert _stated(metadata)[name] in specifier
    assert specifier.contains(version(name).split("+")[0])
