"""Files of weights: ``model.pt``, a plain state dictionary, and ``model.json`` beside it, which says what it is of.

``model.json`` holds the SHA-256 of ``model.pt`` and is written last: two files that do not belong together, be it
because one was exchanged or because writing was interrupted, are found out by the digest and rejected. Version 0.1
wrote one file with everything in it; such files stay readable.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import atomic_path

WEIGHTS, DIGEST = "model", "weights_sha256"
"""Keys of a document: the state dictionary, and in ``model.json`` the SHA-256 of the file that holds it."""
OUR_FORMATS = "csfnet_bundle."
"""What every format of this bundle begins with."""
WRAPPERS = ("module.", "_orig_mod.")
"""What DataParallel, DistributedDataParallel and torch.compile put before every name."""
NOT_WEIGHTS = (
    (b"version https://git-lfs", "is a git-lfs pointer, not the weights themselves", "Fetch them with `git lfs pull`."),
    (b"<!doctype html", "is a web page, not weights", "Download the file again; the site may want you to sign in."),
    (b"<html", "is a web page, not weights", "Download the file again; the site may want you to sign in."),
)
"""What lies where weights should be: how the file begins (in lower case), what it is, what to do."""
LONGEST_BEGINNING = 200
"""Bytes that tell a pointer or a web page, blanks before it included."""
_DAMAGE = (RuntimeError, EOFError, OSError, ValueError, LookupError, TypeError, AttributeError, AssertionError)
"""What ``torch.load`` raises on cut and changed files, seen by cutting and changing them."""


def description_path(path: str | Path) -> Path:
    """Return where the description of a file of weights lies: ``model.json`` for ``model.pt``."""
    return Path(path).with_suffix(".json")


def to_bytes(weights: Mapping[str, torch.Tensor], description: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """Return the content of both files, the same for the same values.

    Args:
        weights: the state dictionary.
        description: plain values; a number that is not finite becomes null, as JSON wants it.
    """
    stream = io.BytesIO()
    torch.save(
        {name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format) for name, tensor in weights.items()},
        stream,
    )
    content = stream.getvalue()
    plain = _finite({**description, DIGEST: hashlib.sha256(content).hexdigest()})
    return content, (json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def write_weights(path: str | Path, weights: Mapping[str, torch.Tensor], description: Mapping[str, Any]) -> None:
    """Write both files, each in one step; the description last.

    Raises:
        BundleError: the name is that of the description.
    """
    path = Path(path)
    if path.suffix == ".json":
        raise BundleError(f"weights cannot be called {path.name}", remedy="Name them .pt: the .json goes beside them.")
    content, described = to_bytes(weights, description)
    with atomic_path(description_path(path)) as second, atomic_path(path) as first:  # the inner one is renamed first
        first.write_bytes(content)
        second.write_bytes(described)


def read_weights(path: str | Path, remedy: str) -> Any:
    """Return a file of weights with its description as one dictionary, the state dictionary under ``model``.

    A file without a description comes back as it is: a document of version 0.1, or somebody else's. The names of a
    state dictionary lose what DataParallel or torch.compile put before all of them.

    Args:
        path: the file of the weights.
        remedy: what the user can do if it cannot be read.

    Raises:
        BundleError: the file is no weights (the message says what it is), or the description is not of these weights.
    """
    path = Path(path)
    content, description = path.read_bytes(), _description(path)
    if description is None:
        document = _unpickle(content, path, remedy)
        if isinstance(document, dict):
            document = without_wrapper(document)
            if isinstance(document.get(WEIGHTS), dict):
                document[WEIGHTS] = without_wrapper(document[WEIGHTS])
        return document
    _check_is_weights(content, path)
    digest = hashlib.sha256(content).hexdigest()
    if description.pop(DIGEST, None) != digest:
        raise BundleError(
            f"{description_path(path).name} beside it is not of these weights, whose SHA-256 is {digest[:12]}...",
            record=str(path),
            remedy="Take both files from one place and one training.",
        )
    weights = _unpickle(content, path, remedy)
    return {**description, WEIGHTS: without_wrapper(weights) if isinstance(weights, dict) else weights}


def read_plain(path: Path, remedy: str) -> Any:
    """Return what ``torch.save`` wrote, tensors on the CPU; nothing but tensors and plain values is unpickled.

    Args:
        path: the file.
        remedy: what the user can do if it cannot be read.

    Raises:
        BundleError: the file is damaged, no file of torch's, or holds anything else.
    """
    return _unpickle(path.read_bytes(), path, remedy)


def without_wrapper(weights: dict[str, Any]) -> dict[str, Any]:
    """Return a state dictionary without the prefix of a wrapper that all its names have."""
    for prefix in WRAPPERS * 2:  # one wrapper may lie in the other
        if weights and all(isinstance(name, str) and name.startswith(prefix) for name in weights):
            weights = {name.removeprefix(prefix): tensor for name, tensor in weights.items()}
    return weights


def _description(path: Path) -> dict[str, Any] | None:
    """Return what model.json says; None if there is none, or if it is somebody else's."""
    beside = description_path(path)
    if not beside.is_file():
        return None
    try:
        described = json.loads(beside.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise BundleError(
            f"the description of {path.name} is no JSON: it is damaged",
            record=str(beside),
            remedy="Get both files again.",
        ) from None
    ours = isinstance(described, dict) and str(described.get("format", "")).startswith(OUR_FORMATS)
    return described if ours else None


def _check_is_weights(content: bytes, path: Path) -> None:
    """Raise BundleError for a file that is recognisably something else."""
    if not content:
        raise BundleError("the file is empty", record=str(path), remedy="Get it again.")
    beginning = content[:LONGEST_BEGINNING].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for start, problem, remedy in NOT_WEIGHTS:
        if beginning.startswith(start):
            raise BundleError(problem, record=str(path), remedy=remedy)


def _unpickle(content: bytes, path: Path, remedy: str) -> Any:
    _check_is_weights(content, path)
    try:
        with warnings.catch_warnings():
            # Damaged bytes can look like old or foreign formats, of which torch warns before it gives up.
            warnings.simplefilter("ignore", UserWarning)
            return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        problem = "it is damaged, or holds more than tensors and plain values, such as a whole network"
    except _DAMAGE as error:
        script = "TorchScript" in str(error)
        problem = f"it is {'TorchScript' if script else 'damaged, or no file of torch'} ({type(error).__name__})"
    raise BundleError(problem, record=str(path), remedy=remedy)


def _finite(value: object) -> Any:
    """Return plain values as JSON can hold them."""
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
