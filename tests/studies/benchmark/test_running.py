"""A benchmark as a whole: fits, their restart, statistics, files."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records import load_datalist
from csfnet_bundle.studies.benchmark import fitting, running, scheduling
from csfnet_bundle.studies.benchmark.fitting import CHANGED_INPUTS, DONE_NAME, TEST, VALIDATION, read_fit, run_fit
from csfnet_bundle.studies.benchmark.protocol import Fit, Protocol
from csfnet_bundle.studies.benchmark.results import make_results
from csfnet_bundle.studies.benchmark.running import Predictions, run_benchmark
from csfnet_bundle.studies.benchmark.writing import write_benchmark


def test_every_system_predicts_every_labelled_pair_once(predictions: Predictions, protocol: Protocol) -> None:
    pairs = {(pair.subject, pair.nodule): pair.label for pair in predictions.pairs}
    assert {"t1_image", "csfnet", "clinical (logistic)", "simple reference, all inputs"} <= set(predictions.systems)
    for system in predictions.systems.values():
        table = system.parts[TEST]
        assert dict(zip(zip(table["subject"], table["nodule"], strict=True), table["label"], strict=True)) == pairs
    assert len(predictions.systems["csfnet"].seed_areas) == 2
    assert len(predictions.permuted) == 1


def test_averages_are_of_the_seeds_and_thresholds_of_validation(predictions: Predictions, protocol: Protocol) -> None:
    table = predictions.systems["csfnet"].parts[TEST]
    assert (table["probability_spread"] > 0).all()
    assert table.groupby("fold")["threshold"].nunique().eq(1).all()
    fits = [read_fit(protocol, Fit("csfnet", 0, seed)) for seed in range(2)]
    raw = [fit[TEST].set_index("subject")["probability"] for fit in fits]
    np.testing.assert_allclose(
        table.set_index("subject")["probability_spread"].loc[raw[0].index], np.std(raw, axis=0, ddof=1), atol=1e-9
    )


def test_a_one_scan_network_does_not_see_what_happens_to_t0(predictions: Predictions) -> None:
    """The changed inputs reach the network: t1 twice is nothing to one of t1, t0 in its place is."""
    parts = predictions.systems["t1_image"].parts
    logits = {name: parts[name].sort_values("subject")["logit"].to_numpy() for name in (TEST, *CHANGED_INPUTS)}
    np.testing.assert_array_equal(logits["t1 shown twice"], logits[TEST])
    np.testing.assert_array_equal(logits["clinical permuted over patients"], logits[TEST])
    assert not np.array_equal(logits["t0 and t1 swapped"], logits[TEST])
    both = predictions.systems["csfnet"].parts
    for name in CHANGED_INPUTS:
        assert not np.array_equal(both[name]["logit"], both[TEST]["logit"])


def test_a_finished_fit_is_never_repeated(
    predictions: Predictions, protocol: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a finished fit was started again")

    monkeypatch.setattr(fitting, "make_workflow", refuse)
    again = run_benchmark(protocol, ("cpu",))
    assert again.systems["csfnet"].seed_areas == predictions.systems["csfnet"].seed_areas


def test_an_interrupted_fit_goes_on(predictions: Predictions, protocol: Protocol) -> None:
    """Cut after training and before its predictions: nothing is trained again, and they are as before."""
    fit = Fit("csfnet", 1, 1)
    folder = protocol.folder(fit)
    before = read_fit(protocol, fit)
    model = (folder / "model.pt").read_bytes()
    (folder / DONE_NAME).unlink()
    (folder / "test.csv").unlink()
    run_fit(protocol, fit, "cpu")
    assert (folder / "model.pt").read_bytes() == model
    assert read_fit(protocol, fit)[TEST].equals(before[TEST])
    assert "this run is finished" in (folder / "training.log").read_text()


def test_nothing_is_chosen_on_test_pairs(predictions: Predictions, protocol: Protocol) -> None:
    """Validation and test of a fit have no patient in common with each other or with training."""
    fit = Fit("csfnet", 0, 0)
    tables = read_fit(protocol, fit)
    training = {pair.subject for pair in load_datalist(protocol.cohort(fit)).section("training")}
    validation, test = set(tables[VALIDATION]["subject"]), set(tables[TEST]["subject"])
    assert not training & validation
    assert not (training | validation) & test


def test_another_protocol_in_the_same_folder_is_refused(predictions: Predictions, protocol: Protocol) -> None:
    with pytest.raises(BundleError, match=r"folds \(2 -> 3\)"):
        run_benchmark(replace(protocol, folds=3))


def test_a_failed_fit_stops_no_other(fresh: Protocol, monkeypatch: pytest.MonkeyPatch) -> None:
    done = []

    def run(protocol: Protocol, fit: Fit, device: str | None) -> None:
        if fit.system == "t1_image":
            raise ZeroDivisionError("a fault of the code")
        done.append((fit.system, device))

    monkeypatch.setattr(scheduling, "run_fit", run)
    failed = scheduling.run_fits(fresh, ("cpu",))
    assert done == [("csfnet", "cpu")]
    told = fresh.folder(Fit("t1_image", 0, 0)) / "error.txt"
    assert {fit.name: str(error) for fit, error in failed.items()} == {
        "t1_image/fold0_seed0": f"fit t1_image/fold0_seed0: ZeroDivisionError: a fault of the code. See {told}."
    }
    assert "in run" in told.read_text()


def test_a_failed_fit_is_a_row_of_the_results(
    predictions: Predictions, protocol: Protocol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seed is left out of the average of its system; a system without a whole seed is told and in no table."""
    broken = {Fit("csfnet", 1, 1), Fit("t1_image", 0, 0), Fit("t1_image", 1, 1)}
    monkeypatch.setattr(running, "run_fits", lambda *_: {fit: BundleError("diverged") for fit in broken})
    found = run_benchmark(protocol, ("cpu",))
    assert found.systems["csfnet"].seed_areas == predictions.systems["csfnet"].seed_areas[:1]
    assert "t1_image" not in found.systems
    document = make_results(protocol, found, "command", resamples=20)
    write_benchmark(tmp_path, document, found)
    assert document["failed"] == {fit.name: "diverged" for fit in broken}
    assert set(document["seeds"]) == {"csfnet"}
    assert re.search(r"\| csfnet/fold1_seed1 +\| diverged +\|", (tmp_path / "tables.md").read_text())

    broken |= {Fit("csfnet", 0, 0)}
    with pytest.raises(BundleError, match="4 of 9 fits failed, among them one of every seed of csfnet"):
        run_benchmark(protocol, ("cpu",))


