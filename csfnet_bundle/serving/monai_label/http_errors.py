"""Errors of a request as the HTTP status and the one line that its sender sees."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from monai.transforms import Compose, Transform

from csfnet_bundle.core.errors import BundleError, Refusal
from csfnet_bundle.serving.monai_label.answer import HeatMapError
from csfnet_bundle.serving.monai_label.studies import MissingScanError


class HttpErrors(Transform):
    """Run transforms; what they refuse becomes the answer of the server, with its line as the body's ``detail``.

    Args:
        transforms: of the request's record, run in order.
        studies_dir: what the line leaves out of paths, as nobody outside needs to know the server's disk.
    """

    def __init__(self, transforms: Sequence[Transform], studies_dir: str | None = None) -> None:
        self.steps = Compose(transforms, map_items=False)
        # As it stands in messages: scans are found with links followed.
        self.studies_dir = None if studies_dir is None else str(Path(studies_dir).resolve())

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return the record after all transforms.

        Raises:
            fastapi.HTTPException: a transform raised a BundleError.
        """
        # Step by step: Compose would wrap the error, and print the whole record (a patient's) to the server's log.
        record = dict(data)
        try:
            for step in self.steps.transforms:
                record = step(record)
        except BundleError as error:
            raise http_exception(error, self.studies_dir) from None
        return record


def http_status(error: BundleError) -> HTTPStatus:
    """Return the status for an error.

    404 for a scan that is not in the studies, 422 for one that cannot be used (a :class:`Refusal`;
    the line begins with its code), 507 if the heat map cannot be stored, 400 for anything else that the request says.
    """
    if isinstance(error, MissingScanError):
        return HTTPStatus.NOT_FOUND
    if isinstance(error, Refusal):
        return HTTPStatus.UNPROCESSABLE_ENTITY
    return HTTPStatus.INSUFFICIENT_STORAGE if isinstance(error, HeatMapError) else HTTPStatus.BAD_REQUEST


def http_exception(error: BundleError, studies_dir: str | None = None) -> Exception:
    """Return the exception that FastAPI, MONAI Label's web framework, answers with."""
    from fastapi import HTTPException  # only a server has it

    line = str(error) if studies_dir is None else str(error).replace(f"{studies_dir}/", "")
    return HTTPException(status_code=int(http_status(error)), detail=line)


def server_error(error: Exception) -> Exception:
    """Return what FastAPI answers where the server itself failed: the error's kind, and no value of the request."""
    from fastapi import HTTPException

    line = f"the server failed ({type(error).__name__})"
    return HTTPException(status_code=int(HTTPStatus.INTERNAL_SERVER_ERROR), detail=line)
