"""Follow-up pairs, the datalist that holds them, clinical values."""

from csfnet_bundle.records.clinical import (
    CLINICAL_VARIABLES,
    clinical_notices,
    clinical_numbers,
    describe_clinical,
    encode_clinical,
    is_missing,
    missing_variables,
)
from csfnet_bundle.records.clinical_file import read_clinical
from csfnet_bundle.records.datalist import (
    DATALIST_NAME,
    Datalist,
    check_pair,
    datalist_problems,
    load_datalist,
    save_datalist,
)
from csfnet_bundle.records.outcomes import refuse_outcomes
from csfnet_bundle.records.pair import CHOICE, FollowUpPair, Scan
from csfnet_bundle.records.reads import READS, without_reads_of

__all__ = [
    "CHOICE",
    "CLINICAL_VARIABLES",
    "DATALIST_NAME",
    "READS",
    "Datalist",
    "FollowUpPair",
    "Scan",
    "check_pair",
    "clinical_notices",
    "clinical_numbers",
    "datalist_problems",
    "describe_clinical",
    "encode_clinical",
    "is_missing",
    "load_datalist",
    "missing_variables",
    "read_clinical",
    "refuse_outcomes",
    "save_datalist",
    "without_reads_of",
]
