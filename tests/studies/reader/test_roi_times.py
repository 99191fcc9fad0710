import json
import subprocess
import sys
from pathlib import Path

import pytest

from csfnet_bundle.cohorts.phantom.plain_series import LUNG_HU, plain_point, write_plain_series
from csfnet_bundle.commands import main
from csfnet_bundle.geometry import Roi
from csfnet_bundle.studies.reader import roi_times
from csfnet_bundle.studies.reader.routes import ROUTES, Setting

SLICES, MATRIX = 40, 128
CENTER = (0.36, 0.55, 0.5)


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    folder = tmp_path_factory.mktemp("benchmark")
    series = write_plain_series(folder / "series", SLICES, MATRIX)
    return Setting(str(series), str(folder / "index"), plain_point(SLICES, MATRIX, CENTER))


FAST = [name for name, kind in ROUTES.items() if not kind.is_slow]


@pytest.mark.parametrize("name", FAST)
def test_every_route_does_what_it_says(name: str, setting: Setting) -> None:
    result = ROUTES[name].prepare(setting)()
    if name in ("cold", "known"):
        assert isinstance(result, Roi)
        assert result.array.shape == (16, 64, 64)
        assert result.array[4:12, 28:36, 28:36].mean() == pytest.approx(LUNG_HU, abs=20)


IN_A_PROCESS_OF_ITS_OWN = """
import json, sys
from csfnet_bundle.studies.reader.routes import ROUTES, Setting
setting = Setting(*json.loads(sys.argv[1]))
roi = ROUTES["cold"].prepare(setting)().array
crop = ROUTES["monai_chain"].prepare(setting)()
volume = ROUTES["monai_load"].prepare(setting)()
image = ROUTES["simpleitk"].prepare(setting)()
print(json.dumps([tuple(crop.shape), tuple(volume.shape), image.GetSize(), float(roi.mean()), float(crop.mean())]))
"""


@pytest.mark.long
def test_the_slow_routes_do_what_they_say(setting: Setting) -> None:
    # In a process of its own: ITK, SimpleITK and GDCM each bring a GDCM, and crash beside each other's.
    command = [sys.executable, "-c", IN_A_PROCESS_OF_ITS_OWN, json.dumps(list(vars(setting).values()))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    crop, volume, image, ours, theirs = json.loads(done.stdout.splitlines()[-1])
    assert crop == [1, 64, 64, 16]
    assert volume == [1, MATRIX, MATRIX, SLICES]
    assert image == [MATRIX, MATRIX, SLICES]
    assert theirs == pytest.approx(ours, abs=25)  # the grids of the two chains differ by up to a voxel


@pytest.mark.long
def test_the_command_prints_and_keeps_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "results" / "benchmark.json"
    arguments = ["--slices", str(SLICES), "--matrix", str(MATRIX), "--rounds", "2", "--slow_rounds", "1"]
    routes = ["--routes", "floor,known,cold,headers,pydicom", "--nosyntaxes"]
    assert main(["benchmark-roi", *arguments, *routes, "--json", str(file)]) == 0
    out = capsys.readouterr().out
    document = json.loads(file.read_text())
    assert list(document["routes"]) == ["floor", "known", "cold", "headers", "pydicom"]
    for route in document["routes"].values():
        assert route["label"].split(":")[0].split(",")[0] in out
        assert 0 < route["best_ms"] <= route["wall_ms"]
        assert route["peak_mb"] >= 0
    assert len(document["goals"]) == 3
    assert document["machine"]["pydicom"]


def test_the_reader_needs_little_memory(setting: Setting) -> None:
    request = {**vars(setting), "measure": "memory", "routes": ["cold"]}
    assert roi_times._child(request) < roi_times.MEMORY_LIMIT_MB


@pytest.mark.long
def test_compressed_syntaxes_have_a_row_for_each_plugin(tmp_path: Path) -> None:
    rows = roi_times._child({"measure": "syntaxes", "folder": str(tmp_path / "series"), "matrix": MATRIX})
    assert {row["syntax"] for row in rows if row["roi_ms"]} == {
        "RLE lossless",
        "JPEG lossless, first-order prediction",
        "JPEG-LS lossless",
        "JPEG 2000 lossless",
    }
    assert sum(bool(row["roi_ms"]) for row in rows) == 4


@pytest.mark.parametrize(
    ("arguments", "words"), [(["--slices", "10"], "at least 40"), (["--routes", "fastest"], "no route 'fastest'")]
)
def test_what_cannot_be_measured_is_told(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark-roi", *arguments]) == 1
    assert words in capsys.readouterr().err


def test_goals_say_what_was_reached() -> None:
    routes = {name: {"cpu_ms": 10.0, "peak_mb": 3.0} for name in ROUTES}
    routes["monai_chain"]["cpu_ms"] = 1600.0
    assert [goal["reached"] for goal in roi_times.goals(routes)] == [False, True, True, True]
