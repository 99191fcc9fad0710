"""MONAI map transforms: from a datalist record to the network's inputs."""

from csfnet_bundle.inputs.transforms.augmentation import random_augmentation
from csfnet_bundle.inputs.transforms.box_padding import RandBoxPaddingd
from csfnet_bundle.inputs.transforms.clinical import EncodeClinicald
from csfnet_bundle.inputs.transforms.follow_up_roi import FollowUpRoid
from csfnet_bundle.inputs.transforms.malignancy_probability import MalignancyProbabilityd
from csfnet_bundle.inputs.transforms.prior_dropout import RandomlyDropPriord

__all__ = [
    "EncodeClinicald",
    "FollowUpRoid",
    "MalignancyProbabilityd",
    "RandBoxPaddingd",
    "RandomlyDropPriord",
    "random_augmentation",
]
