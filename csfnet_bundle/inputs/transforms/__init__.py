"""MONAI map transforms: from a datalist record to the network's inputs."""

from csfnet_bundle.inputs.transforms.augmentation import random_augmentation
from csfnet_bundle.inputs.transforms.box_padding import RandBoxPaddingd
from csfnet_bundle.inputs.transforms.clinical import EncodeClinicald
from csfnet_bundle.inputs.transforms.follow_up_roi import FollowUpRoid
from csfnet_bundle.inputs.transforms.prior_dropout import RandomlyDropPriord
from csfnet_bundle.inputs.transforms.scale_window import ScaleWindowd

__all__ = [
    "EncodeClinicald",
    "FollowUpRoid",
    "RandBoxPaddingd",
    "RandomlyDropPriord",
    "ScaleWindowd",
    "random_augmentation",
]
