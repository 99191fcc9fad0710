"""Med-ST's workflows through the real entry points: pre-training, resuming, evaluating, two processes."""

import itertools
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.medst_cohort import ROI, make_medst_cohort, make_radiographs, make_task_tables
from helpers.workflow_runs import PATIENCE_S, REPOSITORY, command, kill_in_its_middle, make_workflow, start

from csfnet_bundle.core.error_hook import bundle_error_in
from csfnet_bundle.medst import load_pretrained
from csfnet_bundle.networks import create_network, system_architecture
from csfnet_bundle.studies.medst.variants import read_variants
from csfnet_bundle.training.transfer import transfer_weights

PRETRAIN = ["medst_pretrain.json", "medst/tiny.json"]
EVALUATE = ["medst_evaluate.json"]
TWO_EPOCHS = {"train#trainer#max_epochs": 2}
SMALLEST = {
    "text_source": "untrained",
    "images_per_batch": 12,
    "images_per_epoch": 24,
    "train#trainer#max_epochs": 4,
}

SHORT = {**TWO_EPOCHS, "images_per_epoch": SMALLEST["images_per_epoch"]}


@pytest.fixture(scope="module")
def screens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_medst_cohort(tmp_path_factory.mktemp("screens"))


@pytest.fixture(scope="module")
def pretrain(screens: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Give what runs the smallest pre-training into a new folder and returns it."""
    rois = tmp_path_factory.mktemp("rois")

    def run(*switches: str, **override: object) -> Path:
        output = tmp_path_factory.mktemp("medst")
        defaults = {"dataset_dir": str(screens), "cache_dir": str(rois), "output_dir": str(output), "roi": ROI}
        named = {name for switch in switches for name in json.loads((REPOSITORY / "configs" / switch).read_text())}
        smallest = {name: value for name, value in SMALLEST.items() if name not in named}
        workflow = make_workflow("training", [*PRETRAIN, *switches], **{**smallest, **defaults, **override})
        workflow.run()
        workflow.finalize()
        return Path(str(override.get("output_dir", output)))

    return run


@pytest.fixture(scope="module")
def pretrained(pretrain: Callable[..., Path]) -> Path:
    return pretrain()


@pytest.fixture(scope="module")
def two_epochs(pretrain: Callable[..., Path]) -> Path:
    return pretrain(**TWO_EPOCHS, keep_every=1)


def _state(folder: Path) -> dict[str, Any]:
    return torch.load(folder / "training_state.pt", weights_only=True)


def _assert_same_weights(first: Path, second: Path) -> None:
    one, other = (_state(folder)["network"] for folder in (first, second))
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=0, atol=0, msg=name)


@pytest.mark.long
def test_the_loss_falls(pretrain: Callable[..., Path]) -> None:
    # In training: eight patients teach nothing of others.
    quick = {"train#trainer#max_epochs": 24, "optimizer#lr": 0.001, "drop#probability": 0.0}
    still = {f"augmentation#{name}_probability": 0.0 for name in ("flip_rows", "flip_columns", "shift")}
    history = _state(pretrain(**quick, **still))["history"]
    losses = [row["training_loss"] for row in history]
    assert losses[-1] < 0.95 * losses[0]


def test_two_runs_agree(pretrain: Callable[..., Path], pretrained: Path) -> None:
    again = pretrain()
    _assert_same_weights(pretrained, again)
    hashes = {
        load_pretrained(folder / "model.pt").provenance["pretraining"]["config_sha256"]
        for folder in (pretrained, again)
    }
    assert len(hashes) == 1


def test_the_file_says_what_it_was_trained_on(pretrained: Path) -> None:
    found = load_pretrained(pretrained / "model.pt")
    assert found.provenance["phantom"] is True
    assert 1 <= found.provenance["pretraining"]["steps"] <= 8
    assert found.views == ["coronal", "sagittal"]
    assert found.roi["size"] == ROI["size"]


KNOWN = read_variants()
FAITHFUL = KNOWN["faithful"].overrides
SWITCHES = ("direction", "forward_then_reverse", "mispaired", "more_views", "published_local")
"""Those whose code is reached by no other switch; the others are tested with the long tests."""
FURTHER_SWITCHES = (
    *("shared_experts", "temporal_alone", "no_temporal", "uniform_weighting", "shuffled", "reversed", "window_2"),
    *("shuffled_direction", "window_3", "no_variance_floor", "frozen_text"),
    *("mispaired_within", "whole_views", "whole_texts", "volume_view", "no_lateral_no_experts"),
)


@pytest.mark.parametrize(
    "switch", [*SWITCHES, *(pytest.param(name, marks=pytest.mark.long) for name in FURTHER_SWITCHES)]
)
def test_every_switch_trains_something_else(pretrain: Callable[..., Path], two_epochs: Path, switch: str) -> None:
    first, second = (
        _state(folder)["network"] for folder in (two_epochs, pretrain(**{**KNOWN[switch].overrides, **SHORT}))
    )
    assert first.keys() != second.keys() or any(not torch.equal(first[name], second[name]) for name in first)
    assert all(torch.isfinite(part).all() for part in second.values())


@pytest.mark.long
def test_windows_of_five_and_eight_train_something_else(pretrain: Callable[..., Path], tmp_path: Path) -> None:
    cohort = str(make_medst_cohort(tmp_path, screens=8))
    states = [
        _state(pretrain(**{**KNOWN[f"window_{length}"].overrides, **SHORT}, dataset_dir=cohort))["network"]
        for length in (3, 5, 8)
    ]
    for first, second in itertools.combinations(states, 2):
        assert any(not torch.equal(first[name], second[name]) for name in first)
    assert all(torch.isfinite(part).all() for state in states for part in state.values())


def test_the_published_form_wants_sequences_of_four(pretrain: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(RuntimeError) as wrapped:
        pretrain(**FAITHFUL, **TWO_EPOCHS)
    assert "exact_length is 4, and no window has that many studies" in str(bundle_error_in(wrapped.value))
    trained = pretrain(**FAITHFUL, dataset_dir=str(make_medst_cohort(tmp_path, screens=4)), **TWO_EPOCHS)
    found = load_pretrained(trained / "model.pt")
    assert found.network.architecture()["shared_class_token"]
    assert all(torch.isfinite(part).all() for part in found.network.state_dict().values())


@pytest.mark.long
def test_a_killed_run_ends_as_an_undisturbed_one(
    pretrain: Callable[..., Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    epochs = {"train#trainer#max_epochs": 4, "schedule": "forward-then-reverse"}
    undisturbed, disturbed = pretrain(**epochs), tmp_path / "disturbed"
    kill_in_its_middle(partial(pretrain, **epochs, output_dir=str(disturbed)), disturbed, epochs=4)
    with caplog.at_level(logging.INFO, logger="csfnet_bundle"):
        pretrain(**epochs, output_dir=str(disturbed))
    assert "taking up the run" in caplog.text
    _assert_same_weights(undisturbed, disturbed)


def test_other_settings_in_the_same_folder_are_refused(pretrain: Callable[..., Path], pretrained: Path) -> None:
    with pytest.raises(RuntimeError) as wrapped:
        pretrain(output_dir=str(pretrained), order="shuffled")
    assert "order (ordered -> shuffled)" in str(bundle_error_in(wrapped.value))


def _evaluate(training: Path, output: Path, **override: object) -> dict[str, dict[str, dict[str, object]]]:
    paths = {"training_dir": str(training), "output_dir": str(output), "cache_dir": str(output / "rois")}
    workflow = make_workflow("evaluating", EVALUATE, **paths, **override)
    workflow.run()
    workflow.finalize()
    return json.loads((output / "metrics.json").read_text())


def test_the_four_evaluations_on_ct(screens: Path, pretrained: Path, tmp_path: Path) -> None:
    found = _evaluate(pretrained, tmp_path, dataset_dir=str(screens))
    assert set(found["tasks"]) == {
        *("temporal_image", "temporal_sentence", "zero_shot_spiculated", "zero_shot_ground_glass", "retrieval"),
        *("probe_malignancy", "probe_spiculated", "probe_ground_glass"),
    }
    assert set(found["held_out"]["losses"]) == {"global", "local", "forward_mapping", "reverse_mapping"}
    assert "untrained" in found["tasks"]["probe_malignancy"]
    assert not any("not judged" in result for result in found["tasks"].values())
    assert found["tasks"]["temporal_image"]["rows"] == 24
    assert set(found["interpretation"]) >= {"pointing_game", "contrast_to_noise", "similarity_cka_after"}


def test_kept_epochs_are_read_out_one_by_one(screens: Path, two_epochs: Path, tmp_path: Path) -> None:
    script, found = REPOSITORY / "scripts" / "medst_epochs.py", tmp_path / "epochs.json"
    words = ["--training_dir", two_epochs, "--dataset_dir", screens, "--section", "test", "--json", found]
    subprocess.run([sys.executable, str(script), *map(str, words)], check=True, capture_output=True, timeout=PATIENCE_S)
    document = json.loads(found.read_text())
    assert [(row["epoch"], row["steps"]) for row in document["epochs"]] == [(1, 2), (2, 4)]
    assert len({row["loss"] for row in document["epochs"]}) == 2
    assert all(0 <= row["pointing_game"] <= 1 and 0 <= row["retrieval_rank"] <= 1 for row in document["epochs"])
    assert document["chosen_epoch"] in (1, 2)


def test_a_table_of_sentences_needs_no_image(pretrained: Path, tmp_path: Path) -> None:
    tables = make_task_tables(tmp_path)
    found = _evaluate(pretrained, tmp_path / "out", tables={"temporal_sentence": tables["temporal_sentence"]})
    assert set(found["tasks"]) == {"temporal_sentence"}
    assert found["tasks"]["temporal_sentence"]["rows"] == 8


def test_radiographs_are_pretrained_and_evaluated(pretrain: Callable[..., Path], tmp_path: Path) -> None:
    """On bright and dark squares: the way is tested, not what it finds; but a probe tells bright from dark."""
    reports = make_radiographs(tmp_path)
    training = pretrain("medst/radiographs.json", dataset_dir=str(reports))
    found = _evaluate(training, tmp_path / "evaluation", tables=make_task_tables(tmp_path))
    assert set(found["tasks"]) == {"temporal_image", "temporal_sentence", "zero_shot", "probe"}
    assert not any("not judged" in result for result in found["tasks"].values())
    assert found["tasks"]["probe"]["auroc"] == 1.0
    assert "interpretation" not in found
    assert set(found["tables"]) == set(found["tasks"])
    assert (tmp_path / "evaluation/metrics.md").read_text().count("\n| ") >= 5


def test_a_patient_of_the_pre_training_is_judged_in_no_table(pretrain: Callable[..., Path], tmp_path: Path) -> None:
    reports = make_radiographs(tmp_path)
    settings = {"train#trainer#max_epochs": 1, "remember_patients": True}
    training = pretrain("medst/radiographs.json", dataset_dir=str(reports), **settings)
    tables = make_task_tables(tmp_path)
    probe = Path(tables["probe"])
    probe.write_text(probe.read_text().replace("\n0,", "\np0,"))
    with pytest.raises(RuntimeError) as wrapped:
        _evaluate(training, tmp_path / "evaluation", tables={"probe": str(probe)})
    assert "trained on patient p0, who is judged in task 'probe'" in str(bundle_error_in(wrapped.value))


def test_the_configs_have_what_monai_asks_for(screens: Path) -> None:
    assert make_workflow("training", PRETRAIN, dataset_dir=str(screens)).check_properties() == []


@pytest.mark.parametrize("system", ["csfnet_medst", "medst_probe"])
def test_the_encoder_goes_into_the_systems(pretrained: Path, system: str) -> None:
    network = create_network({**system_architecture(system), "size": "tiny", "slab": 16, "field": 32})
    transfer = transfer_weights(network, pretrained / "model.pt")
    assert transfer is not None
    encoder = {name for name in network.state_dict() if name.startswith("image_encoder.")}
    assert encoder == set(transfer.copied)
    assert "training patients" in transfer.trained_on
    assert set(transfer.pretraining) == {"config_sha256", "steps", "epoch", "size"}


def test_the_temporal_part_trains_on_frozen_weights(pretrain: Callable[..., Path], two_epochs: Path) -> None:
    start = {"initial_weights": str(two_epochs / "model.pt")}
    trained = pretrain(**KNOWN["temporal_on_frozen"].overrides, **TWO_EPOCHS, **start)
    before, after = (load_pretrained(folder / "model.pt").network.state_dict() for folder in (two_epochs, trained))
    moved = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert "image_head" in moved
    assert moved.isdisjoint({"image_encoder", "text_encoder"})
    with pytest.raises(RuntimeError) as wrapped:
        pretrain(**KNOWN["whole_views"].overrides, **TWO_EPOCHS, **start)
    assert "its slab is 16, that of the network which should start from it None" in str(bundle_error_in(wrapped.value))


@pytest.mark.long
def test_two_processes_pretrain_together(screens: Path, tmp_path: Path) -> None:
    words = command("training", [*PRETRAIN, "multi_gpu_train.json", "medst/multi_gpu.json"], **SMALLEST, backend="gloo",
                    dataset_dir=screens, cache_dir=tmp_path / "rois", output_dir=tmp_path / "out")  # fmt: skip
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--master_addr=127.0.0.1"]
    both = start([*torchrun, "--master_port=0", "--rdzv-backend=c10d", "--rdzv-endpoint=127.0.0.1:0", *words[1:]])
    output, _ = both.communicate(timeout=PATIENCE_S)
    assert both.returncode == 0, output
    assert output.count("epoch 4/4") == 1  # one process speaks
    assert not any(
        name.startswith("module.") for name in load_pretrained(tmp_path / "out/model.pt").network.state_dict()
    )
