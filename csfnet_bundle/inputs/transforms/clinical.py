"""The map transform that turns a record's clinical values into the network's codes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from monai.config import KeysCollection
from monai.transforms import MapTransform

from csfnet_bundle.core.code_book import CodeBook, nlst_code_book
from csfnet_bundle.inputs.tensors import clinical_tokens, interval_tensor
from csfnet_bundle.records import FollowUpPair


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
            record["clinical"] = clinical_tokens(pair, self.code_book)
            record["interval_days"] = interval_tensor(pair)
        return record
