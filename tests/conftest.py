"""Fixtures that every test may use."""

import gc
import os
import sys
import tarfile
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from helpers.made_once import MadeOnce

# Networks this small gain nothing from a second thread, and lose much where the machine is busy. Libraries read this
# when they are loaded, in the processes that tests start too.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# UIDs of results are made with it; without it they would be made with a word in the user's own folder.
os.environ.setdefault("CSFNET_SITE_SALT", "tests")

# What is loaded to collect the tests stays until their end: the garbage collector looked through it again and again,
# which took a quarter of the collection's processor time.
gc.disable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    gc.freeze()
    gc.enable()


# The same examples every time in CI, new ones in every run at a desk. No test judges by seconds.
settings.register_profile("bundle", derandomize=bool(os.environ.get("CI")), deadline=None, max_examples=50)
settings.load_profile("bundle")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End the process with the tests' own status, without the libraries' farewell.

    GDCM, ITK and SimpleITK carry the same C++ library; loaded into one process, as only the comparisons here do, they
    can crash while the interpreter takes itself down, after the last test.
    """
    status = getattr(config, "_status_of_the_tests", None)
    if status is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config._status_of_the_tests = int(exitstatus)  # type: ignore[attr-defined]


FIRST = (
    "tests/workflows/",
    "tests/studies/",
    "tests/commands/test_benchmark.py",
    "tests/commands/test_medst_study.py",
    "tests/serving/",
    "tests/cohorts/phantom/",
)
"""What takes longest: begun last, it would leave one process to itself at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(FIRST))


REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(autouse=True)
def own_process() -> Iterator[None]:
    """Undo what a test does to its process: later tests look at loggers, hooks, random numbers and torch's settings."""
    from helpers.process_state import process_state_kept

    with process_state_kept():
        yield


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest) -> Iterator[None]:
    """Undo it for what is made once for several tests too: which of them comes first is nobody's choice."""
    if fixturedef.scope == "function":
        return (yield)
    from helpers.process_state import process_state_kept

    with process_state_kept():
        return (yield)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real, openly licensed data beside the checkout; its README says what it holds."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the real data of {folder} are not on this machine")
    return folder


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> "MadeOnce":
    """Give a folder by its name and what makes it, once for all processes of a run; read only."""
    from helpers.made_once import made_once

    own = tmp_path_factory.getbasetemp()
    return partial(made_once, own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


@pytest.fixture(scope="session")
def lidc_series(shared_data: Path, made_once: "MadeOnce") -> Callable[[str], Path]:
    """Give the folder of a real LIDC-IDRI series by its patient; each is extracted once. Read only."""

    @cache
    def extract(patient: str) -> Path:
        archive = shared_data / "lidc_dicom" / f"{patient}.tar.xz"
        if not archive.is_file():
            pytest.skip(f"{archive} is not on this machine")
        with tarfile.open(archive) as tar:
            return made_once(patient, lambda folder: tar.extractall(folder, filter="data"))

    return extract


@pytest.fixture
def quick_measuring() -> Iterator[None]:
    """Measure with a threshold in place of the shipped network."""
    from helpers.drawn_spheres import measuring_by_threshold

    with measuring_by_threshold():
        yield


@pytest.fixture(scope="session")
def small_cohort(made_once: "MadeOnce") -> Path:
    """A folder with 34 follow-up pairs of small NIfTI scans; read only."""
    from helpers.small_cohort import make_small_cohort

    return made_once("small_cohort", make_small_cohort)


@pytest.fixture(scope="session")
def screens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cohort of three screens for Med-ST; read only."""
    from helpers.medst_cohort import make_medst_cohort

    return make_medst_cohort(tmp_path_factory.mktemp("screens"))
