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


def patient_name(issuer: str, patient_id: str) -> str:
    """Return what stands for a patient in UIDs: two issuers may give one PatientID to two patients."""
    return f"{issuer}\\{patient_id}"


def tracking_uid(issuer: str, patient_id: str, nodule: str) -> str:
    """Return the Tracking Unique Identifier of a nodule: the same in every study of the patient."""
    return stable_uid("tracking", patient_name(issuer, patient_id), nodule)


@dataclass(frozen=True)
class ResultUids:
    """The UIDs of one result.

    Attributes:
        issuer: IssuerOfPatientID; empty where it is not told.
        patient_id: PatientID.
        nodule: its name within the patient.
        study: StudyInstanceUID of the study that the result belongs to.
        weights_sha256: of the checkpoint's file.
        figures: everything that the result says; another result gets other instances.
    """

    issuer: str
    patient_id: str
    nodule: str
    study: str
    weights_sha256: str
    figures: str

    @property
    def tracking(self) -> str:
        """Tracking Unique Identifier of the nodule: the same in every study of the patient."""
        return tracking_uid(self.issuer, self.patient_id, self.nodule)

    @property
    def device(self) -> str:
        """Device Observer UID: of these weights at this site."""
        return stable_uid("device", self.weights_sha256)

    def series(self, kind: str) -> str:
        """Return the SeriesInstanceUID of a kind of object; a new run adds to the series of the run before."""
        patient = patient_name(self.issuer, self.patient_id)
        return stable_uid("series", patient, self.nodule, self.study, self.weights_sha256, kind)

    def instance(self, kind: str, number: int = 1) -> str:
        """Return the SOPInstanceUID of an object."""
        return stable_uid("instance", self.series(kind), self.figures, kind, str(number))
