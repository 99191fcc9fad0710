"""Requests from the params to the answer, as MONAI Label runs them, beside `run inference` on the same pair."""

import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from helpers.http_error import HttpError
from helpers.stand_in_server import StandInServer
from helpers.tiny_checkpoint import opinion_checkpoint, tiny_checkpoint, tiny_network
from helpers.workflow_runs import make_workflow

from csfnet_bundle.networks import CSFNet
from csfnet_bundle.prediction.checkpoint import PAIR_CAVEAT
from csfnet_bundle.records import Datalist, FollowUpPair, Scan, save_datalist

SAME_PROBABILITY = 1e-6
"""Both run the same float32 network on the same voxels; the softmax is taken in float32 here, in float64 there."""


def run_inference(pair: FollowUpPair, studies: Path, model: Path) -> tuple[float, Path]:
    """Return the probability of `run inference` and the folder of its output."""
    folder, out = studies.parent / "direct", studies.parent / "out"
    save_datalist(Datalist(folder, {"inference": (pair,)}))
    override: dict[str, Any] = {"dataset_dir": str(folder), "output_dir": str(out), "cache_dir": None}
    make_workflow("inference", ["inference.json"], checkpoint_path=str(model), **override).run()
    return float(pd.read_csv(out / "predictions.csv")["probability"][0]), out


def served(pair: FollowUpPair, studies: Path, **changes: Any) -> FollowUpPair:
    assert pair.t0 is not None
    scans = {name: Scan(str(studies / f"{name}.nii"), scan.point) for name, scan in (("t0", pair.t0), ("t1", pair.t1))}
    whole = {"interval_days": pair.interval_days, "clinical": pair.clinical, **scans}
    return FollowUpPair("served", "1", **{**whole, **changes})


def test_the_answer_and_the_heat_map_are_those_of_run_inference(
    studies: Path, model: Path, params: dict[str, Any], served_pair: FollowUpPair
) -> None:
    benign, malignant = StandInServer(studies, model).infer(str(studies / "t1.nii"), **params)
    expected, out = run_inference(served(served_pair, studies), studies, model)
    assert malignant == pytest.approx(expected, abs=SAME_PROBABILITY)
    assert benign + malignant == pytest.approx(1)
    heat_map, direct = nib.load(studies / "attention" / "t1_1_attention.nii.gz"), nib.load(*out.glob("*.nii.gz"))
    np.testing.assert_allclose(heat_map.get_fdata(), direct.get_fdata(), atol=1e-5)
    np.testing.assert_array_equal(heat_map.affine, direct.affine)


def test_clinical_values_that_are_not_sent_are_missing(
    studies: Path, model: Path, params: dict[str, Any], served_pair: FollowUpPair
) -> None:
    server = StandInServer(studies, model)
    whole = server.infer("t1.nii", **params)[1]
    for name in ("clinical", "interval_days"):
        params.pop(name)
    sparse = server.infer("t1.nii", **params)[1]
    expected, _ = run_inference(served(served_pair, studies, clinical={}, interval_days=None), studies, model)
    assert sparse == pytest.approx(expected, abs=SAME_PROBABILITY)
    assert abs(sparse - whole) > 5 * SAME_PROBABILITY  # an untrained network: small, and told from rounding


def test_requests_leave_nothing_behind_for_the_next_one(studies: Path, model: Path, params: dict[str, Any]) -> None:
    server = StandInServer(studies, model)
    first = server.infer("t1.nii", **params)
    server.infer("t1.nii", **{**params, "clinical": {"age": 74}, "nodule": "2"})
    assert server.infer("t1.nii", **params) == first
    assert sorted(path.name for path in (studies / "attention").iterdir()) == [
        "t1_1_attention.nii.gz",
        "t1_1_result.json",
        "t1_2_attention.nii.gz",
        "t1_2_result.json",
    ]


def test_without_t0_the_checkpoint_decides(
    studies: Path, model: Path, params: dict[str, Any], repository: Path
) -> None:
    one_scan = {"point1": params["point1"], "space": "voxel", "clinical": params["clinical"]}
    with pytest.raises(HttpError, match="NO_PRIOR") as caught:
        StandInServer(studies, model).infer("t1.nii", **one_scan)
    assert caught.value.status_code == 422
    tells = CSFNet(widths=tiny_network().widths, prior_presence=True).eval()
    tiny_checkpoint(tells).save(studies.parent / "tells.pt")
    for able in (studies.parent / "tells.pt", repository / "models" / "nodules" / "model.pt"):
        benign, malignant = StandInServer(studies, able).infer("t1.nii", **one_scan)
        assert benign + malignant == pytest.approx(1)


