"""The site's salt: a secret word in identifiers made from a patient's, so that nobody else can make them."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import write_atomically

VARIABLE = "CSFNET_SITE_SALT"
"""Environment variable with the salt: all machines of a site need the same."""
FILE_NAME = "site_salt"
SALT_BYTES = 16
PSEUDONYM_DIGITS = 12
"""Hexadecimal digits of a pseudonym: two of a million patients meet with a chance of one in 500."""


def site_salt() -> str:
    """Return the salt of the environment, else of this user's file, which is made on first use.

    Raises:
        BundleError: there is none, and the file cannot be written.
    """
    given = os.environ.get(VARIABLE, "")
    if given:
        return given
    path = salt_path()
    try:
        if not path.exists():
            write_atomically(path, secrets.token_hex(SALT_BYTES) + "\n")
            path.chmod(0o600)
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BundleError(
            f"the site's salt cannot be kept: {error.strerror}",
            record=str(path),
            remedy=f"Set {VARIABLE} to a secret word of this site.",
        ) from None


def salt_path() -> Path:
    """Return where the salt lies if the environment has none."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "csfnet_bundle" / FILE_NAME


def salted_digest(*parts: str) -> bytes:
    """Return HMAC-SHA-256 of the parts under the site's salt, 32 bytes; different parts never run together."""
    message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return hmac.new(site_salt().encode(), message, hashlib.sha256).digest()


def pseudonym(patient_id: str) -> str:
    """Return a name for a patient that only this site's salt gives: ``P`` and hexadecimal digits."""
    return f"P{salted_digest('pseudonym', patient_id).hex()[:PSEUDONYM_DIGITS]}"
