"""Training through the real entry points: reproducible, restartable, refusing what does not fit."""

import logging
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from helpers.workflow_runs import (
    EVALUATE,
    PATIENCE_S,
    REPOSITORY,
    TINY,
    TRAIN,
    command,
    kill_in_its_middle,
    make_workflow,
    start,
)
from torch.nn.parallel import DistributedDataParallel

from csfnet_bundle.core.error_hook import bundle_error_in
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.prediction.checkpoint import load_checkpoint

FULL_WIDTH_PARAMETERS = 42_938_668


def _assert_same_weights(first: Path, second: Path) -> None:
    for name in ("model.pt", "training_state.pt"):
        one, other = (torch.load(folder / name, weights_only=True) for folder in (first, second))
        if name == "training_state.pt":
            one, other = one["network"], other["network"]
        assert one.keys() == other.keys()
        for tensor in one:
            torch.testing.assert_close(one[tensor], other[tensor], rtol=0, atol=0, msg=f"{name} {tensor}")


def test_two_runs_of_one_seed_give_the_same_weights(run: Callable[..., None], trained: Path, tmp_path: Path) -> None:
    run("training", TRAIN, **TINY, output_dir=str(tmp_path))
    _assert_same_weights(trained, tmp_path)


def test_another_seed_gives_other_weights(run: Callable[..., None], trained: Path, tmp_path: Path) -> None:
    run("training", TRAIN, **TINY, output_dir=str(tmp_path), seed=1)
    with pytest.raises(AssertionError):
        _assert_same_weights(trained, tmp_path)


def test_a_killed_run_ends_as_an_undisturbed_one(
    run: Callable[..., None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Kill -9 after an epoch's state is written, then the same training again; a worker for the loader."""
    settings = {**TINY, "train#trainer#max_epochs": 4, "num_workers": 1}
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    run("training", TRAIN, **settings, output_dir=str(undisturbed))
    train = partial(run, "training", TRAIN, **settings, output_dir=str(disturbed))
    kill_in_its_middle(train, disturbed, epochs=4)
    with caplog.at_level(logging.INFO, logger="csfnet_bundle"):
        run("training", TRAIN, **settings, output_dir=str(disturbed))
    assert "taking up the run" in caplog.text
    _assert_same_weights(undisturbed, disturbed)


def test_a_store_alone_trains_as_the_images_do(
    run: Callable[..., None], trained: Path, small_cohort: Path, roi_cache: Path, tmp_path: Path
) -> None:
    """The datalist and the store, moved elsewhere; no image is there."""
    with_images = tmp_path / "with_images"
    run("evaluating", EVALUATE, **TINY, training_dir=str(trained), output_dir=str(with_images))
    cohort, store = tmp_path / "cohort", shutil.copytree(roi_cache, tmp_path / "store")
    cohort.mkdir()
    shutil.copy(small_cohort / "datalist.json", cohort)
    shutil.rmtree(store / "headers", ignore_errors=True)
    settings = {**TINY, "dataset_dir": str(cohort), "cache_dir": str(store)}
    run("training", TRAIN, **settings, output_dir=str(tmp_path / "out"))
    _assert_same_weights(trained, tmp_path / "out")
    run("evaluating", EVALUATE, **settings, training_dir=str(trained), output_dir=str(tmp_path / "evaluation"))
    made = [(folder / "predictions.csv").read_text() for folder in (with_images, tmp_path / "evaluation")]
    assert made[0] == made[1]


def test_a_set_in_memory_trains(run: Callable[..., None], tmp_path: Path) -> None:
    """With bfloat16 and accumulated batches; twice the same."""
    few = {"size": [8, 16, 16], "spacing": [2.0, 2.0, 2.0], "window": [-1200.0, 600.0]}  # bfloat16 is slow on a CPU
    settings = {**TINY, "train#trainer#max_epochs": 1, "batch_size": 8, "accumulate": 2, "amp": True, "roi": few}
    settings |= {"augmentation#rotate_probability": 0.0, "augmentation#shift_probability": 0.0}
    for name in ("first", "second"):
        run("training", [*TRAIN, "in_memory.json"], **settings, output_dir=str(tmp_path / name))
    _assert_same_weights(tmp_path / "first", tmp_path / "second")


def test_a_finished_run_says_so(run: Callable[..., None], trained: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = (trained / "model.pt").read_bytes()
    with caplog.at_level(logging.INFO, logger="csfnet_bundle"):
        run("training", TRAIN, **TINY, output_dir=str(trained))
    assert "this run is finished: 2 epochs" in caplog.text
    assert (trained / "model.pt").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"optimizer#lr": 0.5}, "optimizer"),
        ({"batch_size": 3}, "batch_size (16 -> 3)"),
        ({"augmentation#flip_probability": 0.25}, "augmentation"),
        ({"network_arguments#widths": [[4], [4], [16]]}, "network"),
    ],
)
def test_changed_settings_in_the_same_folder_are_refused(
    run: Callable[..., None], trained: Path, change: dict[str, object], word: str
) -> None:
    with pytest.raises(RuntimeError) as wrapped:
        run("training", TRAIN, **{**TINY, **change}, output_dir=str(trained))
    message = str(bundle_error_in(wrapped.value))
    assert word in message
    assert str(trained) in message
    assert "--output_dir" in message


