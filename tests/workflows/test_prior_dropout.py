"""Training with configs/prior_dropout.json, and pairs with and without t0 in all that uses the weights."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.workflow_runs import EVALUATE, TINY, TRAIN, make_workflow

from csfnet_bundle.commands import main
from csfnet_bundle.core.error_hook import bundle_error_in
from csfnet_bundle.evaluation.predictions import read_predictions
from csfnet_bundle.prediction.checkpoint import load_checkpoint
from csfnet_bundle.records import Datalist, FollowUpPair, load_datalist, save_datalist

DROPPING = [*TRAIN, "prior_dropout.json"]
Output = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def mixed_cohort(small_cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small cohort; in every section the last pair has lost its t0."""
    datalist = load_datalist(small_cohort)
    sections = {}
    for name, pairs in datalist.sections.items():
        placed = [_at(pair, small_cohort) for pair in pairs]
        sections[name] = (*placed[:-1], replace(placed[-1], t0=None, interval_days=None))
    folder = tmp_path_factory.mktemp("mixed")
    save_datalist(Datalist(folder, sections, datalist.header))
    return folder


def _at(pair: FollowUpPair, folder: Path) -> FollowUpPair:
    assert pair.t0 is not None
    t0, t1 = (replace(scan, path=str(folder / scan.path)) for scan in (pair.t0, pair.t1))
    return replace(pair, t0=t0, t1=t1)


@pytest.fixture(scope="module")
def trained_for_both(mixed_cohort: Path, roi_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("trained_for_both")
    overrides = {**TINY, "dataset_dir": str(mixed_cohort), "cache_dir": str(roi_cache), "output_dir": str(output)}
    make_workflow("training", DROPPING, **overrides).run()
    return output / "model.pt"


def _refusal(call: Callable[[], None]) -> str:
    with pytest.raises((RuntimeError, ValueError)) as caught:
        call()
    refusal = bundle_error_in(caught.value)
    assert refusal is not None
    return str(refusal)


def test_training_keeps_what_the_network_can_do(trained_for_both: Path) -> None:
    checkpoint = load_checkpoint(trained_for_both)
    assert checkpoint.architecture["prior_presence"] is True
    assert checkpoint.create_network().needs_prior is False
    assert checkpoint.provenance["validation"]["pairs"] == 8


@pytest.mark.parametrize(("run_id", "configs"), [("inference", ["inference.json"]), ("evaluating", EVALUATE)])
def test_workflows_take_pairs_without_t0_by_the_checkpoint(
    run_id: str,
    configs: list[str],
    trained_for_both: Path,
    trained: Path,
    mixed_cohort: Path,
    run: Callable[..., None],
    tmp_path: Path,
) -> None:
    def run_with(model: Path, output: Path) -> None:
        run(run_id, configs, checkpoint_path=str(model), dataset_dir=str(mixed_cohort), output_dir=str(output))

    run_with(trained_for_both, tmp_path / "both")
    predicted = read_predictions(tmp_path / "both" / "predictions.csv", labelled=run_id == "evaluating")
    datalist = load_datalist(mixed_cohort)
    section = datalist.section("test" if run_id == "evaluating" else "inference")
    assert predicted["subject"].tolist() == [pair.subject for pair in section]
    refusal = _refusal(lambda: run_with(trained / "model.pt", tmp_path / "two"))
    assert "NO_PRIOR" in refusal
    assert section[-1].name in refusal
    assert not list(tmp_path.glob("two/predictions.csv"))


def _predict(pair: FollowUpPair, model: Path, out: Path, *more: str) -> int:
    words = [f"--t1={pair.t1.path}", f"--point1={','.join(map(str, pair.t1.point.coordinates))}", "--space=voxel"]
    if pair.t0 is not None:
        words += [f"--t0={pair.t0.path}", f"--point0={','.join(map(str, pair.t0.point.coordinates))}"]
    return main(["predict", *words, f"--subject={pair.subject}", f"--checkpoint={model}", f"--out={out}", *more])


@pytest.mark.usefixtures("quick_measuring")
def test_predict_with_and_without_t0(
    trained_for_both: Path, trained: Path, mixed_cohort: Path, tmp_path: Path, capsys: Output
) -> None:
    pair = load_datalist(mixed_cohort).section("test")[1]
    alone = replace(pair, t0=None)
    assert _predict(pair, trained_for_both, tmp_path / "with") == 0
    assert _predict(alone, trained_for_both, tmp_path / "without") == 0
    logits = [
        read_predictions(tmp_path / name / "predictions.csv", labelled=False)["logit"][0]
        for name in ("with", "without")
    ]
    assert logits[0] != logits[1]
    report = (tmp_path / "without" / f"{pair.subject}_1.html").read_text()
    assert "There was no scan t0; t1 stood in its place." in report
    ensemble = tmp_path / "ensemble.pt"
    assert main(["ensemble", f"--out={ensemble}", f"--members={trained_for_both},{trained_for_both}"]) == 0
    assert _predict(alone, ensemble, tmp_path / "by_ensemble") == 0
    mixed = tmp_path / "mixed.pt"
    assert main(["ensemble", f"--out={mixed}", f"--members={trained_for_both},{trained / 'model.pt'}"]) == 0
    capsys.readouterr()
    for model in (trained / "model.pt", mixed):
        assert _predict(alone, model, tmp_path / "refused") == 1
        assert "NO_PRIOR: pair" in capsys.readouterr().err
        assert not (tmp_path / "refused").exists()


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ("--point0=1,2,3", "point0: is (1.0, 2.0, 3.0), but there is no t0"),
        ("--series0=1.2.3", "series0: is '1.2.3', but there is no t0"),
        ("--interval_days=365", "interval_days: is 365.0, but there is no t0"),
    ],
)
def test_predict_takes_nothing_about_a_scan_that_is_not_there(
    option: str, problem: str, trained_for_both: Path, mixed_cohort: Path, tmp_path: Path, capsys: Output
) -> None:
    alone = load_datalist(mixed_cohort).section("test")[-1]
    assert _predict(alone, trained_for_both, tmp_path / "out", option) == 1
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize(
    ("configs", "override", "problem"),
    [
        (TRAIN, {"augmentation#prior_dropout_probability": 0.25}, "cannot tell a missing t0"),
        (DROPPING, {"augmentation#prior_dropout_probability": 0.0}, "none is ever dropped"),
        (DROPPING, {"augmentation#prior_dropout_probability": 1.0}, "expected 0 to less than 1"),
    ],
)
def test_a_training_that_could_not_teach_it_does_not_start(
    configs: list[str], override: dict[str, object], problem: str, run: Callable[..., None], tmp_path: Path
) -> None:
    settings = {**TINY, **override, "output_dir": str(tmp_path / "out")}
    assert problem in _refusal(lambda: run("training", configs, **settings))
    assert not (tmp_path / "out" / "training_state.pt").exists()