def test_a_missing_prior_is_told_before_anything_is_trained(fresh: Protocol) -> None:
    datalist = load_datalist(fresh.dataset_dir)
    pair = replace(datalist.sections["test"][0], t0=None)
    from csfnet_bundle.studies.benchmark.running import _check

    with pytest.raises(BundleError, match=r"no t0, which csfnet need.*t1_image"):
        _check(fresh, [pair], None)
    _check(replace(fresh, systems=("t1_image",)), [pair], None)


def test_the_results_say_everything_that_a_table_must(
    predictions: Predictions, protocol: Protocol, tmp_path: Path
) -> None:
    document = make_results(protocol, predictions, "python -m csfnet_bundle benchmark", resamples=50)
    path = write_benchmark(tmp_path, document, predictions)
    kept = json.loads(path.read_text())
    assert kept == document
    assert kept["reference"] == "csfnet"
    assert set(kept["systems"]) == set(predictions.systems)
    assert kept["systems"]["t1_image"]["p_holm"] >= kept["systems"]["t1_image"]["p_delong"]
    assert set(kept["learnt"]["csfnet"]) == {"original", *CHANGED_INPUTS}
    assert len(kept["permuted_labels"]["auc"]) == 1
    text = (tmp_path / "tables.md").read_text()
    for word in ("Phantoms, not patients", "2 folds", "2 seed(s)", "ROI 8x16x16", "hours on CPU", "width 0.125"):
        assert word in text
    assert {file.name for file in tmp_path.glob("*.png")} == {
        "roc.png",
        "forest.png",
        "differences.png",
        "calibration.png",
        "decision_curve.png",
    }
    assert (tmp_path / "predictions" / "csfnet.csv").is_file()
