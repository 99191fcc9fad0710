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
ONE_SCAN: dict[str, Any] = {"name": "AblatedCSFNet", "widths": WIDTHS, "scans": "t1"}


def _dataset(priors: list[bool], dropout: float) -> Dataset:
    scan = Scan("scan.nii", Point((1.0, 2.0, 3.0), Space.VOXEL))
    items = [{"pair": FollowUpPair(str(number), "1", scan, scan if t0 else None)} for number, t0 in enumerate(priors)]
    augmentation = random_augmentation(prior_dropout_probability=dropout)
    return Dataset(items, Compose([EncodeClinicald(), augmentation]))


BOTH, ALL, NONE = [True, False], [True, True], [False, False]


@pytest.mark.parametrize(
    ("architecture", "priors", "dropout"),
    [
        (COMPARES, ALL, 0.0),
        (TELLS, ALL, 0.25),
        (TELLS, BOTH, 0.0),
        (ONE_SCAN, NONE, 0.0),
        (ONE_SCAN, ALL, 0.0),
    ],
)
def test_what_fits_together(architecture: dict[str, Any], priors: list[bool], dropout: float) -> None:
    check_prior_use(create_network(architecture), _dataset(priors, dropout))


@pytest.mark.parametrize(
    ("network", "priors", "dropout", "problem"),
    [
        (CSFNet(WIDTHS), ALL, 0.25, r"dropping t0 is 0.25, but the network \(CSFNet\) cannot tell"),
        (
            CSFNet(WIDTHS, prior_presence=True),
            ALL,
            0.0,
            "all 2 training pairs have a t0 and none is ever dropped",
        ),
        (CSFNet(WIDTHS, prior_presence=True), NONE, 0.25, "none of 2 training pairs has a t0"),
    ],
)
def test_what_does_not_is_refused(network: Network, priors: list[bool], dropout: float, problem: str) -> None:
    with pytest.raises(BundleError, match=problem) as caught:
        check_prior_use(network, _dataset(priors, dropout))
    assert str(caught.value).startswith("training: ")
    assert "\n" not in str(caught.value)
