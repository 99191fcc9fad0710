"""Where the fits of a study lie, and which of them are done."""

import json
import shutil
from pathlib import Path

from helpers.medst_fits import finish, make_study

from csfnet_bundle.core.bundle_root import VARIANTS
from csfnet_bundle.studies.medst.plan import EPOCHS, Fit


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