def test_the_words_beside_a_heat_map_say_what_is_not_calibrated(
    studies: Path, params: dict[str, Any], tmp_path: Path
) -> None:
    opinion_checkpoint().save(tmp_path / "opinion.pt")
    StandInServer(studies, tmp_path / "opinion.pt").infer("t1.nii", **params)
    told = json.loads((studies / "attention" / "t1_1_result.json").read_text())
    assert told["note"].startswith(PAIR_CAVEAT)
    assert "Not a medical device." in told["note"]


WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"clinicl": {}}, 400, "no param 'clinicl'"),
    ({"skip_writer": True}, 400, "no param 'skip_writer'"),
    ({"clinical": {"age": 640}}, 400, "age = 640 is not in the clinical code book"),
    ({"clinical": {"weight": 70}}, 400, "'weight' is no input"),
    ({"clinical": [63]}, 400, "expected an object"),
    ({"point1": "1,2,3"}, 400, "point1: is '1,2,3', expected three numbers"),
    ({"point1": [1, 2]}, 400, "expected three numbers"),
    ({"point0": None}, 422, "NO_LUNGS"),  # the served scans are cropped around the nodule
    ({"point0": [1, 2, float("nan")]}, 400, "expected three numbers"),
    ({"point0": [True, 2, 3]}, 400, "expected three numbers"),
    ({"point0": [10**400, 2, 3]}, 400, "point0: is [1000"),
    ({"clinical": {"age": 10**400}}, 400, "not in the clinical code book"),
    ({"space": None}, 400, "no space of the points"),
    ({"space": "MNI"}, 400, "space 'MNI' is not known"),
    ({"interval_days": -3}, 400, "number of days above 0"),
    ({"interval_days": "365"}, 400, "number of days above 0"),
    ({"nodule": "../1"}, 400, "expected letters, digits"),
    ({"subject": "a\nb"}, 400, "expected a text"),
    ({"subject": 7}, 400, "expected a text"),
    ({"t0": None}, 400, "point0 is given, but no t0"),
    ({"model_filename": "/other/model.pt"}, 400, "model_filename is"),
    ({"image": "/etc/passwd"}, 404, "the studies hold no scan"),
    ({"t0": "../outside.nii"}, 404, "the studies hold no scan"),
    ({"t0": "t1.nii"}, 422, "PAIR_MISMATCH"),
    ({"point1": [9999, 0, 0]}, 422, "POINT_OUTSIDE"),
]


@pytest.mark.parametrize(("change", "status", "words"), WRONG, ids=[words for _, _, words in WRONG])
def test_what_cannot_be_answered_is_one_line_and_writes_nothing(
    studies: Path, model: Path, params: dict[str, Any], change: dict[str, Any], status: int, words: str
) -> None:
    with pytest.raises(HttpError) as caught:
        StandInServer(studies, model).infer(**{"image": "t1.nii", **params, **change})
    assert caught.value.status_code == status
    assert words in caught.value.detail
    assert "\n" not in caught.value.detail
    assert str(studies) not in caught.value.detail, "nobody outside needs to know the server's disk"
    assert not (studies / "attention").exists()


def test_params_of_other_clients_can_be_let_through(studies: Path, model: Path, params: dict[str, Any]) -> None:
    server = StandInServer(studies, model, ignored_params=["viewer"])
    assert server.infer("t1.nii", viewer="mine", **params)[1] > 0


def test_studies_that_cannot_be_written_are_said_so(studies: Path, model: Path, params: dict[str, Any]) -> None:
    (studies / "attention").write_text("in the way")
    with pytest.raises(HttpError, match=r"heat map t1_1_attention\.nii\.gz cannot be written") as caught:
        StandInServer(studies, model).infer("t1.nii", **params)
    assert caught.value.status_code == 507
    assert StandInServer(studies, model, heat_maps=False).infer("t1.nii", **params)[1] > 0


def test_no_path_of_the_server_is_told_where_the_studies_are_a_link(
    studies: Path, model: Path, params: dict[str, Any]
) -> None:
    link = studies.parent / "linked"
    link.symlink_to(studies)
    with pytest.raises(HttpError, match="POINT_OUTSIDE") as caught:
        StandInServer(link, model).infer("t1.nii", **{**params, "point1": [9999, 0, 0]})
    assert str(studies.parent) not in caught.value.detail
