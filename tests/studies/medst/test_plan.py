"""Where the fits of a study lie, and which of them are done."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

from helpers.medst_fits import finish, make_study

from csfnet_bundle.core.bundle_root import VARIANTS
from csfnet_bundle.studies.medst.plan import EPOCHS, Fit
from csfnet_bundle.studies.medst.variants import find_variants, read_variants


def test_a_fit_of_another_switch_is_not_done(screens: Path, tmp_path: Path) -> None:
    study = make_study(screens, tmp_path)
    settings = study.settings()
    for fit in study.fits:
        finish(study, fit)
    assert all(study.is_done(fit) for fit in study.fits)
    variants = tmp_path / "configs" / VARIANTS
    known = json.loads(variants.read_text())
    known["shuffled"]["overrides"] = {"order": "reversed"}
    variants.write_text(json.dumps(known))
    assert [study.is_done(fit) for fit in study.fits] == [True, False]
    assert study.settings() == settings, "the other fits stay"
    (tmp_path / "configs/medst/tiny.json").write_text('{"window": 2}')
    assert study.settings() != settings


def test_fits_lie_in_folders_of_their_own(screens: Path, tmp_path: Path) -> None:
    study = make_study(screens, tmp_path, seeds=2)
    finish(study, study.fits[3], found=1)
    assert [study.is_done(fit) for fit in study.fits] == [False, False, False, True]
    assert study.result(study.fits[3])["found"] == 1
    shutil.rmtree(study.folder(study.fits[3]))
    assert not study.is_done(study.fits[3])


def test_a_network_that_learns_nothing_has_one_epoch(screens: Path, tmp_path: Path) -> None:
    study = make_study(screens, tmp_path, **{EPOCHS: 16, "text_source": "untrained"})
    assert study.overrides_of(Fit("untrained", 0)) == {EPOCHS: 1, "text_source": "untrained", "optimizer#lr": 0.0}
    assert study.overrides_of(Fit("default", 0)) == {EPOCHS: 16, "text_source": "untrained"}


def test_important_variants_come_first_and_have_more_seeds(screens: Path, tmp_path: Path) -> None:
    study = replace(make_study(screens, tmp_path, seeds=3), variants=("default", "shuffled", "mispaired"))
    assert [fit.name for fit in study.fits] == [
        *("default, seed 0", "mispaired, seed 0", "default, seed 1", "mispaired, seed 1"),
        *("shuffled, seed 0", "shuffled, seed 1", "default, seed 2", "mispaired, seed 2"),
    ]


def test_a_temporal_part_on_frozen_weights_starts_from_those_without_it(screens: Path, tmp_path: Path) -> None:
    study = make_study(screens, tmp_path)
    start = study.overrides_of(Fit("temporal_on_frozen", 1))["initial_weights"]
    assert Path(start) == study.folder(Fit("no_temporal", 1)) / "model.pt"
    assert read_variants()["temporal_on_frozen"].compared_with == "no_temporal"
    assert find_variants(("temporal_on_frozen",), 3) == ("default", "mispaired", "no_temporal", "temporal_on_frozen")


def test_a_fit_on_other_starting_weights_is_not_done(screens: Path, tmp_path: Path) -> None:
    study = make_study(screens, tmp_path)
    fit, start = Fit("temporal_on_frozen", 0), Fit("no_temporal", 0)
    finish(study, start)
    weights = study.folder(start) / "model.pt"
    weights.write_bytes(b"of the first training")
    finish(study, fit)
    assert study.is_done(fit)
    weights.write_bytes(b"of another training")
    assert not study.is_done(fit)
    assert study.is_done(start)
