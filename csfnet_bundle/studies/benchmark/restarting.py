"""What a restart of a benchmark may not change: everything that a finished fit depends on, by its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Mapping
from typing import Any

from csfnet_bundle import __version__
from csfnet_bundle.core.bundle_root import CONFIGS, PREPROCESSING, bundle_of
from csfnet_bundle.core.changed_settings import check_same_settings
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.prediction.data import datalist_hash
from csfnet_bundle.studies.benchmark.protocol import Protocol
from csfnet_bundle.training.transfer import weights_digest

PROTOCOL_NAME = "protocol.json"
SYSTEMS_KEY = "systems"
CONFIG, WEIGHTS = "config_sha256", "pretrained_sha256"
WORDS = {CONFIG: "the config", WEIGHTS: "the initial weights"}


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
    if before:
        check_same_settings(
            _named(before, protocol.systems),
            _named(now, before[SYSTEMS_KEY]),
            record=str(protocol.out),
            what="a benchmark",
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


def _named(document: Mapping[str, Any], systems: Container[str]) -> dict[str, Any]:
    """What is shared, and what these systems depend on, by the names that a message gives them."""
    digests = {
        f"{WORDS[kind]} of {system}": digest
        for system, kinds in document[SYSTEMS_KEY].items()
        if system in systems
        for kind, digest in kinds.items()
    }
    return {name: value for name, value in document.items() if name != SYSTEMS_KEY} | digests
