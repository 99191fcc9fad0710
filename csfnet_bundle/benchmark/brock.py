"""The Brock (PanCan) model of malignancy in a nodule found by screening, where a datalist has what it asks for.

Source: McWilliams et al. 2013, New England Journal of Medicine 369:910, full model with spiculation (model 2b).
"""

from __future__ import annotations

from collections.abc import Sequence

from csfnet_bundle.errors import BundleError
from csfnet_bundle.pairs import FollowUpPair

AGE_PER_YEAR, MEAN_AGE = 0.0287, 62.0
FEMALE = 0.6011
FAMILY_HISTORY = 0.2961
EMPHYSEMA = 0.2953
SIZE, SIZE_UNIT_MM, SIZE_POWER, MEAN_SIZE = -5.3854, 10.0, -0.5, 1.58113883
"""Of (diameter / 10 mm) to the power of -0.5, about its value at 4 mm."""
ATTENUATION = {"solid": 0.0, "part-solid": 0.3770, "ground-glass": -0.1276}
UPPER_LOBE = 0.6581
COUNT_PER_NODULE, MEAN_COUNT = -0.0824, 4.0
SPICULATION = 0.7729
CONSTANT = -6.7892

NLST_FEMALE = 2
CLINICAL_INPUTS = ("age", "gender")
NODULE_INPUTS = (
    "family_history",
    "emphysema",
    "diameter_mm",
    "attenuation",
    "upper_lobe",
    "nodule_count",
    "spiculation",
)
"""Keys of ``strata``. Family history of lung cancer, emphysema, upper lobe and spiculation are true or false;
attenuation is a key of :data:`ATTENUATION`; the count is that of nodules in the scan."""


def missing_inputs(pairs: Sequence[FollowUpPair]) -> tuple[str, ...]:
    """Return the inputs of the model that not every pair has: with none missing it can be computed."""
    clinical = [name for name in CLINICAL_INPUTS if any(pair.clinical.get(name) is None for pair in pairs)]
    nodule = [name for name in NODULE_INPUTS if any(pair.strata.get(name) is None for pair in pairs)]
    return (*clinical, *nodule)


def brock_log_odds(pair: FollowUpPair) -> float:
    """Return the log odds that the nodule at t1 is malignant.

    Raises:
        BundleError: an input is missing, or a value that the model has no coefficient for.
    """
    if missing := missing_inputs([pair]):
        raise BundleError(f"has no {', '.join(missing)}", record=f"pair {pair.name}", remedy="Add them to its record.")
    strata = pair.strata
    attenuation = str(strata["attenuation"])
    if attenuation not in ATTENUATION:
        raise BundleError(
            f"attenuation is {attenuation!r}, expected {', '.join(ATTENUATION)}", record=f"pair {pair.name}"
        )
    diameter = float(str(strata["diameter_mm"]))
    return (
        CONSTANT
        + AGE_PER_YEAR * (float(str(pair.clinical["age"])) - MEAN_AGE)
        + FEMALE * (pair.clinical["gender"] == NLST_FEMALE)
        + FAMILY_HISTORY * bool(strata["family_history"])
        + EMPHYSEMA * bool(strata["emphysema"])
        + SIZE * ((diameter / SIZE_UNIT_MM) ** SIZE_POWER - MEAN_SIZE)
        + ATTENUATION[attenuation]
        + UPPER_LOBE * bool(strata["upper_lobe"])
        + COUNT_PER_NODULE * (float(str(strata["nodule_count"])) - MEAN_COUNT)
        + SPICULATION * bool(strata["spiculation"])
    )
