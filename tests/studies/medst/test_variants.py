import json
from pathlib import Path

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.medst import windows_a_batch
from csfnet_bundle.medst.sequences import LONGEST_WINDOW
from csfnet_bundle.studies.medst.variants import CONTROL, DEFAULT, SMALL, find_variants, left_out, read_variants

KNOWN = read_variants()
FIRST = (DEFAULT, CONTROL)


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


def test_windows_have_equal_images_a_batch_and_the_defaults_steps(repository: Path) -> None:
    base, tiny = (
        json.loads((repository / f"configs/{name}.json").read_text()) for name in ("medst_pretrain", "medst/tiny")
    )
    steps = base["images_per_epoch"] // base["window"] // windows_a_batch(tiny["images_per_batch"], base["window"])
    for length in (2, 3, 5, 8):
        config = KNOWN[f"window_{length}"].overrides
        assert config["window"] == length
        batch = windows_a_batch(config["images_per_batch"], length)
        assert batch * length in (56, 60)
        assert config["images_per_epoch"] // length // batch == steps


def test_whole_views_have_the_nodule_in_their_middle() -> None:
    """An offset would show voxels beyond the ROI, which repeat its edge."""
    for variant in KNOWN.values():
        changed = variant.overrides or {}
        assert (changed.get("field") == "$None") == (changed.get("offset") == 0)


def test_no_two_variants_train_the_same() -> None:
    """Of one view there is one expert anyway."""
    seen = set()
    for variant in KNOWN.values():
        changed = dict(variant.overrides or {})
        if len(changed.get("views", ())) == 1:
            changed.pop("network_def#shared_experts", None)
        seen.add(json.dumps([changed, variant.starts_from], sort_keys=True))
    assert len(seen) == len(KNOWN)


def test_longer_windows_than_the_defaults_tell_their_screens(repository: Path) -> None:
    base = json.loads((repository / "configs/medst_pretrain.json").read_text())["window"]
    for variant in KNOWN.values():
        window = (variant.overrides or {}).get("window", base)
        assert variant.screens == (window if window > base else 0)


def test_nothing_named_means_all_that_the_cohort_can_serve() -> None:
    assert set(find_variants((), LONGEST_WINDOW)) == set(KNOWN)
    assert SMALL not in find_variants((), LONGEST_WINDOW)
    assert left_out(LONGEST_WINDOW) == ()
    assert left_out(3) == ("faithful", "window_5", "window_8")
    assert set(find_variants((), 3)) == set(KNOWN) - set(left_out(3))


@pytest.mark.parametrize(("name", "screens"), [("faithful", 3), ("window_5", 4), ("window_8", 7)])
def test_a_variant_with_too_few_screens_is_refused_by_name(name: str, screens: int) -> None:
    words = f"variant '{name}' needs {screens + 1} screens, and the cohort has {screens}"
    with pytest.raises(BundleError, match=words):
        find_variants(("shuffled", name), screens)
    assert name in find_variants((name,), screens + 1)


@pytest.mark.parametrize(
    ("named", "found"),
    [
        (("shuffled", "default"), (*FIRST, "shuffled")),
        (("shuffled", "mispaired", "shuffled"), (*FIRST, "shuffled")),
        (("window_2", "shuffled", "window_5"), (*FIRST, "window_3", "window_2", "shuffled", "window_5")),
        ((SMALL,), (*FIRST, SMALL)),
    ],
)
def test_what_others_are_compared_with_comes_first_and_once(named: tuple[str, ...], found: tuple[str, ...]) -> None:
    assert find_variants(named, 5) == found


def test_all_are_trained_after_what_they_are_compared_with() -> None:
    places = {name: place for place, name in enumerate(find_variants((), LONGEST_WINDOW))}
    assert places[DEFAULT] == 0
    for name, known in KNOWN.items():
        assert places[known.compared_with] <= places[name]
        assert not known.starts_from or places[known.starts_from] < places[name]


def test_another_variant_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(BundleError, match=r"there is no variant 'sideways'\. Variants: default, .*shuffled.*, small"):
        find_variants(("shuffled", "sideways"), 3)


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
