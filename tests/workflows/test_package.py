"""The archive: the same bytes every time, and what the zoo wants; that it runs alone is in test_model_zoo.py."""

import json
import zipfile
from pathlib import Path

import pytest

import csfnet_bundle
from csfnet_bundle.commands import main
from csfnet_bundle.serving.archive import ARCHIVE_NAME


@pytest.fixture(scope="module")
def archive(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "bundle.zip"
    assert main(["package", f"--out={path}", f"--model={trained / 'model.pt'}"]) == 0
    return path


@pytest.fixture
def unpacked(archive: Path, tmp_path: Path) -> Path:
    with zipfile.ZipFile(archive) as file:
        file.extractall(tmp_path)
    return tmp_path / ARCHIVE_NAME


def test_the_same_content_gives_the_same_bytes(archive: Path, trained: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    assert main(["package", f"--out={again}", f"--model={trained / 'model.pt'}"]) == 0
    assert again.read_bytes() == archive.read_bytes()


def test_the_archive_holds_what_the_zoo_wants_and_nothing_else(archive: Path) -> None:
    with zipfile.ZipFile(archive) as file:
        assert file.testzip() is None
        names = file.namelist()
    inside = {name.removeprefix(f"{ARCHIVE_NAME}/") for name in names}
    assert all(name.startswith(f"{ARCHIVE_NAME}/") for name in names)
    wanted = {
        "LICENSE",
        "pyproject.toml",
        "docs/README.md",
        "models/model.json",
        "models/model.pt",
        "models/measure.ts",
        "models/measure.json",
        "models/nodules/model.pt",
        "models/nodules/model.json",
        "configs/metadata.json",
        "configs/inference.json",
    }
    wanted |= {"configs/train.json", "configs/evaluate.json", "configs/logging.conf", "csfnet_bundle/py.typed"}
    wanted |= {"csfnet_bundle/records/datalist.schema.json", "csfnet_bundle/report/templates/case.html"}
    assert wanted <= inside
    assert {name.split("/")[0] for name in inside if "/" in name} <= {
        "configs",
        "csfnet_bundle",
        "docs",
        "models",
        "scripts",
    }
    assert not [name for name in inside if "__pycache__" in name or "/." in name or name.startswith(".")]


def test_the_metadata_tells_the_size_that_the_weights_want(unpacked: Path) -> None:
    metadata = json.loads((unpacked / "configs" / "metadata.json").read_text())
    assert metadata["network_data_format"]["inputs"]["image"]["spatial_shape"] == [16, 32, 32]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--out=bundle.tar"], ["bundle.tar", ".zip"]),
        (["--out=bundle.zip", "--model=nowhere.pt"], ["nowhere.pt", "there is no checkpoint"]),
        (["--out=bundle.zip", "--model=README.txt"], ["README.txt", "damaged"]),
    ],
)
def test_mistakes_are_one_line_and_write_nothing(
    options: list[str], words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.txt").write_text("no weights")
    assert main(["package", *options]) == 1
    error = capsys.readouterr().err.strip()
    assert error.startswith("error: ")
    assert "\n" not in error
    assert all(word in error for word in words)
    assert [path.name for path in tmp_path.iterdir()] == ["README.txt"]


def test_the_version_is_the_same_everywhere(repository: Path) -> None:
    metadata = json.loads((repository / "configs" / "metadata.json").read_text())
    assert metadata["version"] == csfnet_bundle.__version__
    assert next(iter(metadata["changelog"])) == csfnet_bundle.__version__
    headings = [line for line in (repository / "CHANGELOG.md").read_text().splitlines() if line.startswith("## ")]
    assert headings[0].split()[1] == csfnet_bundle.__version__
