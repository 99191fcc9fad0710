"""Coded terms of the results: DICOM's and SNOMED's where there are any, else terms of this bundle's own scheme."""

from __future__ import annotations

from highdicom.sr import CodedConcept
from pydicom import Dataset

from csfnet_bundle.nodule.attenuation import Attenuation

SCHEME = "99CSFNET"
"""Private coding scheme; the standard reserves names that begin with 99 for such."""

PULMONARY_NODULE = CodedConcept("786838002", "SCT", "Nodule of lung")
TITLE = CodedConcept("126000", "DCM", "Imaging Measurement Report, research use only")
"""The standard's code, which viewers look for; its words add what every reader has to see first."""


def own(value: str, meaning: str) -> CodedConcept:
    """Return a term of this bundle's scheme."""
    return CodedConcept(value, SCHEME, meaning)


VOLUME_RATIO = own("VOLUME_RATIO", "Volume at t1 over volume at t0")
VOLUME_RATIO_LOW = own("RATIO_LOW_95", "Volume ratio, lower limit of 95 %")
VOLUME_RATIO_HIGH = own("RATIO_HIGH_95", "Volume ratio, upper limit of 95 %")
DOUBLING_TIME = own("DOUBLING_TIME", "Volume doubling time, negative: halving")
SPHERE_DIAMETER = own("SPHERE_DIAMETER", "Diameter of the sphere with the volume")

CHANGE = own("CHANGE", "Change of volume")
RELIABILITY = own("RELIABILITY", "Reliability of what rests on the volume")
"""Of growth and guideline groups."""
DOUBTFUL = own("DOUBTFUL", "Doubtful: see the measurement's doubts")
ATTENUATION = own("ATTENUATION", "Attenuation of the nodule")
ASSESSMENT = own("ASSESSMENT", "Calibrated probability against threshold")
"""The scale: 0 to 100 %, with the threshold that was chosen on validation pairs, in the algorithm's parameters."""
ABOVE, BELOW = own("AT_OR_ABOVE", "At or above the threshold"), own("BELOW", "Below the threshold")
POINT_ORIGIN = own("POINT_ORIGIN", "How the point was found")
MATCHED_POINT = own("MATCHED", "Matched automatically, not confirmed")
GIVEN_POINT = own("GIVEN", "Given by the user")
ATTENUATIONS = {kind: own(kind.name, str(kind.value).capitalize()) for kind in Attenuation}


def scheme_identification() -> Dataset:
    """Return the item of Coding Scheme Identification Sequence that says whose the private scheme is."""
    item = Dataset()
    item.CodingSchemeDesignator = SCHEME
    item.CodingSchemeName = "csfnet_bundle"
    item.CodingSchemeResponsibleOrganization = "csfnet_bundle developers"
    return item
