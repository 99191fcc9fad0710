"""A PACS behind TLS, on loopback: its certificate is checked, and ours is shown."""

import ssl
from pathlib import Path

import pytest
import trustme
from helpers.faulty_pacs import faulty_pacs

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.serving.pacs import service as module
from csfnet_bundle.serving.pacs.access import Access
from csfnet_bundle.serving.pacs.service import DicomWebService

CA, CERTIFICATE, KEY = "CSFNET_PACS_CA", "CSFNET_PACS_CERT", "CSFNET_PACS_KEY"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT_MS", 1)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def files(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment: the authority, and a client's certificate and key that it signed."""
    folder = tmp_path_factory.mktemp("tls")
    names = {CA: folder / "ca.pem", CERTIFICATE: folder / "client.pem", KEY: folder / "client.key"}
    client = authority.issue_cert("reader@hospital.example")
    authority.cert_pem.write_to_path(names[CA])
    client.cert_chain_pems[0].write_to_path(names[CERTIFICATE])
    client.private_key_pem.write_to_path(names[KEY])
    return {name: str(path) for name, path in names.items()}


def server(authority: trustme.CA, *, host: str = "127.0.0.1", asks: bool = False) -> ssl.SSLContext:
    """A server's side: its own certificate, and whether it asks its clients for one."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(context)
    if asks:
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def studies(url: str, environment: dict[str, str]) -> list[object]:
    return list(DicomWebService(Access.from_environment(url, environment)).studies({"PatientID": "100042"}))


def refusal(url: str, environment: dict[str, str]) -> str:
    with pytest.raises(BundleError) as caught:
        studies(url, environment)
    line = str(caught.value)
    assert url in line
    assert "\n" not in line
    return line


def test_a_certificate_of_the_named_authority_is_accepted(authority: trustme.CA, files: dict[str, str]) -> None:
    with faulty_pacs("nothing", server(authority)) as (url, behaviour):
        assert studies(url, {CA: files[CA]}) == []
    assert len(behaviour.requests) == 1


def test_a_certificate_of_another_authority_is_rejected(
    authority: trustme.CA, files: dict[str, str], tmp_path: Path
) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    with faulty_pacs("nothing", server(authority)) as (url, behaviour):
        for environment in ({}, {CA: str(tmp_path / "other.pem")}):
            line = refusal(url, environment)
            assert "its certificate cannot be verified" in line
            assert "Name its authority by CSFNET_PACS_CA" in line
    assert behaviour.requests == [], "nothing was asked of it, and no credential sent"


def test_a_certificate_of_another_host_is_rejected(authority: trustme.CA, files: dict[str, str]) -> None:
    with faulty_pacs("nothing", server(authority, host="elsewhere.example")) as (url, behaviour):
        assert "its certificate cannot be verified" in refusal(url, {CA: files[CA]})
    assert behaviour.requests == []


def test_a_client_certificate_that_is_demanded_is_shown(authority: trustme.CA, files: dict[str, str]) -> None:
    with faulty_pacs("nothing", server(authority, asks=True)) as (url, behaviour):
        assert studies(url, files) == []
    assert len(behaviour.requests) == 1


def test_a_client_certificate_that_is_missing_is_said_so(authority: trustme.CA, files: dict[str, str]) -> None:
    with faulty_pacs("nothing", server(authority, asks=True)) as (url, behaviour):
        line = refusal(url, {CA: files[CA]})
    assert "it demands a client certificate. Name the PEM files by CSFNET_PACS_CERT and CSFNET_PACS_KEY" in line
    assert behaviour.requests == []


def test_a_client_certificate_of_another_authority_is_said_so(
    authority: trustme.CA, files: dict[str, str], tmp_path: Path
) -> None:
    stranger = trustme.CA().issue_cert("stranger@elsewhere.example")
    stranger.private_key_and_cert_chain_pem.write_to_path(tmp_path / "stranger.pem")
    with faulty_pacs("nothing", server(authority, asks=True)) as (url, _):
        line = refusal(url, {CA: files[CA], CERTIFICATE: str(tmp_path / "stranger.pem")})
    assert "it does not accept the client certificate" in line
