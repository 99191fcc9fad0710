from pathlib import Path

import pytest
from helpers.tiny_checkpoint import save_tiny_checkpoint

import csfnet_bundle
from csfnet_bundle.commands import bundle_run
from csfnet_bundle.commands.bundle_run import bundle_root, chosen_weights, run_command, run_workflow
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.predictions import read_predictions


def test_the_root_is_where_the_configs_are(repository: Path) -> None:
    assert bundle_root() == repository


def test_a_package_without_its_configs_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csfnet_bundle, "__file__", str(tmp_path / "csfnet_bundle" / "__init__.py"))
    with pytest.raises(BundleError, match=f"no configs beside the package in {tmp_path}"):
        bundle_root()


def test_a_workflow_runs_in_this_process_from_any_folder(
    small_cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = save_tiny_checkpoint(tmp_path / "tiny.pt")
    monkeypatch.chdir(tmp_path)
    folders = {"dataset_dir": str(small_cohort), "output_dir": "out", "cache_dir": "cache"}
    options = {"checkpoint_path": str(checkpoint), "clicks": False, "measure": False}
    run_workflow("inference", ["inference.json"], **options, **folders)
    assert len(read_predictions(tmp_path / "out" / "predictions.csv", labelled=False)) == 2


def test_the_bundles_weights_have_their_name_in_any_folder(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = Path("models/nodules/model.pt")
    monkeypatch.chdir(tmp_path)
    assert chosen_weights(shipped) == repository / shipped
    assert csfnet_bundle.load("models/nodules/model.pt", "cpu").checkpoint.pair_caveat
    own = save_tiny_checkpoint(tmp_path / shipped)
    assert chosen_weights(shipped) == shipped, f"{own} comes first"
    assert chosen_weights(Path("none.pt")) == Path("none.pt"), "it is told that there is none"


def test_a_command_is_shown_as_a_user_would_type_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], repository: Path
) -> None:
    calls = []

    class Done:
        returncode = 3

    def run(command: list[str], *, cwd: Path, check: bool) -> Done:
        calls.append((command[1:], cwd))
        return Done()

    monkeypatch.setattr(bundle_run.subprocess, "run", run)
    with pytest.raises(BundleError, match="training ended with status 3"):
        run_command("training", "['configs/train.json']", "--output_dir=out")
    shown = """python -m monai.bundle run training --config_file "['configs/train.json']" --output_dir=out"""
    assert capsys.readouterr().out == f"$ {shown}\n"
    words = ["-m", "monai.bundle", "run", "training", "--config_file", "['configs/train.json']", "--output_dir=out"]
    assert calls == [(words, repository)]
