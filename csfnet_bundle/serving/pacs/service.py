"""A DICOMweb service: what is asked of it, bytes counted, and every failure in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from pydicom import Dataset

from csfnet_bundle.core.errors import BundleError, in_one_line
from csfnet_bundle.core.extras import import_extra
from csfnet_bundle.serving.pacs.access import AUTHORITY, CERTIFICATE, KEY, PASSWORD, TOKEN, USER, Access

ATTEMPTS, FIRST_WAIT_MS = 3, 500
"""Of a request that meets a broken connection or a busy server; the waits double."""
BUSY = (
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
DEMANDED, ALERT = "ALERT_CERTIFICATE_REQUIRED", "_ALERT_"
"""In OpenSSL's names of errors: what the server itself objects to is an alert."""
AS_STORED = (("application/dicom", "*"),)
"""Instances in the transfer syntax that the PACS keeps: nothing is decoded on the way."""

REASONS = {
    HTTPStatus.UNAUTHORIZED: (
        "it does not accept the credentials",
        f"Set {TOKEN}, {USER} and {PASSWORD}, or {CERTIFICATE}.",
    ),
    HTTPStatus.FORBIDDEN: ("it does not allow this user to do that", "Ask its administrator for the right to."),
    HTTPStatus.NOT_FOUND: ("it has nothing there", "Check the UID and the address of the DICOMweb service."),
    HTTPStatus.CONFLICT: ("it rejects the objects", "Ask its administrator for the reason in its log."),
}


class DicomWebService:
    """Asks a PACS over DICOMweb.

    Args:
        access: address and credentials.

    Attributes:
        received: bytes of answers by what they were asked for.

    Raises:
        BundleError: dicomweb-client is not installed.
    """

    def __init__(self, access: Access) -> None:
        import_extra("dicomweb_client", "pacs")
        from dicomweb_client.web import DICOMwebClient
        from requests import Session
        from requests.auth import HTTPBasicAuth

        session = Session()
        session.trust_env = False  # no password out of a .netrc, no proxy that nobody named
        session.verify = str(access.authority) if access.authority else True
        if access.certificate is not None:
            pair = access.certificate
            session.cert = (str(pair[0]), str(pair[1])) if isinstance(pair, tuple) else str(pair)
        if access.login is not None:
            user, password = access.login
            session.auth = HTTPBasicAuth(user.encode(), password.encode())  # as UTF-8; text would be taken for Latin-1
        headers = {"Authorization": f"Bearer {access.token}"} if access.token else None
        self.received: dict[str, int] = {}
        self._label = ""
        self._access = access
        self._client = DICOMwebClient(
            access.url, session=session, headers=headers, callback=self._count, timeout=access.timeout
        )
        self._client.set_http_retry_params(
            max_attempts=ATTEMPTS, wait_exponential_multiplier=FIRST_WAIT_MS, retriable_error_codes=BUSY
        )

    def studies(self, filters: Mapping[str, str]) -> list[Dataset]:
        """Return the studies that match (QIDO-RS)."""
        fields = ["StudyDescription", "IssuerOfPatientID", "ModalitiesInStudy", "StudyDate", "PatientID"]
        return self._found(lambda: self._client.search_for_studies(search_filters=dict(filters), fields=fields))

    def series(self, study: str, filters: Mapping[str, str]) -> list[Dataset]:
        """Return a study's series that match (QIDO-RS)."""
        fields = ["SeriesDescription", "BodyPartExamined", "NumberOfSeriesRelatedInstances"]
        return self._found(lambda: self._client.search_for_series(study, search_filters=dict(filters), fields=fields))

    def instances(self, study: str, series: str) -> list[Dataset]:
        """Return a series' instances (QIDO-RS)."""
        return self._found(lambda: self._client.search_for_instances(study, series))

    def headers(self, study: str, series: str) -> list[Dataset]:
        """Return the headers of a series' instances, without pixels (WADO-RS metadata)."""
        with self._asking("headers"):
            return [
                Dataset.from_json(item, bulk_data_uri_handler=lambda *_: None)
                for item in self._client.retrieve_series_metadata(study, series)
            ]

    def instance(self, study: str, series: str, instance: str, label: str) -> Dataset:
        """Return one instance as it is stored (WADO-RS).

        Args:
            study: StudyInstanceUID.
            series: SeriesInstanceUID.
            instance: SOPInstanceUID.
            label: what its bytes are counted as.
        """
        with self._asking(label):
            return self._client.retrieve_instance(study, series, instance, media_types=AS_STORED)

    def store(self, study: str, datasets: Sequence[Dataset]) -> None:
        """Store instances into a study (STOW-RS).

        Raises:
            BundleError: the PACS rejects one, or cannot be reached.
        """
        with self._asking("answers to storing"):
            answer = self._client.store_instances(list(datasets), study_instance_uid=study)
        failed = answer.get("FailedSOPSequence", [])
        if failed:
            reasons = ", ".join(f"{item.get('FailureReason', 'no reason')}" for item in failed)
            raise self._error(f"it rejects {len(failed)} of {len(datasets)} objects (reasons {reasons})", "")

    def _found(self, search: Callable[[], Any]) -> list[Dataset]:
        with self._asking("searches"):
            return [Dataset.from_json(item) for item in search() or ()]

    def _count(self, response: Any, *_: object, **__: object) -> Any:
        self.received[self._label] = self.received.get(self._label, 0) + len(response.content)
        return response

    @contextmanager
    def _asking(self, label: str) -> Iterator[None]:
        """Count what comes under a label, and tell every failure in one line."""
        from requests.exceptions import ConnectionError as NoConnection
        from requests.exceptions import HTTPError, RequestException, SSLError, Timeout
        from retrying import RetryError

        self._label = label
        try:
            yield
        except HTTPError as error:
            raise self._of_status(0 if error.response is None else error.response.status_code) from None
        except RetryError as error:
            raise self._of_status(getattr(error.last_attempt.value, "status_code", 0)) from None
        except SSLError as error:
            raise self._of_tls(in_one_line(error)) from None
        except Timeout:
            raise self._error("it did not answer in time", "Try again later.") from None
        except NoConnection:
            raise self._error("it cannot be reached, or broke off", "Check its address, and that it runs.") from None
        except (RequestException, ValueError, KeyError, TypeError, AttributeError, EOFError) as error:
            raise self._error(
                f"its answer is no DICOMweb: {in_one_line(error)}", "Check the address of the DICOMweb service."
            ) from None

    def _of_status(self, status: int) -> BundleError:
        if status in REASONS:
            problem, remedy = REASONS[HTTPStatus(status)]
        elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            problem, remedy = "it has an error of its own", "Try again later, or ask its administrator."
        else:
            problem, remedy = "it does not do what was asked", "Ask its administrator what DICOMweb services it offers."
        return self._error(f"{problem} (HTTP {status})", remedy)

    def _of_tls(self, told: str) -> BundleError:
        remedy = f"Name the PEM files by {CERTIFICATE} and {KEY}."
        if DEMANDED in told:
            return self._error("it demands a client certificate", remedy)
        if ALERT in told:  # the server's, on what it was shown
            return self._error("it does not accept the client certificate", remedy)
        return self._error(f"its certificate cannot be verified: {told}", f"Name its authority by {AUTHORITY}.")

    def _error(self, problem: str, remedy: str) -> BundleError:
        return BundleError(problem, record=f"PACS {self._access.url}", remedy=remedy)
