"""What a restart of a benchmark may not change: everything that a finished fit depends on, by its content."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from csfnet_bundle import __version__
from csfnet_bundle.core.bundle_root import CONFIGS, PREPROCESSING, bundle_of
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.prediction.data import datalist_hash
from csfnet_bundle.studies.benchmark.protocol import Protocol
from csfnet_bundle.training.transfer import weights_digest

PROTOCOL_NAME = "protocol.json"
SYSTEMS_KEY = "systems"
CONFIG, WEIGHTS = "config_sha256", "pretrained_sha256"
WORDS = {CONFIG: "the config", WEIGHTS: "the initial weights"}
SHOWN_DIGITS = 12


def keep_protocol(protocol: Protocol) -> None:
    """Write what every fit depends on into ``out``, or check that it is what is written there.

    Config files and weights count by their content: a file of another name with the same content is the same, one of
    the same name with other content is not. Systems, seeds and permutations may be added later: they change no fit
    that is there.

    Raises:
        BundleError: ``out`` holds the fits of another protocol, or a config names weights that are not there.
    """
    path = protocol.out / PROTOCOL_NAME
    now = {**_shared(protocol), SYSTEMS_KEY: {system: _digests(protocol, system) for system in protocol.systems}}
    before: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if before and (changes := _changes(before, now)):
        raise BundleError(
            f"holds a benchmark with other settings: {'; '.join(changes)}",
            record=str(protocol.out),
            remedy="Name another --out, or delete this one.",
        )
    known = {**before.get(SYSTEMS_KEY, {}), **now[SYSTEMS_KEY]}
    text = json.dumps({**now, SYSTEMS_KEY: known}, indent=1) + "\n"
    if not before or known != before[SYSTEMS_KEY]:
        write_atomically(path, text)


def _shared(protocol: Protocol) -> dict[str, Any]:
    """What the fits of all systems depend on."""
    return {
        "bundle_version": __version__,
        "datalist_sha256": datalist_hash(protocol.dataset_dir),
        "folds": protocol.folds,
        "overrides": dict(protocol.overrides),
        "without_reads": protocol.without_reads,
    }


def _digests(protocol: Protocol, system: str) -> dict[str, str]:
    """What the fits of one system depend on: its config and the shared preprocessing's, and where it starts from."""
    settings = json.dumps(protocol.settings(system), sort_keys=True).encode()
    shared = (bundle_of(protocol.bundle_root) / CONFIGS / PREPROCESSING).read_bytes()
    digests = {CONFIG: hashlib.sha256(settings + shared).hexdigest()}
    if (start := protocol.start(system)) is not None:
        digests[WEIGHTS] = str(weights_digest(start))
    return digests


def _changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    changes = [
        f"{name} ({before.get(name)} -> {value})"
        for name, value in now.items()
        if name != SYSTEMS_KEY and before.get(name) != value
    ]
    for system, digests in now[SYSTEMS_KEY].items():
        kept = before.get(SYSTEMS_KEY, {}).get(system, digests)
        changes += [
            f"{WORDS[name]} of {system} (SHA-256 {kept.get(name, 'none'):.{SHOWN_DIGITS}} -> {value:.{SHOWN_DIGITS}})"
            for name, value in digests.items()
            if kept.get(name) != value
        ]
    return changes
