"""The set that every fit scores."""

from dataclasses import replace

import pytest

from csfnet_bundle.studies.benchmark.common_test import COMMON, COMMON_PERMUTED, common_pairs, common_set
from csfnet_bundle.studies.benchmark.fitting import read_fit, run_fit
from csfnet_bundle.studies.benchmark.protocol import Fit, Protocol
from csfnet_bundle.studies.benchmark.running import Predictions


def test_a_set_is_the_beginning_of_a_larger_one(fresh: Protocol) -> None:
    three, four = replace(fresh, common_test=3), replace(fresh, common_test=4)
    first, second = common_set(three), common_set(four)
    assert first.images.shape == (3, 2, 8, 16, 16)
    assert (second.images[:3] == first.images).all()
    assert [pair.name for pair in common_pairs(four)][:3] == [pair.name for pair in common_pairs(three)]
    assert [pair.label for pair in common_pairs(four)] == second.labels.tolist()


def test_its_records_lose_the_reads_with_the_others(fresh: Protocol) -> None:
    pairs = common_pairs(replace(fresh, common_test=2, without_reads=True))
    assert all("scr_res0" not in pair.clinical and "age" in pair.clinical for pair in pairs)


def test_a_finished_fit_scores_a_set_that_is_asked_for_later(protocol: Protocol, predictions: Predictions) -> None:
    asked, fit = replace(protocol, common_test=5), Fit("csfnet", 0, 0)
    common_set(asked)
    run_fit(asked, fit, "cpu")
    tables = read_fit(asked, fit)
    whole, permuted = tables[COMMON], tables[COMMON_PERMUTED]
    assert whole["subject"].tolist() == permuted["subject"].tolist() == [pair.subject for pair in common_pairs(asked)]
    assert (whole["logit"] != permuted["logit"]).any()
    image_only = Fit("t1_image", 0, 0)
    run_fit(asked, image_only, "cpu")
    tables = read_fit(asked, image_only)
    assert tables[COMMON]["logit"].tolist() == pytest.approx(tables[COMMON_PERMUTED]["logit"].tolist(), abs=1e-6)
