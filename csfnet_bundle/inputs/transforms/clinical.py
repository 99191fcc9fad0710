"""The map transform that turns a record's clinical values into the network's codes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform

from csfnet_bundle.core.code_book import CodeBook, nlst_code_book
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records import FollowUpPair, encode_clinical


class EncodeClinicald(MapTransform):
    """Encode a pair's clinical variables and scan interval.

    The record gains ``clinical``, int64 tensor (V,) of tokens, and ``interval_days``, float32 scalar tensor, NaN where
    the interval is not known or there is no t0 that it could start from.

    Args:
        keys: the key that holds the pair.
        code_book: that of the weights which will see the tokens; None is this installation's, for a new training.
    """

    def __init__(self, keys: KeysCollection = "pair", code_book: CodeBook | None = None) -> None:
        super().__init__(keys)
        self.code_book = code_book or nlst_code_book()

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return the record with the codes added.

        Raises:
            BundleError: a value that the code book does not explain; the message names the pair.
        """
        record = dict(data)
        for key in self.key_iterator(record):
            pair: FollowUpPair = record[key]
            try:
                codes = encode_clinical(pair.clinical, self.code_book)
            except BundleError as error:
                raise error.for_record(f"pair {pair.name}") from None
            record["clinical"] = torch.as_tensor(codes, dtype=torch.int64)
            known = pair.interval_days is not None and pair.t0 is not None
            interval = float(pair.interval_days) if known else float("nan")  # type: ignore[arg-type]
            record["interval_days"] = torch.tensor(interval)
        return record
