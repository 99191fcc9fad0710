"""Independent random streams, one for each purpose of each phantom subject.

A stream depends on the cohort's seed, the subject's number, the purpose and the screen alone. So a cohort of N subjects
is the beginning of a cohort of N + 1, and no purpose (noise, scanner, position, ...) can carry the label.
"""

from __future__ import annotations

import uuid
from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a stream is drawn for; the numbers are part of the cohort's definition and must not change."""

    LATENTS = 0
    ANATOMY = 1
    SHAPE = 2
    SCANNER = 3
    POSITION = 4
    NOISE = 5
    CLICK = 6
    RECORD = 7


def stream(seed: int, subject: int, purpose: Purpose, screen: int = 0) -> np.random.Generator:
    """Return the generator of one purpose of one subject (at one screen), in its initial state."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(subject, int(purpose), screen)))


def uid(*names: object) -> str:
    """Return a DICOM unique identifier that depends on ``names`` alone: 2.25. and a name-based UUID (PS3.5, B.2)."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, '/'.join(map(str, ('csfnet-bundle phantom', *names)))).int}"
