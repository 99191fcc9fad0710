"""The list of reader cases: a class of input, how to make it, and what the reader must do with it.

Each edit takes the data sets of a sound axial series, in the order of space, and writes a folder. They are applied to
synthetic series and to real ones alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from csfnet_bundle.core.errors import RefusalCode
from helpers.synthetic_series import write_series

Build = Callable[[list[Dataset], Path], None]


@dataclass(frozen=True)
class Case:
    """A class of input: how to make it, and the code it must be refused with (None: read right)."""

    name: str
    build: Build
    code: RefusalCode | None = None

    def __str__(self) -> str:
        return self.name


CASES: list[Case] = []


def case(code: RefusalCode | None = None) -> Callable[[Build], Build]:
    def register(build: Build) -> Build:
        CASES.append(Case(build.__name__, build, code))
        return build

    return register


def edited(name: str, code: RefusalCode | None, edit: Callable[[list[Dataset]], None]) -> None:
    """Register a case that edits the data sets and writes them as they are."""

    def build(series: list[Dataset], folder: Path) -> None:
        edit(series)
        write_series(folder, series)

    CASES.append(Case(name, build, code))
