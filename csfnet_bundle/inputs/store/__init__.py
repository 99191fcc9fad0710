"""The ROI store: ROIs of follow-up pairs in one folder that stands for their images.

``rois.json`` names the format. Each writer has two files of its own: ``NAME.values`` with raw values, float32, little
endian, one ROI pair (scan, D, H, W) after the other, and ``NAME.index`` with a line for each (see
:mod:`csfnet_bundle.inputs.store.entry`). So writers never meet, a line that was cut off is passed over, and a damaged
entry is one entry. docs/data.md compares the format with zarr, HDF5 and LMDB.
"""

from csfnet_bundle.inputs.store.entry import Source, StoredRoi
from csfnet_bundle.inputs.store.purging import purge_patient
from csfnet_bundle.inputs.store.store import RoiStore, is_store, open_store
from csfnet_bundle.inputs.store.verifying import StoreReport, verify_store

__all__ = [
    "RoiStore",
    "Source",
    "StoreReport",
    "StoredRoi",
    "is_store",
    "open_store",
    "purge_patient",
    "verify_store",
]
