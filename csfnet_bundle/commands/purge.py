"""``purge``: take a patient out of a ROI store."""

from __future__ import annotations

import sys
from pathlib import Path


def purge(store: Path, subject: str) -> int:
    """Remove every ROI of a patient from a ROI store, and the headers that it keeps.

    Datalists and images are not touched: the next run that has both stores the patient's ROIs again.

    Args:
        store: the folder that has rois.json.
        subject: PatientID, as the datalist has it.

    Returns:
        0 if there was something to remove, 1 if not.

    Examples:
        csfnet purge data/nlstx/rois --subject 100012
        csfnet purge output/roi_cache --subject "Doe^Jane"
    """
    from csfnet_bundle.inputs.store import purge_patient

    removed = purge_patient(store, subject)
    print(f"{removed} entries were removed from {store}", file=sys.stderr)
    return 0 if removed else 1
