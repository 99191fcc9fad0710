"""A misspelt option ends before anything is read or written."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.workflow_runs import TINY, TRAIN

from csfnet_bundle.core.error_hook import bundle_error_in


@pytest.mark.parametrize(
    ("option", "near"),
    [
        ("dataset_dirr", "--dataset_dir?"),
        ("cachedir", "--cache_dir?"),
        ("batchsize", "--batch_size?"),
        ("follow_link", "--follow_links?"),
    ],
)
def test_a_misspelt_option_is_named_with_the_nearest(
    option: str, near: str, run: Callable[..., None], tmp_path: Path
) -> None:
    with pytest.raises(RuntimeError) as wrapped:
        run("training", TRAIN, **TINY, **{option: str(tmp_path)}, output_dir=str(tmp_path / "out"))
    told = str(bundle_error_in(wrapped.value))
    assert told == f"options: the config has no use for the option --{option}. Did you mean {near}"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("module", ["mlflow", "sqlalchemy"])
def test_a_missing_extra_of_an_override_file_is_named(
    module: str, run: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed
    with pytest.raises(RuntimeError) as wrapped:
        run("training", [*TRAIN, "mlflow.json"], **TINY, output_dir=str(tmp_path / "out"))
    told = str(bundle_error_in(wrapped.value))
    assert told == (
        f"this needs {module}, which is not installed. Install it with `pip install 'csfnet-bundle[tracking]'`."
    )
    assert list(tmp_path.iterdir()) == []


def test_monais_own_overrides_and_keys_of_an_override_file_keep_working(
    run: Callable[..., None], tmp_path: Path
) -> None:
    settings = {**TINY, "train#trainer#max_epochs": 1, "my_rate": 0.001, "optimizer#lr": "@my_rate"}
    run("training", TRAIN, **settings, output_dir=str(tmp_path / "out"))
    assert (tmp_path / "out" / "model.pt").is_file()
