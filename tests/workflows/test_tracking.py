"""configs/mlflow.json: a training in a local SQLite store; and the Optuna example."""

import math
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.workflow_runs import REPOSITORY, TINY, TRAIN

mlflow = pytest.importorskip("mlflow", reason="the extra `tracking` is not installed")
optuna = pytest.importorskip("optuna", reason="the extra `tuning` is not installed")


# MLflow's own use of SQLAlchemy.
@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")
def test_a_training_is_tracked_in_a_local_store(
    run: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    output = tmp_path / "my_run"
    settings = {**TINY, "output_dir": str(output), "tracking_uri": uri}
    run("training", [*TRAIN, "mlflow.json"], **settings)
    client = mlflow.MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("csfnet")
    (tracked,) = client.search_runs([experiment.experiment_id])
    assert tracked.info.run_name == "my_run"
    assert tracked.info.status == "FINISHED"
    assert tracked.data.params["batch_size"] == "16"
    assert "CSFNet" in tracked.data.params["network"]
    losses = client.get_metric_history(tracked.info.run_id, "training_loss")
    assert len(losses) == TINY["train#trainer#max_epochs"]  # 16 training pairs are one batch an epoch
    assert all(math.isfinite(entry.value) for entry in losses)
    areas = client.get_metric_history(tracked.info.run_id, "validation_auc")
    assert [entry.step for entry in areas] == [1, 2]
    assert (output / "model.pt").is_file()
    assert list(output.glob("events.*"))  # TensorBoard stays


def test_the_optuna_example_finds_a_best_trial_and_goes_on(
    small_cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY / "scripts"))
    tune = __import__("tune").tune
    settings = {"network_arguments#widths": TINY["network_arguments#widths"], "num_workers": 0}
    for trials in (1, 2):
        tune(str(small_cohort), str(tmp_path), trials=trials, epochs=1, override=settings)
    printed = capsys.readouterr().out
    assert "best of 1 trials" in printed
    assert "best of 2 trials" in printed
    assert "learning_rate = " in printed
    assert {path.name for path in tmp_path.iterdir()} == {"study.db", "roi_cache", "trial0", "trial1"}
    sys.modules.pop("tune")
