"""Each choice beside the default, and a trial that goes on where it was."""

import json
from pathlib import Path

import pytest
import torch

from csfnet_bundle.commands import main
from csfnet_bundle.networks import create_system
from csfnet_bundle.studies.choices.trial import CHOICES, choices_markdown, lambdas, training_pairs_markdown

WORDS = ["--training", "18", "--test", "16", "--seeds", "1", "--epochs", "2", "--choices"]


def _document(areas: dict[str, list[float]], training: int = 8) -> dict[str, object]:
    course = [{"fused": 0.57, "later": 0.67}, {"fused": 0.6, "later": 0.7}]
    fits = [
        {"choice": name, "seed": seed, "auc": area, "lambdas": course}
        for name, by_seed in areas.items()
        for seed, area in enumerate(by_seed)
    ]
    return {
        "settings": {"training": training, "test": 8, "epochs": 2, "bundle_version": "0"},
        "fits": fits,
        "oracle": 0.93,
    }


def test_differences_are_of_the_same_seed() -> None:
    text = choices_markdown(_document({"default": [0.8, 0.9], "no_blur": [0.82, 0.92], "batches_of_8": [0.7]}))
    rows = {cells[2]: cells for line in text.splitlines() if len(cells := [c.strip() for c in line.split("|")]) == 9}
    assert rows["no_blur"][5] == "+0.020 (0.000)"
    assert rows["batches_of_8"][5] == "-0.100"
    assert rows["default"][4] == "0.850 (0.071)"
    assert "| 2" in text.split("during training")[1]


def test_more_training_pairs_stand_below_fewer() -> None:
    many, few = _document({"default": [0.92]}, training=64), _document({"default": [0.8, 0.9], "no_blur": [0.1]})
    lines = [line.split("|") for line in training_pairs_markdown([many, few]).splitlines() if line.startswith("| ")]
    assert [[cell.strip() for cell in line[1:-1]] for line in lines[2:]] == [
        ["8", "2", "0.850 (0.071)", "0.080"],
        ["64", "1", "0.920", "0.010"],
    ]


def test_every_choice_makes_a_network_of_its_own() -> None:
    torch.manual_seed(0)
    image = torch.rand(2, 2, 8, 16, 16)
    answers = {}
    for name, choice in CHOICES.items():
        torch.manual_seed(1)
        network = create_system("csfnet", 0.125, (8, 16, 16), choice.arguments).eval()
        assert lambdas(network) == pytest.approx({"fused": 0.574, "later": 0.668}, abs=1e-3)
        answers[name] = network(image, None, torch.tensor([300.0, 400.0]))
    for name, choice in CHOICES.items():  # those of the training leave the network as it is
        assert torch.equal(answers[name], answers["default"]) is not bool(choice.arguments)


@pytest.mark.long
def test_the_command_trains_what_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["paper-choices", "--out", str(tmp_path / "trial"), *WORDS]
    assert main([*words, "default"]) == 0
    states = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("state.pt")}
    assert main([*words, "default,no_blur"]) == 0
    assert {path: path.stat().st_mtime_ns for path in states} == states
    document = json.loads((tmp_path / "trial" / "results.json").read_text())
    assert [one["choice"] for one in document["fits"]] == ["default", "no_blur"]
    assert all(len(one["lambdas"]) == 2 for one in document["fits"])
    assert "minus default" in capsys.readouterr().out
    assert main([*words, "no such"]) == 1
    assert "there is no choice 'no such'" in capsys.readouterr().err
