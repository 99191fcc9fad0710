"""The map transform that turns a record's clinical values into the network's codes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records import FollowUpPair, encode_clinical


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
            try:
                codes = encode_clinical(pair.clinical)
            except BundleError as error:
                raise error.for_record(f"pair {pair.name}") from None
            record["clinical"] = torch.as_tensor(codes, dtype=torch.int64)
            known = pair.interval_days is not None and pair.t0 is not None
            interval = float(pair.interval_days) if known else float("nan")  # type: ignore[arg-type]
            record["interval_days"] = torch.tensor(interval)
        return record
