"""UIDs of results: the same for the same patient, nodule and figures, whoever makes them again at this site."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from csfnet_bundle.core.site_salt import salted_digest

UUID_ROOT = "2.25"
"""Root of UIDs made from UUIDs (DICOM PS3.5, B.2)."""
UUID_BYTES = 16


def stable_uid(*parts: str) -> str:
    """Return the UID that belongs to these words at this site."""
    made = uuid.UUID(bytes=salted_digest(*parts)[:UUID_BYTES], version=5)
    return f"{UUID_ROOT}.{made.int}"


@dataclass(frozen=True)
class ResultUids:
    """The UIDs of one result.

    Attributes:
        patient: issuer and PatientID.
        nodule: its name within the patient.
        study: StudyInstanceUID of the study that the result belongs to.
        weights_sha256: of the checkpoint's file.
        figures: everything that the result says; another result gets other instances.
    """

    patient: str
    nodule: str
    study: str
    weights_sha256: str
    figures: str

    @property
    def tracking(self) -> str:
        """Tracking Unique Identifier of the nodule: the same in every study of the patient."""
        return stable_uid("tracking", self.patient, self.nodule)

    @property
    def device(self) -> str:
        """Device Observer UID: of these weights at this site."""
        return stable_uid("device", self.weights_sha256)

    def series(self, kind: str) -> str:
        """Return the SeriesInstanceUID of a kind of object; a new run adds to the series of the run before."""
        return stable_uid("series", self.patient, self.nodule, self.study, self.weights_sha256, kind)

    def instance(self, kind: str, number: int = 1) -> str:
        """Return the SOPInstanceUID of an object."""
        return stable_uid("instance", self.series(kind), self.figures, kind, str(number))
