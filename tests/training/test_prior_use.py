"""Settings about missing priors that contradict each other, or teach a network nothing of them, are refused."""

from typing import Any

import pytest
from monai.data import Dataset
from monai.transforms import Compose

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.inputs.transforms import EncodeClinicald, random_augmentation
from csfnet_bundle.networks import CSFNet, Network, create_network
from csfnet_bundle.records import FollowUpPair, Scan
from csfnet_bundle.training.prior_use import check_prior_use

WIDTHS = [[4], [4], [8]]
COMPARES: dict[str, Any] = {"name": "CSFNet", "widths": WIDTHS}
TELLS: dict[str, Any] = {**COMPARES, "prior_presence": True}
ONE_SCAN: dict[str, Any] = {"name": "OneScanImage", "widths": WIDTHS, "scan": "t1"}


def _dataset(priors: list[bool], dropout: float) -> Dataset:
    scan = Scan("scan.nii", Point((1.0, 2.0, 3.0), Space.VOXEL))
    items = [{"pair": FollowUpPair(str(number), "1", scan, scan if t0 else None)} for number, t0 in enumerate(priors)]
    augmentation = random_augmentation(prior_dropout_probability=dropout)
    return Dataset(items, Compose([EncodeClinicald(), augmentation]))


BOTH, ALL, NONE = [True, False], [True, True], [False, False]


@pytest.mark.parametrize(
    ("architecture", "priors", "dropout", "repeat"),
    [
        (COMPARES, ALL, 0.0, False),
        (TELLS, ALL, 0.25, True),
        (TELLS, ALL, 0.25, False),
        (TELLS, BOTH, 0.0, True),
        (ONE_SCAN, NONE, 0.0, True),
        (ONE_SCAN, ALL, 0.0, False),
    ],
)
def test_what_fits_together(architecture: dict[str, Any], priors: list[bool], dropout: float, repeat: bool) -> None:
    check_prior_use(create_network(architecture), _dataset(priors, dropout), repeat)


@pytest.mark.parametrize(
    ("network", "priors", "dropout", "repeat", "problem"),
    [
        (CSFNet(WIDTHS), ALL, 0.25, False, r"dropping t0 is 0.25, but the network \(CSFNet\) cannot tell"),
        (CSFNet(WIDTHS), BOTH, 0.0, True, "repeat_missing_prior is true, but the network"),
        (
            CSFNet(WIDTHS, prior_presence=True),
            ALL,
            0.0,
            True,
            "all 2 training pairs have a t0 and none is ever dropped",
        ),
        (CSFNet(WIDTHS, prior_presence=True), NONE, 0.25, True, "none of 2 training pairs has a t0"),
    ],
)
def test_what_does_not_is_refused(
    network: Network, priors: list[bool], dropout: float, repeat: bool, problem: str
) -> None:
    with pytest.raises(BundleError, match=problem) as caught:
        check_prior_use(network, _dataset(priors, dropout), repeat)
    assert str(caught.value).startswith("training: ")
    assert "\n" not in str(caught.value)
