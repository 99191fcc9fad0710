from dataclasses import replace
from pathlib import Path

import pytest

from csfnet_bundle.commands import main
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs.training_domain import DOMAIN_KEY, TrainingDomain
from csfnet_bundle.prediction.checkpoint import ModelCheckpoint, load_checkpoint
from csfnet_bundle.prediction.describing import describe_checkpoint, trained_diameters
from csfnet_bundle.prediction.predictor import Predictor
from csfnet_bundle.records import Datalist, FollowUpPair, load_datalist, save_datalist


@pytest.fixture(scope="module")
def cohort(small_cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All labelled pairs of the small cohort in two sections, with diameters."""
    pairs = [pair for section in load_datalist(small_cohort).sections.values() for pair in section]
    sized = [_sized(pair, small_cohort, 4.0 + number / 2) for number, pair in enumerate(pairs)]
    folder = tmp_path_factory.mktemp("described")
    save_datalist(Datalist(folder, {"training": tuple(sized[:26]), "validation": tuple(sized[26:])}))
    return folder


def _sized(pair: FollowUpPair, folder: Path, diameter: float) -> FollowUpPair:
    assert pair.t0 is not None
    scans = [replace(scan, path=str(folder / scan.path)) for scan in (pair.t0, pair.t1)]
    strata = {"diameter_t0_mm": diameter, "diameter_t1_mm": diameter + 1}
    return replace(pair, t0=scans[0], t1=scans[1], label=pair.label or 0, strata=strata)


def test_the_command_stores_sizes_and_looks_and_predictions_use_them(
    cohort: Path, checkpoint: ModelCheckpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "model.pt"
    checkpoint.save(path)
    weights = path.read_bytes()
    assert main(["describe-model", str(cohort), "--checkpoint", str(path)]) == 0
    assert "26 training pairs, nodules of 4.0 to 17.5 mm" in capsys.readouterr().out
    assert path.read_bytes() == weights
    described = load_checkpoint(path)
    domain = TrainingDomain.from_plain(described.further[DOMAIN_KEY])
    assert domain.diameters_mm == (4.0, 17.5)
    assert domain.training_pairs == 26
    assert domain.validation_flagged <= 0.05 * domain.validation_pairs
    pairs = load_datalist(cohort).section("validation")
    strict = replace(described, further={DOMAIN_KEY: {**domain.to_plain(), "limit": 0.0}})
    for checkpoint_, told in ((described, False), (strict, True)):
        predictor = Predictor(checkpoint_, "cpu")
        made = predictor.predict_pair(pairs[0], cohort)
        assert any("unlike those" in text for text in predictor.unlike_findings(made)) is told


def test_weights_that_do_not_tell_say_so(checkpoint: ModelCheckpoint, cohort: Path) -> None:
    predictor = Predictor(checkpoint, "cpu")
    made = predictor.predict_pair(load_datalist(cohort).section("training")[0], cohort)
    (note,) = predictor.unlike_findings(made)
    assert "was not checked" in note


def test_diameters_are_known_only_where_every_pair_tells_them(cohort: Path) -> None:
    pairs = load_datalist(cohort).section("training")
    assert len(trained_diameters(pairs)) == 2 * len(pairs)
    assert trained_diameters((*pairs, replace(pairs[0], strata={}))) == ()


def test_another_cohort_than_the_weights_name_is_rejected(cohort: Path, checkpoint: ModelCheckpoint) -> None:
    named = replace(checkpoint, provenance={**checkpoint.provenance, "datalist_sha256": "0" * 64})
    with pytest.raises(BundleError, match=rf"{cohort}: its datalist has SHA-256 \w{{12}}, the weights .* on 0{{12}}"):
        describe_checkpoint(named, cohort)


def test_too_small_a_cohort_describes_nothing(small_cohort: Path, checkpoint: ModelCheckpoint) -> None:
    with pytest.raises(BundleError, match="too few to describe a training set"):
        describe_checkpoint(checkpoint, small_cohort)
