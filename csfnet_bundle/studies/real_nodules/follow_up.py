"""The follow-up part of the nodule weights: fitted on what an encoder that stays as it is says of simulated change.

The encoder has learnt from real nodules and is not changed, so that the answer without a prior stays the one that
docs/real_nodules.md judges. Real nodules that were made to grow show what a change looks like, phantoms what it is
worth in log odds. Those hold for phantoms: no patient's follow-up is behind them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from csfnet_bundle.cohorts.phantom.roi_set import RoiSet, RoiSetSettings, make_roi_set
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.evaluation.delong import area_interval
from csfnet_bundle.inputs.tensors import scale_window
from csfnet_bundle.networks.nodule_follow_up import ChangeTerm, FollowUpNoduleNetwork
from csfnet_bundle.networks.nodule_network import NoduleNetwork
from csfnet_bundle.studies.real_nodules.augmentation import WINDOW
from csfnet_bundle.studies.real_nodules.grown_change import (
    LEARNING_RATE,
    STEPS,
    WEIGHT_DECAY,
    ReadGrown,
    rank_correlation,
    regress_change,
)
from csfnet_bundle.studies.real_nodules.grown_nodules import GrownNodules

TRAINING_SEED, TEST_SEED = 31, 32
"""Of the phantoms. paper-choices has the same subjects, for networks of its own."""
PAIRS = (1000, 500)
"""Of the training and of the test set: an area's standard error is about .01."""
PAIRS_AT_ONCE = 16
PHANTOMS_ALONE = "phantoms alone"
GROWN_FIRST = "grown nodules first"
"""Then all of the part is fitted on phantoms."""
GROWN_SCALED = "grown nodules, scaled on phantoms"
"""Phantoms give one factor of the log odds, and what descriptions are divided by; nothing else of the part."""
WAYS = (PHANTOMS_ALONE, GROWN_FIRST, GROWN_SCALED)
SHIPPED_WAY = GROWN_SCALED
"""docs/real_nodules.md says why."""
LEAST_FACTOR = 0.0
"""Below it phantoms would turn the log odds of growth round."""
UNCHANGED = 0.2
"""Log volume ratio; about what measuring cannot tell from none."""
LEAST_SPREAD = 1e-3
"""A description that hardly ever differs is not blown up."""


@dataclass(frozen=True)
class FollowUpSets:
    """Phantom pairs that the part is fitted on, and pairs that judge it."""

    training: RoiSet
    test: RoiSet


def make_follow_up_sets(
    folder: Path, size: tuple[int, int, int], pairs: tuple[int, int] = PAIRS, workers: int = 1
) -> FollowUpSets:
    """Render both sets, or read them where that is done: about nine minutes of one core.

    Args:
        folder: where they are kept.
        size: (D, H, W) of the network's ROI in voxels of 1 mm.
        pairs: of the training and of the test set.
        workers: processes that render.
    """
    training, test = (
        RoiSetSettings(n, seed, size=size) for n, seed in zip(pairs, (TRAINING_SEED, TEST_SEED), strict=True)
    )
    return FollowUpSets(
        make_roi_set(folder / "training", training, workers=workers),
        make_roi_set(folder / "test", test, workers=workers),
    )


@dataclass(frozen=True)
class ReadPairs:
    """What the encoder makes of pairs.

    Attributes:
        before: descriptions of t0, (N, F).
        now: descriptions of t1, (N, F).
        opinion: the one-scan network's logit on t1, (N,).
        label: (N,).
    """

    before: Tensor
    now: Tensor
    opinion: Tensor
    label: Tensor


def with_follow_up(one_scan: NoduleNetwork) -> FollowUpNoduleNetwork:
    """Return the network with a follow-up part that is not fitted yet; all other weights are the one-scan network's."""
    arguments = {name: value for name, value in one_scan.architecture().items() if name not in ("name", "scan")}
    network = FollowUpNoduleNetwork(**arguments)  # type: ignore[arg-type]
    network.load_state_dict(one_scan.state_dict(), strict=False)
    return network.eval()


def read_pairs(network: FollowUpNoduleNetwork, pairs: RoiSet) -> ReadPairs:
    """Encode phantom pairs, in evaluation mode."""
    return ReadPairs(*read_images(network, pairs.images), torch.tensor(pairs.labels, dtype=torch.float32))


@torch.no_grad()
def read_images(network: FollowUpNoduleNetwork, images: NDArray[np.int16]) -> tuple[Tensor, Tensor, Tensor]:
    """Encode pairs, HU, (N, 2, D, H, W), in evaluation mode.

    Returns:
        Descriptions of t0 and of t1, (N, F) each, and the opinion on t1, (N,).
    """
    network.eval()
    parts: list[tuple[Tensor, Tensor, Tensor]] = []
    for rows in torch.arange(len(images)).split(PAIRS_AT_ONCE):
        image = scale_window(torch.from_numpy(images[rows.numpy()]).float(), WINDOW)  # (B, 2, D, H, W)
        parts.append(network.read(image))
    before, now, opinion = (torch.cat(list(one)) for one in zip(*parts, strict=True))
    return before, now, opinion


