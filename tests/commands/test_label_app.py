import json
import runpy
import sys
from pathlib import Path

import pytest
from helpers.stand_in_monailabel import MONAILabelApp, install
from helpers.tiny_checkpoint import save_tiny_checkpoint

from csfnet_bundle.commands import main
from csfnet_bundle.serving.archive import ARCHIVE_NAME


def words(app: Path, studies: Path | str) -> list[str]:
    return ["label-app", f"--app={app}", f"--studies={studies}"]


def test_the_app_holds_the_whole_bundle_with_the_served_config(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app, model = tmp_path / "app", save_tiny_checkpoint(tmp_path / "own.pt")
    assert main([*words(app, tmp_path), f"--model={model}", "--noheat_maps"]) == 0
    bundle = app / "model" / ARCHIVE_NAME
    assert "classification" in bundle.name, "MONAI Label reads the kind of task out of the name"
    assert (bundle / "models" / "model.pt").read_bytes() == model.read_bytes()
    assert (bundle / "csfnet_bundle" / "serving" / "monai_label" / "app.py").is_file()
    config = json.loads((bundle / "configs" / "inference.json").read_text())
    assert config["studies_dir"] == str(tmp_path.resolve())
    assert config["heat_maps"] is False
    assert config["inferer"]["_target_"].endswith("FollowUpInferer")
    assert sorted(path.name for path in app.iterdir()) == ["main.py", "model", "serve.py"]
    assert f"python {app / 'serve.py'}" in capsys.readouterr().out


def test_its_files_are_what_monai_label_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = tmp_path / "app"
    model = save_tiny_checkpoint(tmp_path / "own.pt")
    assert main([*words(app, "https://pacs.example/dicom-web"), f"--model={model}"]) == 0
    install(monkeypatch)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "csfnet_bundle.serving.monai_label.app", raising=False)
    loaded = runpy.run_path(str(app / "main.py"), run_name="main")
    # MONAI Label takes the class that is defined there and has its base.
    found = [value for value in loaded.values() if isinstance(value, type) and value.__module__ == "main"]
    assert [issubclass(value, MONAILabelApp) for value in found] == [True]
    sys.modules.pop("csfnet_bundle.serving.monai_label.app")
    text = (app / "serve.py").read_text()
    assert "start(APP, 'https://pacs.example/dicom-web')" in text
    compile(text, "serve.py", "exec")


def test_what_is_there_is_not_replaced_and_what_are_no_studies_is_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = tmp_path / "app"
    there.mkdir()
    assert main(words(there, tmp_path)) == 1
    assert "exists already" in capsys.readouterr().err
    assert list(there.iterdir()) == []
    assert main(words(tmp_path / "new", tmp_path / "nowhere")) == 1
    assert "is not a folder" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
