import json
from pathlib import Path

import pytest
from helpers.tiny_checkpoint import save_tiny_checkpoint

from csfnet_bundle.commands import main
from csfnet_bundle.serving.archive import ARCHIVE_NAME


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """What of the stock app is looked at."""
    folder = tmp_path / "monaibundle"
    folder.mkdir()
    (folder / "main.py").write_text("")
    return folder


def words(app: Path, studies: Path) -> list[str]:
    return ["label-app", f"--app={app}", f"--studies={studies}"]


def test_the_app_gets_the_whole_bundle_with_the_served_config(app: Path, tmp_path: Path) -> None:
    model = save_tiny_checkpoint(tmp_path / "own.pt")
    assert main([*words(app, tmp_path), f"--model={model}", "--noheat_maps"]) == 0
    bundle = app / "model" / ARCHIVE_NAME
    assert "classification" in bundle.name, "MONAI Label reads the kind of task out of the name"
    assert (bundle / "models" / "model.pt").read_bytes() == model.read_bytes()
    assert (bundle / "csfnet_bundle" / "serving" / "monai_label" / "request.py").is_file()
    config = json.loads((bundle / "configs" / "inference.json").read_text())
    assert config["studies_dir"] == str(tmp_path.resolve())
    assert config["heat_maps"] is False
    assert config["inferer"]["_target_"].endswith("FollowUpInferer")
    assert [path.name for path in bundle.parent.iterdir()] == [ARCHIVE_NAME]


def test_a_bundle_that_is_there_is_not_replaced(app: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = app / "model" / ARCHIVE_NAME
    there.mkdir(parents=True)
    assert main(words(app, tmp_path)) == 1
    assert "exists already" in capsys.readouterr().err
    assert list(there.iterdir()) == []


def test_what_is_no_app_and_what_are_no_studies_are_said_so(
    app: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(tmp_path / "nowhere", tmp_path)) == 1
    assert "there is no app" in capsys.readouterr().err
    assert main(words(app, tmp_path / "nowhere")) == 1
    assert "is not a folder" in capsys.readouterr().err
    assert not (app / "model").exists()
