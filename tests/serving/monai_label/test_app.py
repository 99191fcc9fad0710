"""The app behind viewers' requests: answers, many at once, failures, a killed server, and what its log says."""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import SimpleITK
from helpers.http_error import HttpError
from helpers.stand_in_monailabel import install, post
from helpers.tiny_checkpoint import opinion_checkpoint
from helpers.viewer_requests import ohif, ohif2, slicer

from csfnet_bundle.commands.label_app import label_app
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.prediction.predictor import Predictor
from csfnet_bundle.records import FollowUpPair

POINT_MODEL = "lung_nodule_ct_followup_point"
SEND = Callable[..., dict[str, Any]]
CONCURRENT = 20


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    install(monkeypatch)
    monkeypatch.delitem(sys.modules, "csfnet_bundle.serving.monai_label.app", raising=False)
    import csfnet_bundle.serving.monai_label.app as module

    filters = [(handler, [*handler.filters]) for handler in logging.getLogger().handlers]
    yield module
    sys.modules.pop("csfnet_bundle.serving.monai_label.app")
    for handler, before in filters:
        handler.filters[:] = before


@pytest.fixture
def app(module: ModuleType, studies: Path, model: Path, tmp_path: Path) -> Any:
    label_app(tmp_path / "app", str(studies), model)
    return module.FollowUpApp(str(tmp_path / "app"), str(studies), {})


@pytest.fixture
def clicks(served_pair: FollowUpPair) -> tuple[list[float], str]:
    """The place in t1 as a click, and that in t0 as a user types it."""
    assert served_pair.t0 is not None
    return list(served_pair.t1.point.coordinates), ",".join(map(str, served_pair.t0.point.coordinates))


def test_viewers_list_the_point_model_and_its_options(app: Any) -> None:
    info = app.info()
    listed = {name for name, model in info["models"].items() if model["type"] in ("deepgrow", "deepedit", "vista3d")}
    assert listed == {POINT_MODEL}
    assert info["models"][POINT_MODEL]["labels"] == {"nodule": 1}
    assert info["models"][POINT_MODEL]["dimension"] == 3
    assert info["models"][POINT_MODEL]["config"] == {"t0": "", "point0": "", "clinical": "", "interval_days": ""}
    assert info["labels"] == ["nodule"], "Slicer makes a segment of each"
    assert json.dumps(info)


def test_both_viewers_get_the_outline_and_slicer_the_prediction(
    app: Any, clicks: tuple[list[float], str], studies: Path, model: Path, served_pair: FollowUpPair
) -> None:
    click, point0 = clicks
    options = {"t0": "t0", "point0": point0, "clinical": "age=61, gender=2", "interval_days": "365"}
    sent = slicer([click], options)
    answer = post(app, POINT_MODEL, "t1", sent)
    outline = nib.load(answer["file"])
    scan = nib.load(studies / "t1.nii")
    assert outline.shape == scan.shape
    np.testing.assert_array_equal(outline.affine, scan.affine)
    mask = outline.get_fdata() > 0
    assert mask[tuple(round(value) for value in click)]
    np.testing.assert_allclose(np.argwhere(mask).mean(axis=0), click, atol=1)
    told = answer["params"]
    assert told["description"] == bytes(outline.header["descrip"]).rstrip(b"\0").decode()
    assert told["description"].startswith(f"malignancy {told['probability']:.2f} ({told['band'][0]:.2f}-")
    assert told["label_names"] == {"nodule": 1}
    assert told["prior"]["scan"] == "t0.nii"
    assert not told["prior"]["matched_automatically"]
    assert told["measured"]["t1"]["volume_mm3"] == pytest.approx(mask.sum(), rel=0.15)
    assert told["warnings"] is not None
    assert "not a medical device" in told["note"].lower()
    from csfnet_bundle.prediction.checkpoint import load_checkpoint

    predictor = Predictor(load_checkpoint(model))
    expected = predictor.predict(
        studies / "t1.nii",
        Point(tuple(map(round, click)), Space.VOXEL),
        t0=studies / "t0.nii",
        point0=served_pair.t0.point,  # type: ignore[union-attr]
        clinical={"age": 61, "gender": 2},
        interval_days=365,
        clicks=False,
    )
    assert told["probability"] == pytest.approx(expected.probability, abs=1e-6)

    shown = post(app, POINT_MODEL, "t1", ohif([click], options))
    image = SimpleITK.ReadImage(shown["file"])
    assert shown["file"].endswith(".nrrd")
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image).transpose() > 0, mask)
    for path in (answer["file"], shown["file"]):
        Path(path).unlink()
    assert sorted(path.name for path in studies.iterdir()) == ["list.csv", "t0.nii", "t1.nii"], "nothing is left there"


def test_a_click_tells_that_a_pair_is_not_calibrated(
    module: ModuleType, studies: Path, clicks: tuple[list[float], str], tmp_path: Path
) -> None:
    from csfnet_bundle.prediction.checkpoint import PAIR_CAVEAT

    opinion_checkpoint().save(tmp_path / "opinion.pt")
    label_app(tmp_path / "app", str(studies), tmp_path / "opinion.pt")
    app = module.FollowUpApp(str(tmp_path / "app"), str(studies), {})
    answer = post(app, POINT_MODEL, "t1", slicer([clicks[0]], {"t0": "t0", "point0": clicks[1]}))
    Path(answer["file"]).unlink()
    assert answer["params"]["note"].startswith(PAIR_CAVEAT)
    assert "); not calibrated; " in answer["params"]["description"]


WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"foreground": []}, 400, "expected at least one click"),
    ({"foreground": [[9999, 1, 1]]}, 422, "POINT_OUTSIDE"),
    ({"t0": ""}, 422, "NO_PRIOR"),
    ({"t0": "nowhere"}, 404, "the studies hold no scan"),
    ({"t0": "../outside.nii"}, 404, "the studies hold no scan"),
    ({"clinical": "age=640"}, 400, "age = '640'"),
    ({"interval_days": "a year"}, 400, "number of days above 0"),
    ({"result_extension": ".exe"}, 400, "result_extension"),
    ({"clinicl": "age=63"}, 400, "there is no param"),
    ({"foreground": [[2, 2, 2]], "point0": ""}, 422, "NO_LUNGS"),
]


@pytest.mark.parametrize(("change", "status", "words"), WRONG, ids=[words for _, _, words in WRONG])
def test_a_wrong_request_is_one_line(
    app: Any, clicks: tuple[list[float], str], studies: Path, change: dict[str, Any], status: int, words: str
) -> None:
    options = {"t0": "t0", "point0": clicks[1]}
    if change.get("t0") == "":
        options = {}
    with pytest.raises(HttpError) as caught:
        post(app, POINT_MODEL, "t1", {**ohif2([clicks[0]]), **options, **change})
    assert caught.value.status_code == status
    assert words in caught.value.detail
    assert "\n" not in caught.value.detail
    assert str(studies) not in caught.value.detail


def test_an_image_that_is_not_there_or_elsewhere_is_not_found(app: Any, clicks: tuple[list[float], str]) -> None:
    for image in ("nowhere", "../outside.nii", "/etc/passwd", ""):
        with pytest.raises(HttpError, match="the studies hold no scan") as caught:
            post(app, POINT_MODEL, image, ohif([clicks[0]]))
        assert caught.value.status_code == 404


class _Slow:
    """A point model that takes a while and fails where two are in it at once."""

    def __init__(self) -> None:
        self.inside = threading.Lock()
        self.needs_prior = False
        self.find_series = None
        self.asked: list[tuple[float, ...]] = []

    def predict_checked(self, pair: FollowUpPair, folder: Path, **_: Any) -> Any:
        assert self.inside.acquire(blocking=False), "two requests at once"
        self.asked.append(pair.t1.known_point.coordinates)
        threading.Event().wait(0.005)
        self.inside.release()
        raise ValueError(f"SMITH {pair.t1.known_point.coordinates}")


def test_twenty_requests_at_once_are_answered_one_by_one_each_with_its_own(
    app: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = _Slow()
    monkeypatch.setattr(app._infers[POINT_MODEL]._model, "_predictor", slow)

    def ask(number: int) -> HttpError:
        with pytest.raises(HttpError) as caught:
            post(app, POINT_MODEL, "t1", ohif([(20, 20, number)]))
        return caught.value

    with ThreadPoolExecutor(CONCURRENT) as pool:
        answers = list(pool.map(ask, range(CONCURRENT)))
    assert {answer.status_code for answer in answers} == {500}
    assert {answer.detail for answer in answers} == {"the server failed (ValueError)"}
    assert sorted(slow.asked) == [(20.0, 20.0, float(number)) for number in range(CONCURRENT)]
    told = [record.getMessage() for record in caplog.records if "request failed" in record.getMessage()]
    assert len(told) == CONCURRENT
    assert "SMITH" not in caplog.text


def test_the_log_of_an_answer_names_nobody_and_tells_no_value(
    app: Any, clicks: tuple[list[float], str], caplog: pytest.LogCaptureFixture, studies: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    (studies / "SMITH_JOHN.nii").symlink_to(studies / "t1.nii")
    options = {"t0": "t0", "point0": clicks[1], "clinical": "age=67", "interval_days": "1234"}
    answer = post(app, POINT_MODEL, "SMITH_JOHN", slicer([clicks[0]], options))
    Path(answer["file"]).unlink()
    assert "a click answered in" in caplog.text
    for secret in ("SMITH", "67", "1234", "t0.nii", str(studies)):
        assert secret not in caplog.text.replace("answered in", "")


CHILD = """
import sys, time
from pathlib import Path
import pytest
from helpers.stand_in_monailabel import install, post
from helpers.viewer_requests import ohif
install(pytest.MonkeyPatch())
from csfnet_bundle.serving.monai_label import point_model
from csfnet_bundle.serving.monai_label.app import POINT_MODEL, FollowUpApp
point_model.describe = lambda _: (print("answering", flush=True), time.sleep(600))
app = FollowUpApp(sys.argv[1], sys.argv[2], {})
post(app, POINT_MODEL, "t1", {**ohif([eval(sys.argv[3])]), "t0": "t0", "point0": sys.argv[4]})
"""


@pytest.mark.long
def test_a_killed_worker_leaves_nothing_and_the_next_one_answers(
    app: Any, clicks: tuple[list[float], str], studies: Path, tmp_path: Path, repository: Path
) -> None:
    before = sorted(path.name for path in studies.iterdir())
    search = os.pathsep.join([str(repository), str(repository / "tests")])
    words = [sys.executable, "-c", CHILD, str(tmp_path / "app"), str(studies), repr(clicks[0]), clicks[1]]
    child = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": search})
    assert child.stdout is not None
    with child.stdout:
        assert child.stdout.readline() == "answering\n"
        child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL
    assert sorted(path.name for path in studies.iterdir()) == before
    answer = post(app, POINT_MODEL, "t1", {**ohif([clicks[0]]), "t0": "t0", "point0": clicks[1]})
    assert Path(answer["file"]).stat().st_size > 0
    Path(answer["file"]).unlink()
