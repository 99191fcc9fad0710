from pathlib import Path

import pytest

from csfnet_bundle.commands import main


def test_a_config_is_printed_by_its_path(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "inference"]) == 0
    assert capsys.readouterr().out == f"{repository / 'configs' / 'inference.json'}\n"


def test_several_are_the_list_that_monai_takes(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "train.json,systems/medst"]) == 0
    folder = repository / "configs"
    assert capsys.readouterr().out == f"['{folder / 'train.json'}','{folder / 'systems' / 'medst.json'}']\n"


def test_another_name_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "inferense"]) == 1
    error = capsys.readouterr().err
    assert "there is no config 'inferense'" in error
    assert "evaluate, " in error
    assert error.count("\n") == 1
