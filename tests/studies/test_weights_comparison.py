"""Files of weights side by side: the same phantoms, each with its own ROI."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.tiny_checkpoint import WIDTHS, tiny_checkpoint

from csfnet_bundle.cohorts.phantom.roi_set import RoiSetSettings, make_roi_set
from csfnet_bundle.commands import main
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.delong import area_interval
from csfnet_bundle.inputs.tensors import scale_window
from csfnet_bundle.networks import CSFNet
from csfnet_bundle.prediction.checkpoint import load_checkpoint, named_weights
from csfnet_bundle.studies.weights_comparison import LATER, PAIR, SEED, _ask, compare_on_phantoms, weights_markdown

SHIPPED = ("models/model.pt", "models/nodules/model.pt")


def test_the_shipped_files_on_the_same_phantoms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare-weights", str(tmp_path), "--pairs", "24"]) == 0
    document = json.loads((tmp_path / "results.json").read_text())
    assert [row["weights"] for row in document["rows"]] == list(SHIPPED)
    first, second = document["rows"]
    assert "minus_first" not in first[PAIR]
    assert second[PAIR]["minus_first"][0] == pytest.approx(second[PAIR]["auc"] - first[PAIR]["auc"])
    assert document["oracles"][PAIR][0] > document["oracles"][LATER][0] > 0.7
    shown = capsys.readouterr().out
    for words in ("Phantoms, not patients", "24 pairs", "models/nodules/model.pt"):
        assert words in shown

    # The areas again, by hand, of the weights that need no clinical value.
    checkpoint = load_checkpoint(named_weights(SHIPPED[1]))
    pairs = make_roi_set(tmp_path / "24at1x48at1x48at1", RoiSetSettings(24, SEED, size=checkpoint.roi.size))
    image = scale_window(torch.from_numpy(pairs.images).float(), checkpoint.roi.window)
    network = checkpoint.create_network().eval()
    with torch.no_grad():
        both, later = (
            np.diff(network(x).double().numpy())[:, 0] for x in (image, torch.stack([image[:, 1]] * 2, dim=1))
        )
    assert second[PAIR]["auc"] == pytest.approx(area_interval(both, pairs.labels)[0])
    assert second[LATER]["auc"] == pytest.approx(area_interval(later, pairs.labels)[0])


@pytest.mark.parametrize("weights", [SHIPPED[:1], (SHIPPED[0], f"./{SHIPPED[0]}")])
def test_one_file_is_no_comparison(weights: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"--weights.*expected two or more different files"):
        compare_on_phantoms(weights, tmp_path, pairs=8)


@pytest.mark.parametrize(("pairs", "words"), [(-3, "-3 pairs"), (0, "0 pairs"), (1, "--pairs: is 1, too few")])
def test_too_few_pairs_are_told_before_anything_is_drawn(pairs: int, words: str, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=words):
        compare_on_phantoms(SHIPPED, tmp_path, pairs=pairs)
    assert not list(tmp_path.iterdir())


def test_a_later_scan_alone_has_no_days_since_the_prior(tmp_path: Path) -> None:
    """As in prediction; weights with an interval token would answer otherwise."""
    torch.manual_seed(0)
    made = tiny_checkpoint(CSFNet(WIDTHS, use_interval=True))
    pairs = make_roi_set(tmp_path, RoiSetSettings(2, SEED, size=made.roi.size, spacing=made.roi.spacing))
    later = scale_window(torch.from_numpy(pairs.images[:, [1, 1]]).float(), made.roi.window)
    with torch.no_grad():
        answer = made.create_network().eval()(later, torch.from_numpy(pairs.clinical), torch.full((2,), torch.nan))
    assert _ask(made, pairs)[LATER] == pytest.approx(np.diff(answer.double().numpy())[:, 0])


def test_a_table_has_no_difference_for_the_first_file() -> None:
    found = {"auc": 0.8, "lower": 0.7, "upper": 0.9}
    other = {**found, "minus_first": [-0.05, -0.1, 0.0]}
    rows = [
        {"weights": "a.pt", "trained_on": "these", PAIR: found, LATER: found},
        {"weights": "b.pt", "trained_on": "those", PAIR: other, LATER: other},
    ]
    document = {"pairs": 8, "malignant": 4, "seed": 1, "rows": rows, "command": "compare-weights"}
    document["oracles"] = {PAIR: [0.95, 0.9, 1.0], LATER: [0.9, 0.8, 1.0]}
    a, b = [line for line in weights_markdown(document).splitlines() if ".pt" in line]
    assert a.count("–") == 2
    assert b.count("-0.050 (-0.100 to +0.000)") == 2
