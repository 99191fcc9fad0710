"""The wheel: whole in itself, and of use from a folder where there is nothing of the checkout."""

import os
import subprocess
import sys
import tomllib
import venv
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from helpers.alone import WITHOUT_FURTHER
from helpers.workflow_runs import REPOSITORY

from csfnet_bundle.records import Datalist, load_datalist, save_datalist
from csfnet_bundle.serving.archive import ARCHIVE_NAME, write_archive

BESIDE_THE_CHECKOUT = "sys.meta_path[:] = [finder for finder in sys.meta_path if '__editable__' not in str(finder)]"
"""Takes the test environment's editable install out of the search for modules."""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(REPOSITORY)], check=True)
    return next(folder.glob("*.whl"))


def _without_python_paths() -> dict[str, str]:
    """Return the environment without PYTHONPATH: pip would take a checkout there for the wheel, installed already."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run Python in a new folder, where the package comes from the wheel and the libraries from here."""
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(site)
    clean = _without_python_paths()

    def run(module: str, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        code = f"import runpy, sys; {BESIDE_THE_CHECKOUT}; {WITHOUT_FURTHER}; sys.argv = {[module, *words]!r}; "
        code += f"runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
        environment = {**clean, "PYTHONPATH": str(site), "OMP_NUM_THREADS": "1"}
        return subprocess.run(
            [sys.executable, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture
def one_pair(small_cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One pair of the small cohort."""
    datalist, folder = load_datalist(small_cohort), tmp_path_factory.mktemp("one_pair")
    (pair,) = datalist.section("inference")[:1]
    assert pair.t0 is not None
    t0, t1 = (replace(scan, path=str(small_cohort / scan.path)) for scan in (pair.t0, pair.t1))
    save_datalist(Datalist(folder, {"inference": (replace(pair, t0=t0, t1=t1),)}, datalist.header))
    return folder


@pytest.mark.long
def test_the_bundle_runs_from_any_folder(installed: Run, one_pair: Path, tmp_path: Path) -> None:
    """By its installed config and weights, and writes below that folder alone."""
    found = installed("csfnet_bundle", "config", "inference", cwd=tmp_path)
    config = Path(found.stdout.strip())
    assert config.is_file(), found.stderr
    assert not config.is_relative_to(REPOSITORY)
    before = set(config.parents[2].rglob("*"))
    words = ["run", "inference", "--config_file", str(config), "--dataset_dir", str(one_pair)]
    done = installed("monai.bundle", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"weights: {config.parents[1] / 'models' / 'model.pt'} (trained on: phantom cohort" in done.stderr
    (row,) = pd.read_csv(tmp_path / "output" / "inference" / "predictions.csv").to_dict("records")
    assert row["t1_volume_mm3"] > 0  # the measuring network was found
    assert {path.name for path in tmp_path.iterdir()} == {"output"}
    assert {path for path in set(config.parents[2].rglob("*")) - before if "__pycache__" not in path.parts} == set()


def test_the_interface_from_python_finds_the_installed_weights(installed: Run, tmp_path: Path) -> None:
    done = installed("timeit", "-n1", "-r1", "import csfnet_bundle; csfnet_bundle.load()", cwd=tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.mark.long
def test_the_archive_and_the_app_are_made_from_any_folder(installed: Run, tmp_path: Path) -> None:
    """The archive of an installed bundle has the bytes of the checkout's."""
    done = installed("csfnet_bundle", "package", "--out", "bundle.zip", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    write_archive(tmp_path / "expected.zip", REPOSITORY, REPOSITORY / "models" / "model.pt")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as found, zipfile.ZipFile(tmp_path / "expected.zip") as expected:
        assert found.namelist() == expected.namelist()
    assert (tmp_path / "bundle.zip").read_bytes() == (tmp_path / "expected.zip").read_bytes()
    app = tmp_path / "app"
    made = installed("csfnet_bundle", "label-app", "--app", "app", "--studies", ".", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert (app / "model" / ARCHIVE_NAME / "configs" / "preprocessing.json").is_file()


def _environment(folder: Path, requirement: str) -> Path:
    """Make an environment with what pip installs for a requirement; return its folder of programs."""
    venv.create(folder, with_pip=True)
    programs = folder / "bin"
    subprocess.run([programs / "pip", "install", "--quiet", requirement], check=True, env=_without_python_paths())
    return programs


def _all_extras() -> str:
    """Return every extra that a user may want, as pip takes them."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    return f"[{','.join(name for name in project['optional-dependencies'] if name not in ('docs', 'test'))}]"


NEEDS_AN_EXTRA = {
    "export": ("export", "--out", "exported"),
    "nlst": ("cohort", "screenings", "--out", "screens"),
    "codecs": ("fuzz-reader", "--files", "1"),
    "dicom-sr": ("predict", "--t1=x", "--point1=1,2,3", "--space=LPS", "--dicom_out"),
    "pacs": ("follow-up", "--pacs=http://127.0.0.1:9", "--study=1.2", "--point1=1,2,3"),
    "medst": ("medst-study", "--dataset_dir=x", "--out=studies"),
}


@pytest.mark.long
@pytest.mark.parametrize("extras", ["", _all_extras()])
def test_a_clean_environment(wheel: Path, extras: str, small_cohort: Path, tmp_path: Path) -> None:
    """Bare, where a command whose extra is missing names it in one line, and with all extras."""
    programs = _environment(tmp_path / "environment", f"{wheel}{extras}")
    place = tmp_path / "place"
    place.mkdir()
    clean = _without_python_paths()

    def run(program: str, *words: str) -> subprocess.CompletedProcess[str]:
        command = [str(programs / program), *words]
        return subprocess.run(command, cwd=place, env=clean, capture_output=True, text=True, check=False)

    config = run("csfnet", "config", "inference").stdout.strip()
    run_words = ["-m", "monai.bundle", "run", "inference", "--config_file", config, "--dataset_dir", str(small_cohort)]
    done = run("python", *run_words)
    assert done.returncode == 0, done.stderr
    assert (place / "output" / "inference" / "predictions.csv").is_file()
    if extras:
        exported = run("csfnet", *NEEDS_AN_EXTRA["export"])
        assert exported.returncode == 0, exported.stderr
        assert {path.name for path in (place / "exported").iterdir()} == {"model.ts", "model.onnx"}
        return
    for extra, words in NEEDS_AN_EXTRA.items():
        done = run("csfnet", *words)
        assert done.returncode == 1
        assert f"pip install 'csfnet-bundle[{extra}]'" in done.stderr
        assert done.stderr.count("\n") == 1
    assert {path.name for path in place.iterdir()} == {"output"}
