"""From a follow-up pair to its two ROIs, read from whatever files hold them and cached on disk."""

from csfnet_bundle.inputs.cache import RoiCache
from csfnet_bundle.inputs.locating import LocatedScan, locate_pair
from csfnet_bundle.inputs.new_pair import describe_pair
from csfnet_bundle.inputs.pair_reader import PairRois, match_prior, read_pair
from csfnet_bundle.inputs.preparation import prepare_rois
from csfnet_bundle.inputs.settings import RoiSettings

__all__ = [
    "LocatedScan",
    "PairRois",
    "RoiCache",
    "RoiSettings",
    "describe_pair",
    "locate_pair",
    "match_prior",
    "prepare_rois",
    "read_pair",
]