def test_nobodys_model_is_overwritten(run: Callable[..., None], trained: Path, tmp_path: Path) -> None:
    """Such as the one in models/."""
    model = tmp_path / "model.pt"
    model.write_bytes((trained / "model.pt").read_bytes())
    with pytest.raises(RuntimeError) as wrapped:
        run("training", TRAIN, **TINY, output_dir=str(tmp_path), seed=5)
    assert "--output_dir" in str(bundle_error_in(wrapped.value))
    assert model.read_bytes() == (trained / "model.pt").read_bytes()


@pytest.mark.parametrize(
    ("run_id", "config_files"),
    [("training", TRAIN), ("evaluating", EVALUATE), ("inference", ["inference.json"])],
)
def test_plain_run_does_the_same(run_id: str, config_files: list[str]) -> None:
    parser = make_workflow(run_id, config_files).parser
    assert parser["run"] == parser[run_id]


@pytest.mark.parametrize(
    ("run_id", "config_files"),
    [("training", TRAIN), ("evaluating", EVALUATE), ("inference", ["inference.json"])],
)
def test_every_workflow_ends_a_users_mistake_in_one_line(
    run_id: str, config_files: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    make_workflow(run_id, config_files)
    error = RuntimeError("Failed to evaluate")
    error.__cause__ = BundleError("there is no scan")
    capsys.readouterr()
    sys.excepthook(RuntimeError, error, None)
    assert capsys.readouterr().err == "error: there is no scan\n"


def test_the_model_carries_architecture_roi_and_decision(trained: Path) -> None:
    checkpoint = load_checkpoint(trained / "model.pt")
    assert checkpoint.architecture["widths"] == TINY["network_arguments#widths"]
    assert checkpoint.roi.size == (16, 32, 32)
    assert 0 <= checkpoint.decision.threshold <= 1
    assert checkpoint.provenance["phantom"] is True
    assert checkpoint.provenance["validation"]["pairs"] == 8


def test_training_writes_nothing_outside_its_output(trained: Path) -> None:
    assert {path.name.split(".")[0] for path in trained.iterdir()} == {"events", "model", "training_state"}


def test_a_missing_folder_is_one_line(run: Callable[..., None], tmp_path: Path) -> None:
    with pytest.raises(RuntimeError) as wrapped:
        run("training", TRAIN, **TINY, dataset_dir="/nowhere", output_dir=str(tmp_path / "output"))
    assert "/nowhere" in str(bundle_error_in(wrapped.value))
    assert not (tmp_path / "output").exists()


@pytest.mark.long  # the two tests before, and that of the hook in a program, show it in parts
def test_a_users_mistake_is_one_line(small_cohort: Path, tmp_path: Path) -> None:
    """As a command: a datalist whose pairs cannot be read, since their scans are gone."""
    (tmp_path / "datalist.json").write_text((small_cohort / "datalist.json").read_text())
    output_dir = tmp_path / "output"
    words = command("training", TRAIN, dataset_dir=tmp_path, cache_dir=tmp_path / "rois", output_dir=output_dir)
    failed = start(words)
    output, _ = failed.communicate(timeout=PATIENCE_S)
    assert failed.returncode == 1
    assert "Traceback" not in output
    errors = [line for line in output.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, output
    assert not output_dir.exists()


@pytest.mark.long
def test_two_processes_train_together(small_cohort: Path, roi_cache: Path, tmp_path: Path) -> None:
    settings = {"network_arguments#widths": "[[4],[4],[8]]", "train#trainer#max_epochs": 2, "num_workers": 0}
    words = command(
        "training",
        [*TRAIN, "multi_gpu_train.json"],
        **settings,
        backend="gloo",
        batch_size=4,
        dataset_dir=small_cohort,
        cache_dir=roi_cache,
        output_dir=tmp_path,
    )
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--master_addr=127.0.0.1"]
    both = start([*torchrun, "--master_port=0", "--rdzv-backend=c10d", "--rdzv-endpoint=127.0.0.1:0", *words[1:]])
    output, _ = both.communicate(timeout=PATIENCE_S)
    assert both.returncode == 0, output
    assert output.count("epoch 2/2") == 1  # one process speaks
    checkpoint = load_checkpoint(tmp_path / "model.pt")
    assert not any(name.startswith("module.") for name in checkpoint.weights)
    checkpoint.create_network()


@pytest.mark.long
def test_the_papers_settings_train_on_a_cpu(small_cohort: Path, roi_cache: Path, tmp_path: Path) -> None:
    """configs/train.json as it stands, full width, one epoch on 16 pairs: a few minutes."""
    words = command(
        "training",
        ["train.json"],
        **{"train#trainer#max_epochs": 1},
        num_workers=0,
        dataset_dir=small_cohort,
        cache_dir=roi_cache,
        output_dir=tmp_path,
    )
    whole = start(words)
    output, _ = whole.communicate(timeout=1800)
    assert whole.returncode == 0, output
    network = load_checkpoint(tmp_path / "model.pt").create_network()
    assert sum(parameter.numel() for parameter in network.parameters()) == FULL_WIDTH_PARAMETERS


def test_the_distributed_override_wraps_the_network() -> None:
    parser = make_workflow("training", TRAIN).parser
    parser.read_config([str(REPOSITORY / "configs" / name) for name in (*TRAIN, "multi_gpu_train.json")])
    assert parser["network"]["_target_"].endswith(DistributedDataParallel.__name__)
