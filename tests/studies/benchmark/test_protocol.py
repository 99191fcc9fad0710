"""A benchmark's settings: which fits there are, and what each reads."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.studies.benchmark.protocol import Fit, Protocol
from csfnet_bundle.training.workflow import EPOCHS


def test_an_early_stop_leaves_whole_cross_validations(protocol: Protocol) -> None:
    fits = replace(protocol, seeds=2, folds=3, permutations=2).fits
    assert len(fits) == len(set(fits)) == 2 * 3 * 2 + 2
    assert {(fit.system, fit.fold) for fit in fits[:6]} == {
        (system, fold) for system in protocol.systems for fold in range(3)
    }
    assert [fit.permutation for fit in fits[-3:]] == [0, 1, 2]
    # Labels are permuted for the system that the tables are about, wherever it stands among them.
    assert {fit.system for fit in fits if fit.permutation} == {"csfnet"}


def test_no_two_fits_share_a_folder_and_permuted_labels_have_a_cohort_of_their_own(protocol: Protocol) -> None:
    fits = protocol.fits
    assert len({protocol.folder(fit) for fit in fits}) == len(fits)
    true, permuted = Fit("csfnet", 0, 0), Fit("csfnet", 0, 0, 1)
    assert protocol.cohort(true) == protocol.cohort(replace(true, system="t1_image", seed=5))
    assert protocol.cohort(true) != protocol.cohort(permuted)


def test_the_reference_is_csfnet_or_the_first(protocol: Protocol) -> None:
    assert protocol.reference == "csfnet"
    assert replace(protocol, systems=("t1_image", "nas_lung")).reference == "t1_image"


def test_later_files_win_and_a_file_may_have_a_part_for_one_system(protocol: Protocol, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own.json").write_text(json.dumps({"batch_size": 3, "optimizer#lr": 0.5}))
    (tmp_path / "own" / "t1_image.json").write_text(json.dumps({"optimizer#lr": 0.25}))
    mine = replace(protocol, config_files=(*protocol.config_files, str(tmp_path / "own.json")), overrides={})
    assert [Path(name).name for name in mine.configs("t1_image")][-2:] == ["own.json", "t1_image.json"]
    assert [Path(name).name for name in mine.configs("csfnet")][-1:] == ["own.json"]
    rate = {system: mine.settings(system)["optimizer"]["lr"] for system in mine.systems}
    assert rate == {"t1_image": 0.25, "csfnet": 0.5}
    assert mine.settings("csfnet")["batch_size"] == 3
    assert replace(mine, overrides={"batch_size": 7}).settings("csfnet")["batch_size"] == 7


def test_one_scan_systems_do_without_t0(protocol: Protocol) -> None:
    systems = ("t1_image", "nas_lung", "t0_image", "csfnet")
    assert replace(protocol, systems=systems).needs_two_scans() == ["t0_image", "csfnet"]


def test_the_roi_is_that_of_the_config(protocol: Protocol) -> None:
    assert protocol.roi().size == (8, 16, 16)
    assert replace(protocol, overrides={}).roi().size == (16, 32, 32)


def test_links_are_followed_where_asked(protocol: Protocol) -> None:
    assert not protocol.follow_links
    assert replace(protocol, overrides={"follow_links": True}).follow_links


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"systems": ("vgg",)}, "no system 'vgg'"),
        ({"systems": ()}, "no system is named"),
        ({"folds": 0}, "--folds: is 0, expected 1 or more"),
        ({"seeds": 0}, "--seeds: is 0, expected 1 or more"),
        ({"permutations": -1}, "--permuted_labels: is -1, expected 0 or more"),
        ({"common_test": -1}, "--common_test: is -1, expected 0 or more"),
        ({"overrides": {EPOCHS: 0}}, "--epochs: is 0, expected 1 or more"),
    ],
)
def test_a_protocol_that_means_nothing_is_refused(protocol: Protocol, change: dict[str, object], words: str) -> None:
    with pytest.raises(BundleError, match=words):
        replace(protocol, **change)  # type: ignore[arg-type]
