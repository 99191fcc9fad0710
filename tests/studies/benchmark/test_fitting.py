"""One fit: killed in the middle of an epoch it ends as if it had not been."""

import json
import pickle
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records import Datalist, load_datalist, save_datalist
from csfnet_bundle.studies.benchmark.fitting import (
    CHANGED_INPUTS,
    DONE_NAME,
    EXTERNAL,
    TEST,
    VALIDATION,
    device_name,
    external_path,
    is_done,
    read_fit,
    read_fit_record,
    run_fit,
)
from csfnet_bundle.studies.benchmark.protocol import Fit, Protocol
from csfnet_bundle.studies.benchmark.splits import make_splits, write_split

FIT = Fit("t1_image", 0, 0)
EPOCHS = 3
STEPS_AN_EPOCH = 4  # 16 training pairs, 4 at a time

KILLED = """
import os, pickle, signal, sys
from pathlib import Path
import torch
from csfnet_bundle.studies.benchmark.fitting import run_fit

step, done = torch.optim.Adam.step, []

def counted(self, *arguments, **options):
    done.append(1)
    if len(done) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return step(self, *arguments, **options)

if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.optim.Adam.step = counted
    run_fit(*pickle.loads(Path(sys.argv[1]).read_bytes()), "cpu")
"""
"""A fit in a process of its own that is killed at its n-th step, without a word."""


def _prepared(protocol: Protocol) -> Protocol:
    datalist = load_datalist(protocol.dataset_dir)
    write_split(protocol.cohort(FIT), datalist, make_splits(datalist, 1)[0])
    return protocol


@pytest.fixture(scope="module")
def settled(protocol: Protocol, tmp_path_factory: pytest.TempPathFactory) -> Protocol:
    """One fit of three epochs that nothing disturbed."""
    overrides = {**protocol.overrides, "batch_size": 4, "train#trainer#max_epochs": EPOCHS}
    mine = replace(
        protocol,
        out=tmp_path_factory.mktemp("settled"),
        cache_dir=protocol.rois,
        folds=1,
        seeds=1,
        permutations=0,
        systems=("t1_image",),
        overrides=overrides,
    )
    run_fit(_prepared(mine), FIT, "cpu")
    return mine


@pytest.mark.long
def test_a_fit_killed_in_the_middle_of_an_epoch_goes_on(settled: Protocol, tmp_path: Path) -> None:
    mine = _prepared(replace(settled, out=tmp_path / "out"))
    (tmp_path / "fit.pickle").write_bytes(pickle.dumps((mine, FIT)))
    (tmp_path / "killed.py").write_text(KILLED)
    words = [sys.executable, str(tmp_path / "killed.py"), str(tmp_path / "fit.pickle"), str(STEPS_AN_EPOCH + 2)]
    killed = subprocess.run(words, capture_output=True, check=False, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not is_done(mine, FIT)
    assert not (mine.folder(FIT) / DONE_NAME).exists()

    run_fit(mine, FIT, "cpu")
    assert "after epoch 1" in (mine.folder(FIT) / "training.log").read_text()
    assert is_done(mine, FIT)
    undisturbed, found = read_fit(settled, FIT), read_fit(mine, FIT)
    for part, table in undisturbed.items():
        pd.testing.assert_frame_equal(found[part], table)
    records = [read_fit_record(one, FIT) for one in (settled, mine)]
    for record in records:
        assert record.pop("seconds") >= 0
    assert records[0] == records[1]


def test_the_record_tells_what_was_fitted(settled: Protocol) -> None:
    record = read_fit_record(settled, FIT)
    assert (record["epochs"], record["width"]) == (EPOCHS, 0.125)
    assert 1 <= record["chosen_epoch"] <= EPOCHS
    assert record["roi"]["size"] == [8, 16, 16]
    assert record["device"].startswith("CPU")
    assert record["parameters"] == sum(
        tensor.numel()
        for name, tensor in torch.load(settled.folder(FIT) / "model.pt", weights_only=True).items()
        if not name.endswith(("running_mean", "running_var", "num_batches_tracked"))
    )


def test_parts_are_the_split_and_the_changed_inputs(settled: Protocol) -> None:
    tables = read_fit(settled, FIT)
    assert set(tables) == {VALIDATION, TEST, *CHANGED_INPUTS}
    cohort = load_datalist(settled.cohort(FIT))
    for part in (VALIDATION, TEST):
        assert set(tables[part]["subject"]) == {pair.subject for pair in cohort.section(part)}
    assert len({table["threshold"].iloc[0] for table in tables.values()}) == 1


def test_another_cohort_is_predicted_later_without_training(settled: Protocol, tmp_path: Path) -> None:
    datalist = load_datalist(settled.dataset_dir)
    folder = settled.dataset_dir
    other = tmp_path / "other"
    other.mkdir()
    for subject in {pair.subject for pair in datalist.section("test")}:
        (other / subject).symlink_to(folder / subject)
    save_datalist(Datalist(other, {"test": datalist.section("test")}, datalist.header))
    mine = replace(settled, evaluate_on=other)
    assert not is_done(mine, FIT)
    weights = (settled.folder(FIT) / "model.pt").read_bytes()
    run_fit(mine, FIT, "cpu")
    assert is_done(mine, FIT)
    assert is_done(settled, FIT)
    assert (settled.folder(FIT) / "model.pt").read_bytes() == weights
    assert external_path(mine.folder(FIT), other).is_file()
    tables = read_fit(mine, FIT)
    np.testing.assert_allclose(
        tables[EXTERNAL].sort_values("subject")["logit"], tables[TEST].sort_values("subject")["logit"], rtol=1e-5
    )


def test_nobody_is_predicted_whom_the_fit_was_trained_on(settled: Protocol, tmp_path: Path) -> None:
    datalist = load_datalist(settled.cohort(FIT))
    trained_on = datalist.section("training")[:1]
    save_datalist(Datalist(tmp_path, {"test": trained_on}, datalist.header))
    mine = replace(settled, evaluate_on=tmp_path)
    with pytest.raises(BundleError, match=f"fit {FIT.name}.*patient {trained_on[0].subject}, who is in the other"):
        run_fit(mine, FIT, "cpu")
    assert not external_path(mine.folder(FIT), tmp_path).exists()


def test_a_damaged_state_is_told_with_the_fits_name(settled: Protocol, tmp_path: Path) -> None:
    mine = _prepared(replace(settled, out=tmp_path))
    mine.folder(FIT).mkdir(parents=True)
    (mine.folder(FIT) / "training_state.pt").write_bytes(b"cut off")
    with pytest.raises(BundleError, match=f"fit {FIT.name}"):
        run_fit(mine, FIT, "cpu")
    assert not is_done(mine, FIT)


def test_a_cpu_is_named_with_its_threads() -> None:
    assert device_name(torch.device("cpu")).endswith(f"{torch.get_num_threads()} threads")


def test_records_are_plain_json(settled: Protocol) -> None:
    text = (settled.folder(FIT) / DONE_NAME).read_text()
    assert json.dumps(json.loads(text), indent=1) + "\n" == text
