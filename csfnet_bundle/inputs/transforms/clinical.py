"""The map transform that turns a record's clinical values into the network's codes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from monai.config import KeysCollection
from monai.transforms import MapTransform

from csfnet_bundle.inputs.tensors import clinical_tokens, interval_tensor
from csfnet_bundle.records import FollowUpPair


class EncodeClinicald(MapTransform):
    """Encode a pair's clinical variables and scan interval.

    The record gains ``clinical``, int64 tensor (6,) of codes, and ``interval_days``, float32 scalar tensor, NaN where
    the interval is not known or there is no t0 that it could start from.

    Args:
        keys: the key that holds the pair.
    """

    def __init__(self, keys: KeysCollection = "pair") -> None:
        super().__init__(keys)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return the record with the codes added.

        Raises:
            BundleError: a value that no code of the NLST dictionary explains; the message names the pair.
        """
        record = dict(data)
        for key in self.key_iterator(record):
            pair: FollowUpPair = record[key]
            record["clinical"] = clinical_tokens(pair)
            record["interval_days"] = interval_tensor(pair)
        return record
