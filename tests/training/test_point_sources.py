"""A training on points that nobody but the matching has placed is refused, unless it is accepted by name."""

import json
from pathlib import Path

import pytest
from monai.data import Dataset

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.records import FollowUpPair, Scan
from csfnet_bundle.training import check_point_sources

T1 = Scan("t1.nii", Point((1.0, 2.0, 3.0), Space.LPS))


def dataset(*sources: str | None) -> Dataset:
    scans = [Scan("t0.nii", T1.point, point_source=source) for source in sources]
    return Dataset([{"pair": FollowUpPair(str(number), "1", T1, scan, label=0)} for number, scan in enumerate(scans)])


@pytest.mark.parametrize("sources", [(None, "given"), ()])
def test_points_that_were_given_pass(sources: tuple[str | None, ...]) -> None:
    check_point_sources(dataset(*sources))


def test_pairs_without_a_prior_pass() -> None:
    check_point_sources(Dataset([{"pair": FollowUpPair("1", "1", T1, None, label=1)}]))


def test_matched_points_are_counted_and_named() -> None:
    data = dataset("given", "matched", "matched")
    with pytest.raises(BundleError, match=r"2 of 3 .* the first is 1/1") as caught:
        check_point_sources(data)
    assert "--accept_matched_points" in str(caught.value)
    check_point_sources(data, accept_matched_points=True)


def test_every_training_makes_the_check(repository: Path) -> None:
    config = json.loads((repository / "configs" / "train.json").read_text())
    assert config["accept_matched_points"] is False
    assert config["training"].index("$@check_point_sources") < config["training"].index("$@train#session.run()")
