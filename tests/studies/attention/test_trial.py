import json
from pathlib import Path

import numpy as np
import pytest

from csfnet_bundle.commands import main
from csfnet_bundle.studies.attention.trial import MARGIN, named_share, verdict

WORDS = ["--training", "18", "--test", "16", "--seeds", "1", "--epochs", "1"]


@pytest.mark.long
@pytest.mark.parametrize("trunk", ["frozen", "random"])
def test_the_trial_is_made_and_never_repeated(tmp_path: Path, capsys: pytest.CaptureFixture[str], trunk: str) -> None:
    out = tmp_path / "trial"
    words = [*WORDS, "--trunk", trunk]
    assert main(["attention-trial", "--out", str(out), *words]) == 1  # one epoch selects nothing
    text = capsys.readouterr().out
    assert "Not accepted, 1 seeds" in text
    document = json.loads((out / "results.json").read_text())
    fits = {one["system"]: one for one in document["fits"]}
    assert list(fits) == ["csfnet", "uniform_attention", "published_attention"]
    # Uniform attention stays as it is when made uniform; its map and its peaks are flat.
    uniform = fits["uniform_attention"]
    assert uniform["auc_made_uniform"] == uniform["auc"]
    assert uniform["share"] == pytest.approx(0.5, abs=1e-6)
    assert uniform["peak_image"] == pytest.approx(1, abs=1e-5)
    assert uniform["peak_clinical"] == pytest.approx(1, abs=1e-5)
    assert fits["csfnet"]["peak_image"] > 1
    states = {path: path.stat().st_mtime_ns for path in out.rglob("state.pt")}
    assert len(states) == 3
    main(["attention-trial", "--out", str(out), *words])
    assert capsys.readouterr().out == text
    assert {path: path.stat().st_mtime_ns for path in states} == states
    assert main(["attention-trial", "--out", str(out), *words, "--learning_rate", "0.1"]) == 1
    assert "trial with settings" in capsys.readouterr().err


def test_the_share_is_that_of_the_named_half() -> None:
    maps = np.zeros((2, 1, 1, 4))
    maps[0, 0, 0] = [0.5, 0.3, 0.1, 0.1]
    maps[1, 0, 0] = [0.5, 0.3, 0.1, 0.1]
    np.testing.assert_allclose(named_share(maps, np.array([0, 1])), [0.8, 0.2])


@pytest.mark.parametrize(
    ("area", "made_uniform", "share", "accepted"),
    [(0.9, 0.81, 0.8, True), (0.87, 0.7, 0.9, False), (0.9, 0.83, 0.9, False), (0.9, 0.8, 0.79, False)],
)
def test_every_seed_must_pass_all_three(area: float, made_uniform: float, share: float, accepted: bool) -> None:
    def row(system: str, seed: int, auc: float, uniform: float, weight: float) -> dict[str, object]:
        return {"system": system, "seed": seed, "auc": auc, "auc_made_uniform": uniform, "share": weight}

    good = [row("csfnet", 0, 0.95, 0.7, 0.95), row("uniform_attention", 0, 0.8, 0.8, 0.5)]
    assert verdict(good)["accepted"]
    assert verdict(good)["seeds"][0]["above_uniform"] > MARGIN
    second = [row("csfnet", 1, area, made_uniform, share), row("uniform_attention", 1, 0.8, 0.8, 0.5)]
    assert verdict([*good, *second])["accepted"] is accepted
    assert not verdict([])["accepted"]


def test_another_trunk_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attention-trial", "--out", str(tmp_path / "trial"), "--trunk", "thawed"]) == 1
    assert "trunk is 'thawed', expected one of frozen, start, random" in capsys.readouterr().err
    assert not (tmp_path / "trial").exists()
