"""File names made from names of pairs, which may hold anything."""

from __future__ import annotations

import hashlib
import re

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
"""What is taken over as it stands. Without the underscore, which separates subject and nodule in the file's name."""

LONGEST_STEM = 100
"""Characters; with an ending and a temporary suffix it stays under the 143 bytes that encrypted folders allow."""

DIGEST_LENGTH = 12
"""Hexadecimal digits: enough that two names of one cohort do not meet."""


def file_stem(subject: str, nodule: str) -> str:
    """Return a file name without ending for a pair: never a path, and different for different pairs.

    ``("100012", "1")`` gives ``100012_1``. A name with other characters than letters, digits, dots and hyphens has them
    replaced and gets a digest of the original at its end.
    """
    stem = f"{subject}_{nodule}"
    if PLAIN.fullmatch(subject) and PLAIN.fullmatch(nodule) and len(stem) <= LONGEST_STEM:
        return stem
    digest = hashlib.sha256(f"{subject}/{nodule}".encode(errors="backslashreplace")).hexdigest()[:DIGEST_LENGTH]
    replaced = re.sub(r"[^A-Za-z0-9-]+", "-", stem).strip("-")
    return f"{replaced[: LONGEST_STEM - DIGEST_LENGTH - 1]}_{digest}"
