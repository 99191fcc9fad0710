"""The variants of the pre-training that a study compares: configs/medst/variants.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from csfnet_bundle.core.bundle_root import CONFIGS, VARIANTS, bundle_root
from csfnet_bundle.core.errors import BundleError

DEFAULT = "default"
UNTRAINED = "untrained"
CONTROL = "mispaired"
"""The positive control: a study that does not notice it can judge nothing."""
OTHER_SEEDS = 2
"""Seeds at most of a variant that is not a main one. An interval over so few says nothing, so that neither
intervals nor tests nor verdicts are given."""
SMALL = "small"
"""The small size with the whole text model: not among the others, since it takes minutes a fit."""


@dataclass(frozen=True)
class Variant:
    """A pre-training that differs from the default.

    Attributes:
        what: what it is.
        question: what its comparison answers; empty for what others are compared with.
        compared_with: the variant that it is compared with.
        starts_from: the variant of the same seed whose weights it starts from; empty: random ones.
        main: it answers one of the main questions: it comes first, with all seeds and intervals.
        screens: fewest screens of a cohort on which it is what it says; with fewer its windows would be shorter.
        overrides: ids of the pre-training's config and their values.
    """

    what: str
    question: str = ""
    compared_with: str = DEFAULT
    starts_from: str = ""
    main: bool = False
    screens: int = 0
    overrides: Mapping[str, Any] | None = None


def read_variants(root: Path | None = None) -> dict[str, Variant]:
    """Return the variants of a bundle by name, in the order in which they are trained; None is this package's bundle.

    Raises:
        BundleError: the bundle has no such file.
    """
    path = (root or bundle_root()) / CONFIGS / VARIANTS
    if not path.is_file():
        raise BundleError(f"there is no {path}", remedy="Install the bundle again.")
    return {name: Variant(**part) for name, part in json.loads(path.read_text(encoding="utf-8")).items()}


def find_variants(names: tuple[str, ...], screens: int) -> tuple[str, ...]:
    """Return the names, those first that others are compared with; default and positive control are always there.

    Args:
        names: of variants; none means all that the cohort has enough screens for.
        screens: of the cohort.

    Raises:
        BundleError: there is no such variant, or it needs more screens.
    """
    known = read_variants()
    for name in names:
        if name not in known and name != SMALL:
            raise BundleError(f"there is no variant {name!r}", remedy=f"Variants: {', '.join(known)}, {SMALL}.")
        if name in known and known[name].screens > screens:
            raise BundleError(
                f"variant {name!r} needs {known[name].screens} screens, and the cohort has {screens}",
                remedy="Leave it out, or give a cohort with as many (csfnet phantom --screens).",
            )
    chosen = names or tuple(name for name, variant in known.items() if variant.screens <= screens)
    wanted = [variant for name, variant in known.items() if name in chosen]
    needed = [name for variant in wanted for name in (variant.compared_with, variant.starts_from) if name]
    return tuple(dict.fromkeys((DEFAULT, CONTROL, *needed, *chosen)))


def left_out(screens: int) -> tuple[str, ...]:
    """Return the variants that a cohort of so many screens cannot train."""
    return tuple(name for name, variant in read_variants().items() if variant.screens > screens)