def read_grown(network: FollowUpNoduleNetwork, grown: GrownNodules) -> ReadGrown:
    """Encode grown nodules, in evaluation mode."""
    before, now, _ = read_images(network, grown.images)
    return ReadGrown(before, now, grown.log_ratio)


def fit_change(
    network: FollowUpNoduleNetwork,
    features: ReadPairs,
    seed: int,
    way: str,
    grown: ReadGrown | None = None,
) -> None:
    """Fit the follow-up part of a network in place; nothing else of it changes.

    Minimises the cross-entropy of ``scale * opinion + offset + term``. Scale and offset fit the opinion, which comes
    from real nodules, to phantoms and are thrown away: the opinion of the finished network is the one-scan network's.

    Args:
        network: of :func:`with_follow_up`.
        features: of the training pairs.
        seed: of the part's start.
        way: one of :data:`WAYS`.
        grown: real nodules with a drawn change; not needed for phantoms alone.

    Raises:
        ValueError: another way, or one that needs grown nodules without them.
        BundleError: phantoms would turn the log odds of growth round.
    """
    if way not in WAYS or (way != PHANTOMS_ALONE and grown is None):
        raise ValueError(f"the follow-up part cannot be fitted by {way!r}")
    torch.manual_seed(seed)
    term = ChangeTerm(features.now.shape[1], network.change_hidden)
    both = torch.cat([features.before, features.now])
    term.spread.copy_(both.std(dim=0).clamp(min=LEAST_SPREAD))
    if way != PHANTOMS_ALONE and grown is not None:
        regress_change(term, grown)
    if way == GROWN_SCALED:
        _scale(term, features)
    else:
        _fit_all(term, features)
    network.change.load_state_dict(term.state_dict())


def _fit_all(term: ChangeTerm, features: ReadPairs) -> None:
    fitted = nn.Parameter(torch.tensor([1.0, 0.0]))  # scale and offset of the opinion
    groups: list[dict[str, Any]] = [{"params": list(term.parameters())}, {"params": [fitted], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    for _ in range(STEPS):
        optimizer.zero_grad()
        logit = fitted[0] * features.opinion + fitted[1] + term(features.before, features.now)  # (N,)
        F.binary_cross_entropy_with_logits(logit, features.label).backward()
        optimizer.step()


def _scale(term: ChangeTerm, features: ReadPairs) -> None:
    """Multiply a term's log odds by what fits them to phantoms: a logistic regression with three coefficients."""
    with torch.no_grad():
        odds = term(features.before, features.now)
    columns = torch.stack([features.opinion, torch.ones_like(odds), odds], dim=1)  # (N, 3)
    fitted = nn.Parameter(torch.tensor([1.0, 0.0, 1.0]))
    optimizer = torch.optim.LBFGS([fitted], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = F.binary_cross_entropy_with_logits(columns @ fitted, features.label)
        value.backward()
        return value

    optimizer.step(loss)
    if fitted[2] <= LEAST_FACTOR:
        raise BundleError(
            f"phantoms give the follow-up part the factor {fitted[2].item():.3g}, expected one above 0",
            record="follow-up part",
            remedy="Draw more phantoms or grown nodules: these show no growth in malignant nodules.",
        )
    with torch.no_grad():
        term.log_odds.weight.mul_(fitted[2])


@torch.no_grad()
def judge_change(network: FollowUpNoduleNetwork, features: ReadPairs, pairs: RoiSet) -> dict[str, Any]:
    """Return areas on phantom test pairs: of the opinion on t1, of the term alone, of both, and of the oracle.

    Returns:
        ``areas``: by name, area and DeLong's limits of 95 %; ``rank_correlation``: Spearman's, of the term and the log
        of the true volume ratio, NaN where the term is the same for all pairs; ``unchanged``: standard deviation of the
        term over pairs whose true volume ratio lies within 20 % of 1.
    """
    term = network.change(features.before, features.now).double().numpy()
    opinion = features.opinion.double().numpy()
    oracle = pairs.truth["oracle_all"].to_numpy(np.float64)
    scores = {"opinion on t1": opinion, "follow-up part": term, "both": opinion + term, "oracle": oracle}
    growth = np.log(pairs.truth["diameter_t1"].to_numpy() / pairs.truth["diameter_t0"].to_numpy())
    return {
        "areas": {
            name: dict(zip(("auc", "lower", "upper"), area_interval(score, pairs.labels), strict=True))
            for name, score in scores.items()
        },
        "unchanged": float(term[np.abs(3 * growth) < UNCHANGED].std()),
        "rank_correlation": rank_correlation(term, growth),
    }
