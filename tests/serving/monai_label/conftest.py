"""Studies as a server serves them: the scans of one pair by flat names, and something that is none of them."""

import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest
from helpers.http_error import HttpError
from helpers.tiny_checkpoint import save_tiny_checkpoint

from csfnet_bundle.records import FollowUpPair, load_datalist


@pytest.fixture(autouse=True)
def _quickly(quick_measuring: None) -> None:
    """What is tested is the way of a request."""


@pytest.fixture(autouse=True)
def fastapi(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("fastapi")
    module.HTTPException = HttpError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "fastapi", module)


@pytest.fixture(scope="session")
def served_pair(small_cohort: Path) -> FollowUpPair:
    return load_datalist(small_cohort).section("inference")[1]


@pytest.fixture
def studies(small_cohort: Path, served_pair: FollowUpPair, tmp_path: Path) -> Path:
    folder = tmp_path / "studies"
    folder.mkdir()
    assert served_pair.t0 is not None
    for name, scan in (("t0", served_pair.t0), ("t1", served_pair.t1)):
        shutil.copy(small_cohort / scan.path, folder / f"{name}.nii")
    (folder / "list.csv").write_text("a,b\n")
    shutil.copy(folder / "t0.nii", tmp_path / "outside.nii")
    return folder


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_checkpoint(tmp_path_factory.mktemp("model") / "model.pt")


@pytest.fixture
def params(served_pair: FollowUpPair) -> dict[str, object]:
    """The whole pair as a request's params."""
    assert served_pair.t0 is not None
    return {
        "t0": "t0.nii",
        "point0": list(served_pair.t0.point.coordinates),
        "point1": list(served_pair.t1.point.coordinates),
        "space": "voxel",
        "interval_days": served_pair.interval_days,
        "clinical": dict(served_pair.clinical),
    }
