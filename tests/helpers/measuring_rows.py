"""Rows of the measuring study as it keeps them, for tests of its figures and tables."""

from __future__ import annotations

from typing import Any

from csfnet_bundle.nodule.segmentation import Method
from csfnet_bundle.studies.measuring.evaluating import TAKEN, THRESHOLD
from csfnet_bundle.studies.measuring.summary import summarize

Row = dict[str, Any]


def row(part: str, name: str, true: float, times: float | None = 1.0, **about: Any) -> Row:
    """A row of which every method measures ``times`` times the truth, version 0.1 three times; None: not found."""
    volumes = {method.value: true * times for method in Method} | {TAKEN: true * times} if times else {}
    found: Row = {"flags": [], "clicks_mm3": [], "attenuation": "solid", "mean_diameter_mm": 9.0}
    if times is None:
        found = {"refused": "NO_NODULE"}
    return {
        "part": part,
        "name": name,
        "patient": name,
        "true_mm3": true,
        "seconds": 0.5,
        "volumes_mm3": {THRESHOLD: 3 * true, **volumes},
        **found,
        **about,
    }


def reader(name: str, true: float, ratio: float | None = 1.0, dice: float = 0.85, **about: Any) -> Row:
    """A volume with readers' outlines."""
    values = {} if ratio is None else {**{method.value: dice for method in Method}, TAKEN: dice}
    return row("readers", name, true, ratio, dice={THRESHOLD: 0.4, **values}, **{"texture": 5, **about})


def drawn(number: int, kind: str, times: float | None = 1.0, part: str = "drawn", **about: Any) -> Row:
    """A drawn nodule of 500 mm3."""
    defaults = {
        "nodule": number,
        "type": kind,
        "beside": "free",
        "diameter_mm": 9.0,
        "click_mm": 0.0,
        "ratio": 1.0,
        "spiculated": number % 2 == 1,
    }
    return row(part, f"{number}", 500.0, times, **{**defaults, **about})


def series(name: str, readers: int, consensus: float, ratio: float = 0.9, **about: Any) -> Row:
    """A nodule of a whole series, clicked nine times."""
    known = consensus if consensus == consensus else 300.0
    found = row("series", name, known, ratio, readers=readers, clicks_mm3=[known * ratio] * 9, **about)
    return found | {"true_mm3": consensus, "consensus_mm3": consensus}


def followup(nodule: str, ratio: float, found: float, volume: float = 900.0) -> Row:
    """A simulated follow-up of a nodule that was measured at ``volume``."""
    made = row("followups", f"{nodule}_x{ratio:g}", volume, found, nodule=nodule, ratio=ratio)
    return made | {"clicks_mm3": [volume * found] * 9}


def study_rows() -> list[Row]:
    """Rows of every part, all of them good but where a test says otherwise."""
    kinds = ("solid", "part-solid", "ground glass")
    beside = ("free", "vessel", "wall")
    nodules = [drawn(number, kinds[number % 3], beside=beside[(number + number // 3) % 3]) for number in range(6)]
    later = [
        drawn(number, kinds[number % 3], ratio, part, ratio=grown)
        for part, grown in (("retest", 1.0), ("growth", 1.5))
        for number, ratio in ((0, 1.0), (1, 1.1), (3, 0.95), (4, 1.0))
    ]
    clicks = [drawn(number, "solid", 1.0, "clicks", click_mm=distance) for number in (0, 3) for distance in (2.0, 4.0)]
    return [
        *(reader(f"r{number}", 100.0 + 50 * number) for number in range(8)),
        reader("glass", 400.0, texture=1),
        series("A_0", 4, 1000.0),
        series("B_0", 1, float("nan"), flags=["GROUND_GLASS"]),
        followup("A_0", 1.0, 1.0),
        followup("A_0", 2.0, 1.96),
        *nodules,
        *clicks,
        *later,
    ]


def document(extra: list[dict[str, Any]] | None = None, fold: int | None = None) -> dict[str, Any]:
    """What the study writes, of these rows and more; ``fold`` is that of the network, None of one of all patients."""
    provenance = {
        "run": {"name": "all" if fold is None else f"fold_{fold}", "steps": 2800, "seed": 0, "bfloat16": True},
        "seconds": 600,
        "volumes": 696,
        "patients": 386,
        "held_out_fold": fold,
        "held_out_patients": 0 if fold is None else 78,
        "drawn_nodules": 600,
        "settings": {"batch": 4},
        "sha256": "ab" * 32,
        "bytes": 1_590_000,
    }
    folds = {str(number): {"sha256": "cd" * 32, "held_out_patients": 70 + number} for number in range(5)}
    return {"network": provenance, "folds": folds, "summary": summarize([*study_rows(), *(extra or [])])}
