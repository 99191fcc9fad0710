import json
from pathlib import Path

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst import windows_a_batch
from csfnet_bundle.studies.medst.variants import CONTROL, DEFAULT, SMALL, find_variants, read_variants

KNOWN = read_variants()


def test_every_variant_changes_what_the_pre_training_has(repository: Path) -> None:
    """But for the default; and each asks something, of a variant that there is."""
    config = json.loads((repository / "configs/medst_pretrain.json").read_text())
    for name, variant in KNOWN.items():
        assert bool(variant.overrides) == bool(variant.question) == (name != DEFAULT)
        assert variant.compared_with in KNOWN
        for changed in variant.overrides or {}:
            assert changed.split("#")[0] in config


def test_the_small_size_is_that_of_the_pre_training_without_switches(repository: Path) -> None:
    """A study puts it over the tiny size, of whose settings nothing but the epochs may stay."""
    tiny, small = (json.loads((repository / f"configs/medst/{name}.json").read_text()) for name in ("tiny", "small"))
    assert set(tiny) - set(small) == {"train#trainer#max_epochs"}
    plain = json.loads((repository / "configs/medst_pretrain.json").read_text())
    for name, value in small.items():
        whole, _, part = name.partition("#")
        assert value == (plain[whole][part] if part else plain[whole])


def test_windows_have_equal_images_a_batch() -> None:
    for length in (2, 3, 5, 8):
        config = KNOWN[f"window_{length}"].overrides
        assert config["window"] == length
        assert windows_a_batch(config["images_per_batch"], length) * length in (56, 60)


def test_nothing_named_means_all() -> None:
    assert set(find_variants(())) == set(KNOWN)
    assert SMALL not in find_variants(())


@pytest.mark.parametrize(
    ("named", "found"),
    [
        (("shuffled", "default"), ("default", "shuffled")),
        (("mispaired", "shuffled", "mispaired"), ("default", "mispaired", "shuffled")),
        (("window_2", "shuffled", "window_5"), ("default", "window_3", "window_2", "shuffled", "window_5")),
        ((SMALL,), ("default", SMALL)),
    ],
)
def test_what_others_are_compared_with_comes_first_and_once(named: tuple[str, ...], found: tuple[str, ...]) -> None:
    assert find_variants(named) == found


def test_all_are_trained_after_what_they_are_compared_with() -> None:
    places = {name: place for place, name in enumerate(find_variants(()))}
    assert places[DEFAULT] == 0
    for name, known in KNOWN.items():
        assert places[known.compared_with] <= places[name]
        assert not known.starts_from or places[known.starts_from] < places[name]


def test_another_variant_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(BundleError, match=r"there is no variant 'sideways'\. Variants: default, .*shuffled.*, small"):
        find_variants(("shuffled", "sideways"))


def test_the_main_questions_and_their_control_come_first() -> None:
    main = [name for name, known in KNOWN.items() if known.main]
    assert main == list(KNOWN)[: len(main)]
    assert CONTROL in main[:3]
    assert len(main) == 6


def test_a_pre_training_has_five_hundred_steps_and_a_short_warm_up(repository: Path) -> None:
    base = json.loads((repository / "configs/medst_pretrain.json").read_text())
    assert 0.1 <= base["warm_up"] <= 0.15
    tiny = json.loads((repository / "configs/medst/tiny.json").read_text())
    for settings, epochs in ((tiny, tiny["train#trainer#max_epochs"]), (base, base["train"]["trainer"]["max_epochs"])):
        assert base["images_per_epoch"] // settings["images_per_batch"] * epochs >= 500
