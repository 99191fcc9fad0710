"""The log of a server, with what MONAI Label and its web server write."""

import io
import logging
from collections.abc import Iterator

import pytest

from csfnet_bundle.serving.monai_label.quiet_log import keep_patients_out_of_the_log, where

SECRETS = ("SMITH", "1.2.840.99", "age")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Handlers as MONAI Label's logging.json makes them: the root's, and one of uvicorn's own."""
    written = io.StringIO()
    loggers = [logging.getLogger(name) for name in (None, "uvicorn", "uvicorn.access")]
    before = [(logger, [*logger.handlers], logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.handlers, logger.propagate = [logging.StreamHandler(written)], False
    for name in ("monailabel.endpoints.infer", "uvicorn.access", "csfnet_bundle.serving"):
        logging.getLogger(name).setLevel(logging.INFO)
    yield written
    for logger, handlers, propagate in before:
        logger.handlers, logger.propagate = handlers, propagate


def log_everything() -> None:
    infer = logging.getLogger("monailabel.endpoints.infer")
    infer.info("Infer Request: %s", {"image": "SMITH", "clinical": {"age": 63}})
    infer.warning("IGNORE:: No matching image exists for 'SMITH'")
    try:
        raise KeyError("SMITH")
    except KeyError:
        infer.exception("failed for SMITH")
        logging.getLogger("uvicorn").exception("Exception in ASGI application")
    access = '%s - "%s %s HTTP/%s" %d'
    for path in ("/infer/point?image=SMITH&output=json", "/proxy/dicom/studies/1.2.840.99/series"):
        logging.getLogger("uvicorn.access").info(access, "127.0.0.1:1", "POST", path, "1.1", 200)
    logging.getLogger("csfnet_bundle.serving").info("a click answered in 1.0 s, 0 warnings")


def test_without_the_filter_the_log_names_patients(log: io.StringIO) -> None:
    log_everything()
    assert all(secret in log.getvalue() for secret in SECRETS)


def test_with_it_the_log_says_what_happened_and_names_nobody(log: io.StringIO) -> None:
    keep_patients_out_of_the_log()
    keep_patients_out_of_the_log()
    log_everything()
    told = log.getvalue()
    assert not any(secret in told for secret in SECRETS)
    assert told.count("failed: KeyError at test_quiet_log.py:") == 2
    assert '"POST /infer/point HTTP/1.1" 200' in told
    assert '"POST /proxy/dicom HTTP/1.1" 200' in told
    assert "a click answered" in told
    assert len(told.splitlines()) == 6


def test_a_record_that_two_handlers_get_is_emptied_once(log: io.StringIO) -> None:
    logging.getLogger().addHandler(logging.StreamHandler(log))
    keep_patients_out_of_the_log()
    try:
        raise KeyError("SMITH")
    except KeyError:
        logging.getLogger("monailabel.endpoints.infer").exception("failed for SMITH")
    assert log.getvalue().count("failed: KeyError at test_quiet_log.py:") == 2


def test_an_error_is_told_by_kind_and_place() -> None:
    with pytest.raises(ValueError, match="SMITH") as caught:
        int("SMITH")
    assert where(caught.value).startswith("ValueError")
