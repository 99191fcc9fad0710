"""The MONAI transforms under the name of version 0.1; moved to ``csfnet_bundle.inputs.transforms``."""

from csfnet_bundle.inputs.transforms import (
    EncodeClinicald,
    FollowUpRoid,
    RandBoxPaddingd,
    RandomlyDropPriord,
    ScaleWindowd,
    random_augmentation,
)

__all__ = [
    "EncodeClinicald",
    "FollowUpRoid",
    "RandBoxPaddingd",
    "RandomlyDropPriord",
    "ScaleWindowd",
    "random_augmentation",
]
