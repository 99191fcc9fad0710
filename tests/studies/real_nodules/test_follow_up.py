"""The follow-up part: fitted on phantoms, with the encoder as it is."""

import numpy as np
import pandas as pd
import pytest
import torch

from csfnet_bundle.cohorts.phantom.roi_set import RoiSet
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.networks.nodule_follow_up import FollowUpNoduleNetwork
from csfnet_bundle.networks.nodule_network import NoduleNetwork
from csfnet_bundle.studies.real_nodules.follow_up import (
    GROWN_FIRST,
    GROWN_SCALED,
    PHANTOMS_ALONE,
    ReadPairs,
    fit_change,
    judge_change,
    make_follow_up_sets,
    read_pairs,
    with_follow_up,
)
from csfnet_bundle.studies.real_nodules.grown_change import ReadGrown

SIZE = (12, 24, 24)
PAIRS = 400


@pytest.fixture
def network() -> FollowUpNoduleNetwork:
    torch.manual_seed(1)
    shape = {"widths": [[8], [16]], "roi_size": SIZE, "view_size": (4, 8, 8), "view_spacings": (1.5, 3.0)}
    return with_follow_up(NoduleNetwork("t1", **shape))


@pytest.fixture
def grown() -> tuple[ReadPairs, RoiSet]:
    """Features whose first one holds the size of the nodule; malignant is what has grown."""
    torch.manual_seed(2)
    before = torch.randn(PAIRS, 9)
    growth = torch.randn(PAIRS)
    now = before.clone()
    now[:, 0] += growth
    label = (growth + 0.3 * torch.randn(PAIRS) > 0).float()
    truth = pd.DataFrame(
        {
            "label": label.long().numpy(),
            "diameter_t0": 8.0,
            "diameter_t1": 8.0 * growth.div(3).exp().numpy(),
            "oracle_all": torch.sigmoid(growth).numpy(),
        }
    )
    pairs = RoiSet(torch.zeros(PAIRS, 2, 1, 1, 1).short().numpy(), torch.zeros(PAIRS, 6).long().numpy(),
                   torch.full((PAIRS,), 365.0).numpy(), truth)  # fmt: skip
    return ReadPairs(before, now, torch.randn(PAIRS), label), pairs


def test_it_finds_growth_and_changes_nothing_else(
    network: FollowUpNoduleNetwork, grown: tuple[ReadPairs, RoiSet]
) -> None:
    before = {name: value.clone() for name, value in network.state_dict().items() if not name.startswith("change")}
    features, pairs = grown
    fit_change(network, features, seed=0, way=PHANTOMS_ALONE)
    for name, value in before.items():
        assert torch.equal(network.state_dict()[name], value), name
    judged = judge_change(network, features, pairs)
    assert judged["areas"]["follow-up part"]["auc"] > 0.9
    assert judged["areas"]["both"]["auc"] > judged["areas"]["opinion on t1"]["auc"] + 0.2
    assert judged["rank_correlation"] > 0.8


def test_the_same_seed_gives_the_same_part(network: FollowUpNoduleNetwork, grown: tuple[ReadPairs, RoiSet]) -> None:
    fit_change(network, grown[0], seed=3, way=PHANTOMS_ALONE)
    first = {name: value.clone() for name, value in network.change.state_dict().items()}
    fit_change(network, grown[0], seed=3, way=PHANTOMS_ALONE)
    assert all(torch.equal(first[name], value) for name, value in network.change.state_dict().items())


def test_grown_nodules_give_a_start_or_all_but_the_scale(
    network: FollowUpNoduleNetwork, grown: tuple[ReadPairs, RoiSet]
) -> None:
    features, pairs = grown
    ratio = (features.now - features.before)[:, 0].double().numpy()
    start = ReadGrown(features.before, features.now, ratio)
    with pytest.raises(ValueError, match="cannot be fitted"):
        fit_change(network, features, seed=0, way=GROWN_FIRST)
    for way in (GROWN_FIRST, GROWN_SCALED):
        fit_change(network, features, seed=0, way=way, grown=start)
        assert judge_change(network, features, pairs)["areas"]["both"]["auc"] > 0.9
    scaled = network.change(features.before, features.now)
    assert np.corrcoef(scaled.detach().numpy(), ratio)[0, 1] > 0.95  # phantoms change its scale alone
    assert scaled.std() > 2 * ratio.std()  # the label is sharper than one log odds for each unit


def test_phantoms_do_not_turn_growth_round(network: FollowUpNoduleNetwork, grown: tuple[ReadPairs, RoiSet]) -> None:
    features, _ = grown
    ratio = (features.now - features.before)[:, 0].double().numpy()
    with pytest.raises(BundleError, match=r"factor -.* expected one above 0"):
        fit_change(network, features, 0, GROWN_SCALED, ReadGrown(features.before, features.now, -ratio))


def test_features_are_those_of_the_forward_pass(network: FollowUpNoduleNetwork, tmp_path) -> None:
    pairs = make_follow_up_sets(tmp_path, SIZE, pairs=(2, 3)).test
    features = read_pairs(network, pairs)
    image = torch.from_numpy(pairs.images).float().add(1200).div(1800).clamp(0, 1)
    expected = network(image)
    logit = features.opinion + network.change(features.before, features.now)
    torch.testing.assert_close(logit, expected[:, 1] - expected[:, 0])
