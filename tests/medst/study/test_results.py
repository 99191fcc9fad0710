import json
import math
from pathlib import Path

import pytest

from csfnet_bundle.errors import BundleError
from csfnet_bundle.medst import windows_a_batch
from csfnet_bundle.medst.study.fitting import DONE_NAME, Fit, Study
from csfnet_bundle.medst.study.results import make_results, summarise
from csfnet_bundle.medst.study.variants import VARIANTS, find_variants


def test_every_variant_has_its_config(repository: Path) -> None:
    for name in VARIANTS:
        assert name == "default" or (repository / "configs" / "medst" / f"{name}.json").is_file()


def test_the_small_size_is_that_of_the_pre_training_without_switches(repository: Path) -> None:
    """A study puts it over the tiny size, of whose settings nothing but the epochs may stay."""
    tiny, small = (json.loads((repository / f"configs/medst/{name}.json").read_text()) for name in ("tiny", "small"))
    assert set(tiny) - set(small) == {"train#trainer#max_epochs"}
    plain = json.loads((repository / "configs/medst_pretrain.json").read_text())
    for name, value in small.items():
        whole, _, part = name.partition("#")
        assert value == (plain[whole][part] if part else plain[whole])


def test_the_default_comes_first() -> None:
    assert set(find_variants(())) == set(VARIANTS)
    assert find_variants(())[0] == "default"
    assert find_variants(("shuffled", "default")) == ("default", "shuffled")
    assert find_variants(("window_2", "shuffled", "window_5")) == (
        "default",
        "window_3",
        "window_2",
        "shuffled",
        "window_5",
    )
    with pytest.raises(BundleError, match="sideways"):
        find_variants(("sideways",))


def test_intervals_by_hand() -> None:
    assert summarise([1.0, 2.0, 3.0, math.nan]) == {
        "mean": 2.0,
        "lower": pytest.approx(2 - 4.3027 / math.sqrt(3), abs=1e-3),
        "upper": pytest.approx(2 + 4.3027 / math.sqrt(3), abs=1e-3),
        "seeds": 3,
    }
    assert summarise([0.5])["lower"] is None
    assert summarise([])["mean"] is None


def test_windows_have_equal_images_a_batch(repository: Path) -> None:
    for length in (2, 3, 4, 5):
        config = json.loads((repository / f"configs/medst/window_{length}.json").read_text())
        assert config["window"] == length
        assert windows_a_batch(config["images_per_batch"], length) * length == 60


def _configs(folder: Path) -> Path:
    (folder / "configs" / "medst").mkdir(parents=True)
    for name in ("medst_pretrain", "medst_evaluate", "medst/tiny", "medst/shuffled"):
        (folder / "configs" / f"{name}.json").write_text("{}")
    return folder


def _finish(study: Study, fit: Fit, **result: object) -> None:
    path = study.folder(fit) / DONE_NAME
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"switch_sha256": study.switch_digest(fit), **result}))


def test_a_fit_of_another_switch_is_not_done(screens: Path, tmp_path: Path) -> None:
    study = Study(screens, tmp_path, _configs(tmp_path), ("default", "shuffled"), 1, {})
    settings = study.settings()
    for fit in study.fits:
        _finish(study, fit)
    assert all(study.is_done(fit) for fit in study.fits)
    (tmp_path / "configs/medst/shuffled.json").write_text('{"order": "shuffled"}')
    assert [study.is_done(fit) for fit in study.fits] == [True, False]
    assert study.settings() == settings, "the other fits stay"
    (tmp_path / "configs/medst/tiny.json").write_text('{"window": 2}')
    assert study.settings() != settings


def test_differences_are_paired_by_seed(screens: Path, tmp_path: Path) -> None:
    study = Study(screens, tmp_path, _configs(tmp_path), ("default", "shuffled"), 3, {})
    for fit in study.fits:
        if fit.name == "shuffled, seed 2":
            continue  # not done yet
        # Seeds differ by much, the two variants of a seed always by 0.1.
        value = 0.3 * fit.seed + (0.1 if fit.variant == "shuffled" else 0)
        told = {"pretraining": {"pretraining": {"steps": 5}}, "tasks": {"probe_malignancy": {"auroc": value}}}
        _finish(study, fit, parameters=1, **told)
    row = make_results(study, "command")["variants"]["shuffled"]
    assert row["seeds"] == [0, 1]
    assert row["difference"]["probe_malignancy"] == {
        "mean": pytest.approx(0.1), "lower": pytest.approx(0.1), "upper": pytest.approx(0.1), "seeds": 2,
    }  # fmt: skip
    assert row["metrics"]["probe_malignancy"]["mean"] == pytest.approx(0.25)
    assert row["metrics"]["temporal_image"]["mean"] is None
