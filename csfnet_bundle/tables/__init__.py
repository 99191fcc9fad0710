"""NLST codes and clinical values: the published dictionary, tokens for the network, words for people."""

from csfnet_bundle.tables.clinical import (
    CLINICAL_VARIABLES,
    VOCABULARY_SIZES,
    clinical_notices,
    describe_clinical,
    encode_clinical,
    is_missing,
)
from csfnet_bundle.tables.clinical_file import read_clinical
from csfnet_bundle.tables.dictionary import MISSING, UNKNOWN, Variable, load_dictionary
from csfnet_bundle.tables.outcomes import refuse_outcomes
from csfnet_bundle.tables.participants import Participants, inputs_of, read_participants

__all__ = [
    "CLINICAL_VARIABLES",
    "MISSING",
    "UNKNOWN",
    "VOCABULARY_SIZES",
    "Participants",
    "Variable",
    "clinical_notices",
    "describe_clinical",
    "encode_clinical",
    "inputs_of",
    "is_missing",
    "load_dictionary",
    "read_clinical",
    "read_participants",
    "refuse_outcomes",
]
