"""Taking pairs that cannot be read out of a cohort's lists, counted, with reasons; the others stay where they are."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.records import Datalist, FollowUpPair, Scan, save_datalist

FLOW_NAME = "flow.json"
RECORD = "RECORD"
"""Stands for a code where the record, not an image, is at fault."""


def leave_out_rejected(datalist: Datalist, rejected: Mapping[str, tuple[str, str]], out: Path) -> Datalist:
    """Write a datalist without the rejected pairs, with its flow, and return it.

    Args:
        datalist: the lists; splits and folds are kept.
        rejected: code (empty where the record is at fault) and problem of each rejected pair, by its name.
        out: the new datalist's folder; the old one's may be given. A flow that is there, or beside the old datalist, is
            continued.

    Raises:
        BundleError: no pair remains.
    """
    left_out: dict[str, list[tuple[FollowUpPair, str]]] = {}
    sections = {}
    for name, pairs in datalist.sections.items():
        sections[name] = tuple(_moved(pair, datalist.folder, out) for pair in pairs if pair.name not in rejected)
        for pair in pairs:
            if pair.name in rejected:
                code, problem = rejected[pair.name]
                left_out.setdefault(code or RECORD, []).append((pair, f"{name}: {problem}"))
    if not any(sections.values()):
        raise BundleError("every pair is rejected", record=str(datalist.folder), remedy="`csfnet check` says why.")
    kept = Datalist(out, sections, datalist.header)
    flow = next((file for file in (out / FLOW_NAME, datalist.folder / FLOW_NAME) if file.is_file()), None)
    steps = [] if flow is None else json.loads(flow.read_text(encoding="utf-8"))
    for code, members in sorted(left_out.items()):
        steps.append(_step(f"rejected when the images were read: {code}", members, left_out=True))
    steps.append(_step("pairs in the datalist", [(pair, "") for _, pair in kept], left_out=False))
    save_datalist(kept)
    write_atomically(out / FLOW_NAME, json.dumps(steps, indent=1, ensure_ascii=False) + "\n")
    return kept


def reasons_of(errors: Mapping[str, BundleError]) -> dict[str, tuple[str, str]]:
    """Return code and problem of errors by pair."""
    return {name: (str(getattr(error, "code", "")), str(error)) for name, error in errors.items()}


def _step(what: str, members: list[tuple[FollowUpPair, str]], *, left_out: bool) -> dict[str, object]:
    return {
        "what": what,
        "count": len(members),
        "unit": "pairs",
        "patients": len({pair.subject for pair, _ in members}),
        "left_out": left_out,
        "records": [text for _, text in members if text],
    }


def _moved(pair: FollowUpPair, old: Path, new: Path) -> FollowUpPair:
    """Return the pair with its paths relative to the new folder."""
    if old.resolve() == new.resolve():
        return pair
    t0 = None if pair.t0 is None else _scan(pair.t0, old, new)
    return replace(pair, t0=t0, t1=_scan(pair.t1, old, new))


def _scan(scan: Scan, old: Path, new: Path) -> Scan:
    return replace(scan, path=os.path.relpath((old / scan.path).resolve(), new.resolve()))
