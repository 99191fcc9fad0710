"""The Brock (PanCan) model of malignancy in a nodule found by screening, where a datalist has what it asks for.

Source: McWilliams et al. 2013, New England Journal of Medicine 369:910, full model with spiculation (model 2b).
"""

from __future__ import annotations

from collections.abc import Sequence

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.nodule.measurements import DIAMETER, recorded_diameter
from csfnet_bundle.records import FollowUpPair, clinical_numbers, is_missing

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
FLAGS = ("family_history", "emphysema", "upper_lobe", "spiculation")
NODULE_INPUTS = (
    "family_history",
    "emphysema",
    DIAMETER,
    "attenuation",
    "upper_lobe",
    "nodule_count",
    "spiculation",
)
"""Keys of ``strata``. Family history of lung cancer, emphysema, upper lobe and spiculation are true or false;
attenuation is a key of :data:`ATTENUATION`; the count is that of nodules in the scan."""


def missing_inputs(pairs: Sequence[FollowUpPair]) -> tuple[str, ...]:
    """Return the inputs of the model that not every pair has: with none missing it can be computed."""
    records = [clinical_numbers(pair.clinical) for pair in pairs]
    clinical = [name for name in CLINICAL_INPUTS if any(name not in record for record in records)]
    nodule = [name for name in NODULE_INPUTS if any(is_missing(pair.strata.get(name)) for pair in pairs)]
    return (*clinical, *nodule)


def brock_log_odds(pair: FollowUpPair) -> float:
    """Return the log odds that the nodule at t1 is malignant.

    Raises:
        BundleError: an input is missing, or a value that the model has no coefficient for.
    """
    if missing := missing_inputs([pair]):
        raise BundleError(f"has no {', '.join(missing)}", record=f"pair {pair.name}", remedy="Add them to its record.")
    attenuation = str(pair.strata["attenuation"])
    if attenuation not in ATTENUATION:
        raise _wrong(pair, "attenuation", attenuation, ", ".join(ATTENUATION))
    diameter = recorded_diameter(pair)
    if diameter is None:
        raise _wrong(pair, DIAMETER, pair.strata[DIAMETER], "a number of mm above 0")
    clinical = clinical_numbers(pair.clinical)
    family_history, emphysema, upper_lobe, spiculation = (_flag(pair, name) for name in FLAGS)
    return (
        CONSTANT
        + AGE_PER_YEAR * (clinical["age"] - MEAN_AGE)
        + FEMALE * (clinical["gender"] == NLST_FEMALE)
        + FAMILY_HISTORY * family_history
        + EMPHYSEMA * emphysema
        + SIZE * ((diameter / SIZE_UNIT_MM) ** SIZE_POWER - MEAN_SIZE)
        + ATTENUATION[attenuation]
        + UPPER_LOBE * upper_lobe
        + COUNT_PER_NODULE * (_number(pair, "nodule_count") - MEAN_COUNT)
        + SPICULATION * spiculation
    )


def _number(pair: FollowUpPair, name: str) -> float:
    """Return a value of the strata as a number; a datalist may hold it as text."""
    try:
        return float(str(pair.strata[name]))
    except ValueError:
        raise _wrong(pair, name, pair.strata[name], "a number") from None


def _flag(pair: FollowUpPair, name: str) -> bool:
    """Return whether a finding is there; the text ``"false"`` must not pass as true."""
    value = pair.strata[name]
    if value not in (0, 1):  # true and false are these too
        raise _wrong(pair, name, value, "true or false")
    return bool(value)


def _wrong(pair: FollowUpPair, name: str, value: object, expected: str) -> BundleError:
    return BundleError(f"{name} is {value!r}, expected {expected}", record=f"pair {pair.name}")
