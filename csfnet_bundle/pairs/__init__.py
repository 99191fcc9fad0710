"""Follow-up pairs and the datalist that holds them."""

from csfnet_bundle.pairs.datalist import DATALIST_NAME, Datalist, datalist_problems, load_datalist, save_datalist
from csfnet_bundle.pairs.pair import FollowUpPair, Scan

__all__ = ["DATALIST_NAME", "Datalist", "FollowUpPair", "Scan", "datalist_problems", "load_datalist", "save_datalist"]
