"""How to reach a PACS: its address, and credentials from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from csfnet_bundle.core.errors import BundleError

TOKEN, USER, PASSWORD, CERTIFICATE, KEY, AUTHORITY = (
    "CSFNET_PACS_TOKEN",
    "CSFNET_PACS_USER",
    "CSFNET_PACS_PASSWORD",
    "CSFNET_PACS_CERT",
    "CSFNET_PACS_KEY",
    "CSFNET_PACS_CA",
)
"""Environment variables: a bearer token; a user and a password (HTTP Basic); PEM files of a client certificate, its
key, and the authority to trust."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")
TIMEOUT_SECONDS = (10.0, 60.0)
"""To connect, and between two answers."""


@dataclass(frozen=True)
class Access:
    """Address and credentials.

    Attributes:
        url: of the DICOMweb service, e.g. ``https://pacs.example/dicom-web``.
        token: bearer token; empty for none. Never printed.
        login: user and password; None for none. Never printed.
        certificate: client certificate and key; None for none.
        authority: file of the certificate authority to trust; None for the system's.
        timeout: seconds to connect, and between two answers.
    """

    url: str
    token: str = ""
    certificate: tuple[Path, Path] | Path | None = None
    authority: Path | None = None
    timeout: tuple[float, float] = TIMEOUT_SECONDS
    login: tuple[str, str] | None = None

    def __repr__(self) -> str:
        return f"Access({self.url!r})"

    @classmethod
    def from_environment(cls, url: str, environment: Mapping[str, str] | None = None) -> Access:
        """Check an address and take the credentials from the environment.

        Raises:
            BundleError: no HTTP address, a password in it, a token or a password that would go over the network in
                clear text, a token and a password at once, a user without a password or the reverse, or a file that
                is not there.
        """
        values = os.environ if environment is None else environment
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BundleError(
                f"{url!r} is no address of a DICOMweb service", remedy="Give one like https://pacs.example/dicom-web."
            )
        if parts.username or parts.password:
            raise BundleError(
                "the address of the PACS holds a user name or a password",
                remedy=f"Leave them out; set {USER} and {PASSWORD}, {TOKEN} or {CERTIFICATE} in the environment.",
            )
        token, login = values.get(TOKEN, ""), _login(values)
        if token and login is not None:
            raise BundleError(f"both {TOKEN} and {USER} are set", remedy="Set one of the two.")
        secret = TOKEN if token else PASSWORD if login is not None else None
        if secret is not None and parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise BundleError(
                f"{secret} would be sent to {parts.hostname} without encryption", remedy="Give an https:// address."
            )
        certificate, key, authority = (_file(values, name) for name in (CERTIFICATE, KEY, AUTHORITY))
        both = certificate if certificate is None or key is None else (certificate, key)
        return cls(url.rstrip("/"), token, both, authority, login=login)


def _login(values: Mapping[str, str]) -> tuple[str, str] | None:
    user, password = values.get(USER, ""), values.get(PASSWORD, "")
    if bool(user) != bool(password):
        given, missing = (USER, PASSWORD) if user else (PASSWORD, USER)
        raise BundleError(f"{given} is set, {missing} is not", remedy=f"Set {missing} too, or neither.")
    if ":" in user:
        raise BundleError(f"{USER} holds a colon", remedy="HTTP Basic knows no such user names; give another one.")
    return (user, password) if user else None


def _file(values: Mapping[str, str], name: str) -> Path | None:
    text = values.get(name, "")
    if not text:
        return None
    path = Path(text)
    if not path.is_file():
        raise BundleError(f"{path} is no file", record=name, remedy="Name a PEM file.")
    return path
