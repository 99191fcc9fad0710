"""That a training teaches its network what a missing t0 is, where the network is to serve pairs without one."""

from __future__ import annotations

from monai.data import Dataset
from monai.transforms import Compose

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs.transforms import RandomlyDropPriord
from csfnet_bundle.networks import Network

OVERRIDE = "configs/prior_dropout.json"


def check_prior_use(network: Network, dataset: Dataset) -> None:
    """Refuse a training whose settings disagree about pairs without t0.

    Args:
        network: it may need a prior, ignore it, or tell its absence (``prior_presence``).
        dataset: of the training pairs, with their transforms.

    Raises:
        BundleError: t1 would stand for t0 without the network being able to tell, or the network could tell but would
            see only pairs of one kind.
    """
    dropout = prior_dropout(dataset)
    if network.needs_prior and dropout > 0:
        raise BundleError(
            f"the probability of dropping t0 is {dropout}, but "
            f"the network ({type(network).__name__}) cannot tell a missing t0 from one without change",
            record="training",
            remedy=f"Train with network_arguments#prior_presence true, as {OVERRIDE} does, or leave this setting out.",
        )
    if not getattr(network, "prior_presence", False):
        return
    missing = [item["pair"].t0 is None for item in dataset.data]
    if all(missing):
        raise BundleError(
            f"prior_presence is true, but none of {len(missing)} training pairs has a t0",
            record="training",
            remedy="Train a one-scan system, such as --system t1_image_clinical.",
        )
    if dropout == 0 and not any(missing):
        raise BundleError(
            f"prior_presence is true, but all {len(missing)} training pairs have a t0 and none is ever dropped, so "
            "that the network cannot learn what a missing one is",
            record="training",
            remedy=f"Set augmentation#prior_dropout_probability, as {OVERRIDE} does.",
        )


def prior_dropout(dataset: Dataset) -> float:
    """Return the probability with which the data set's transforms drop t0."""
    steps = Compose([dataset.transform]).flatten().transforms
    return max((float(step.prob) for step in steps if isinstance(step, RandomlyDropPriord)), default=0.0)
