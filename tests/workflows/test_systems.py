"""Every system trains from configs/train.json by its name."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.small_cohort import make_small_cohort
from helpers.workflow_runs import REPOSITORY, TRAIN, make_workflow

from csfnet_bundle.core.error_hook import bundle_error_in
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.networks import SYSTEMS, create_system, system_architecture
from csfnet_bundle.prediction.checkpoint import load_checkpoint
from csfnet_bundle.records import Datalist, load_datalist, save_datalist

NARROW = 0.125
"""The width of configs/cpu_demo.json."""


PRETRAINED = {system.name: system.compared_with for system in SYSTEMS.values() if system.compared_with}
ONE_SCAN = {"t1_image", "t1_image_clinical", "nas_lung", "radfusion"}


def _files(system: str) -> list[str]:
    config = SYSTEMS[system].config
    return [*TRAIN, *([f"systems/{config}.json"] if config else [])]


def test_every_config_of_systems_is_used() -> None:
    found = {path.stem for path in (REPOSITORY / "configs" / "systems").glob("*.json")}
    assert found == {system.config for system in SYSTEMS.values()} - {""}


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_name_makes_the_network_of_its_row(system: str, small_cohort: Path) -> None:
    workflow = make_workflow("training", _files(system), system=system, dataset_dir=str(small_cohort))
    network = workflow.parser.get_parsed_content("network_def")
    expected = system_architecture(system, NARROW, (16, 32, 32))
    assert expected.items() <= network.architecture().items()
    assert network.architecture()["name"] == SYSTEMS[system].network.__name__
    assert system in workflow.parser.get_parsed_content("output_dir")
    workflow.finalize()


@pytest.mark.parametrize("system", PRETRAINED)
def test_a_pre_trained_system_never_starts_from_nothing(system: str, small_cohort: Path, tmp_path: Path) -> None:
    settings = {"dataset_dir": str(small_cohort), "bundle_root": str(tmp_path)}
    workflow = make_workflow("training", _files(system), system=system, **settings)
    with pytest.raises(RuntimeError) as wrapped:
        workflow.parser.get_parsed_content("transfer")
    assert f"there is no checkpoint {tmp_path / 'output/medst/model.pt'}" in str(bundle_error_in(wrapped.value))
    workflow.finalize()


@pytest.mark.parametrize("system", [name for pair in PRETRAINED.items() for name in pair])
def test_an_encoder_can_be_that_of_any_pre_training(system: str, small_cohort: Path) -> None:
    """As docs/medst.md says for the variant ``faithful``; the one from random weights, its reference, too."""
    other = {"medst_size": "tiny", "network_arguments#shared_class_token": True, "network_arguments#mask_blank": False}
    workflow = make_workflow("training", _files(system), system=system, dataset_dir=str(small_cohort), **other)
    made = workflow.parser.get_parsed_content("network_def").architecture()
    assert (made["size"], made["shared_class_token"], made["mask_blank"]) == ("tiny", True, False)
    workflow.finalize()


def test_alone_a_system_has_its_full_width_and_its_published_optimiser(small_cohort: Path) -> None:
    files = ["train.json", "systems/nas_lung.json"]
    workflow = make_workflow("training", files, system="nas_lung", dataset_dir=str(small_cohort))
    assert workflow.parser.get_parsed_content("network_def").architecture()["widths"][-1][-1] == 512
    group = workflow.parser.get_parsed_content("optimizer").param_groups[0]
    assert group["lr"] == 2e-4
    assert tuple(group["betas"]) == (0.5, 0.999)
    workflow.finalize()


@pytest.mark.parametrize("system", ["deepcad", "t_lstm", "without_cmaf_clinical"])
def test_a_system_trains(system: str, run: Callable[..., None], tmp_path: Path) -> None:
    settings = {"train#trainer#max_epochs": 1, "width": 1 / 64, "output_dir": str(tmp_path)}
    run("training", TRAIN, system=system, **settings)
    assert (
        load_checkpoint(tmp_path / "model.pt").create_network().architecture()["name"]
        == SYSTEMS[system].network.__name__
    )


@pytest.fixture(scope="module")
def one_scan_cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small cohort without any t0."""
    folder = make_small_cohort(tmp_path_factory.mktemp("one_scan"))
    datalist = load_datalist(folder)
    sections = {name: tuple(replace(pair, t0=None) for pair in pairs) for name, pairs in datalist.sections.items()}
    save_datalist(Datalist(folder, sections, datalist.header))
    return folder


def test_a_system_of_one_scan_trains_without_priors(
    one_scan_cohort: Path, run: Callable[..., None], tmp_path: Path
) -> None:
    settings = {"train#trainer#max_epochs": 1, "width": 1 / 64, "dataset_dir": str(one_scan_cohort)}
    run("training", TRAIN, system="t1_image", **settings, output_dir=str(tmp_path / "t1"))
    assert load_checkpoint(tmp_path / "t1" / "model.pt").provenance["validation"]["pairs"] == 8


def test_which_systems_need_no_prior() -> None:
    alone = {system for system in SYSTEMS if not create_system(system, NARROW, (16, 32, 32)).needs_prior}
    assert alone == ONE_SCAN


def test_a_system_of_two_scans_refuses_a_missing_prior(
    one_scan_cohort: Path, run: Callable[..., None], tmp_path: Path
) -> None:
    with pytest.raises((BundleError, RuntimeError), match=r"NO_PRIOR|prepare"):
        run(
            "training",
            TRAIN,
            dataset_dir=str(one_scan_cohort),
            output_dir=str(tmp_path / "csfnet"),
        )
    assert not (tmp_path / "csfnet" / "model.pt").exists()
