"""A plain description of a run, so that a restart with changed settings or data is noticed."""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

import numpy as np
import torch

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]

_RANDOM_STATES = (np.random.RandomState, np.random.Generator, torch.Generator)


def describe(value: object, _inside: tuple[int, ...] = ()) -> Plain:
    """Return ``value`` as plain values that are equal for equal settings, whatever process made them.

    Configs are instantiated before they can be looked at, so the objects themselves are described: class, attributes,
    and so on down. Random states are left out (they are set anew every epoch), tensors and arrays go in by a hash.
    """
    if isinstance(value, np.generic):  # before plain numbers: numpy's float is one of Python's, too
        value = value.item()
    if isinstance(value, Enum):  # likewise an enumeration of strings is a string, and no plain one
        value = value.value
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Path | torch.device | torch.dtype):
        return str(value)
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray):
        return f"array {value.shape} {hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()[:16]}"
    if isinstance(value, _RANDOM_STATES):
        return "random state"
    if id(value) in _inside:
        return "(itself)"
    inside = (*_inside, id(value))
    if isinstance(value, Mapping):
        return {str(key): describe(item, inside) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [describe(item, inside) for item in value]
    if isinstance(value, set | frozenset):
        return [*sorted(str(describe(item, inside)) for item in value)]
    if isinstance(value, functools.partial):
        return {"partial": describe([value.func, value.args, value.keywords], inside)}
    if inspect.isroutine(value) or inspect.isclass(value):
        return f"{value.__module__}.{value.__qualname__}"
    if not hasattr(value, "__dict__"):  # a compiled pattern, a range: their representation says all there is
        return repr(value)
    attributes = {name: describe(item, inside) for name, item in sorted(vars(value).items()) if name != "R"}
    return {"class": f"{type(value).__module__}.{type(value).__qualname__}", **attributes}
