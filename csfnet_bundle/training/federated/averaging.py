"""Plain federated averaging."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch


def average_weights(
    sites: Sequence[Mapping[str, torch.Tensor]], shares: Sequence[float] | None = None
) -> dict[str, torch.Tensor]:
    """Return the mean of the sites' state dictionaries.

    Every tensor is averaged, the running means and variances of the batch normalisations among them: the global network
    then normalises by the mean over the sites of their means and variances. That is not the variance of the pooled
    data, which would add the spread of the means; where sites differ much (other scanners, other nodules), it is too
    small. Counters of whole numbers are rounded.

    Source: McMahan et al., Communication-efficient learning of deep networks from decentralized data, AISTATS 2017,
    algorithm 1 (there the shares are the sites' numbers of examples).

    Args:
        sites: state dictionaries with the same names and shapes.
        shares: weight of each site, of any sum; None weighs them alike.

    Raises:
        ValueError: no sites, sites of different networks, or shares that do not fit them.
    """
    if not sites or any(site.keys() != sites[0].keys() for site in sites):
        raise ValueError("there are no sites, or their state dictionaries have different names")
    weights = torch.ones(len(sites)) if shares is None else torch.tensor(shares, dtype=torch.float64)
    if len(weights) != len(sites) or not (weights > 0).all():
        raise ValueError(f"shares are {shares}, expected {len(sites)} positive numbers")
    weights = (weights / weights.sum()).double()
    averaged = {}
    for name, first in sites[0].items():
        stacked = torch.stack([site[name].detach().cpu().double() for site in sites])
        mean = torch.tensordot(weights, stacked, dims=1)
        averaged[name] = (mean if first.is_floating_point() else mean.round()).to(first.dtype)
    return averaged
