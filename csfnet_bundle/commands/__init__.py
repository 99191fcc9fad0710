"""The command line: one module a command, found by name and imported only when it is called."""

from __future__ import annotations

import importlib
import inspect
import logging
import re
import sys
from collections.abc import Callable, Mapping, Sequence

import fire

from csfnet_bundle.core.error_hook import bundle_error_in
from csfnet_bundle.core.errors import BundleError

COMMANDS = {
    "demo": "the whole way on phantoms: cohort, training, evaluation, prediction, reports",
    "cohort": "make a cohort from tables of nodule positions: plan, download, datalist, report",
    "benchmark": "train, judge and compare every system of the paper's tables on one cohort",
    "benchmark-roi": "measure one ROI by every route: times, memory, compressed syntaxes",
    "benchmark-latency": "time predictions in PyTorch, TorchScript and ONNX Runtime",
    "check": "say whether a DICOM folder or a datalist can be used, and why not",
    "ensemble": "join trained networks, or a benchmark's folds, into one checkpoint",
    "export": "write the network as TorchScript and ONNX, checked against PyTorch",
    "initial-model": "write an untrained checkpoint, for a federation to start from",
    "match": "find a nodule's place in the earlier scan from its place in the later one",
    "medst-radiographs": "project radiographs from a cohort's CT, with reports and the tables of Med-ST's evaluations",
    "medst-study": "pre-train by Med-ST with every switch over several seeds, and evaluate what comes out",
    "make-model": "train the network of models/model.pt on phantoms and judge it beside the oracle",
    "label-app": "put the bundle into MONAI Label's stock app, to serve one folder of scans",
    "package": "pack the bundle as the archive that monai.bundle and the model zoo take",
    "fuzz-reader": "let the DICOM reader loose on damaged files: each must be read, skipped or refused",
    "phantom": "make a phantom cohort: DICOM studies, tables, datalist and truth",
    "predict": "predict one new follow-up pair",
    "simulate-federation": "train one network over several cohorts by MonaiAlgo and plain averaging",
    "simulate-followup": "make a later study of a real series, its nodule grown",
}
"""Command names and what they do; the module and the function have the name with underscores."""

OPTION = re.compile(r"--?([A-Za-z][\w-]*)")
HELP = {"help", "h"}
SWITCH_VALUES = ("True", "False")
FIRE_SEPARATOR = "-"
"""Behind it, Fire takes words for what the command returned."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that ``arguments`` (by default those of the program) name; return the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0 if arguments else 2
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("csfnet_bundle").setLevel(logging.INFO)
    name, *rest = arguments
    try:
        function = _load(name)
        _check_words(name, function, rest)
        status = fire.Fire(function, command=rest, name=f"python -m csfnet_bundle {name}", serialize=_nothing)
    except fire.core.FireExit as stop:
        return int(stop.code or 0)
    except KeyboardInterrupt:
        print("interrupted; the same command goes on where it stopped or starts anew", file=sys.stderr)
        return 130
    except Exception as error:
        ours = bundle_error_in(error)
        if ours is None:
            raise
        print(f"error: {ours}", file=sys.stderr)
        return 1
    return status if isinstance(status, int) else 0


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name.ljust(width)}  {text}" for name, text in sorted(COMMANDS.items())]
    return "\n".join(
        ["usage: python -m csfnet_bundle COMMAND [--option value ...]", "", *lines, "", "COMMAND --help says more."]
    )


def _load(name: str) -> Callable[..., object]:
    if name not in COMMANDS:
        raise BundleError(f"there is no command {name!r}", remedy=f"Commands: {', '.join(sorted(COMMANDS))}.")
    word = name.replace("-", "_")
    return getattr(importlib.import_module(f"csfnet_bundle.commands.{word}"), word)


def _check_words(name: str, function: Callable[..., object], arguments: Sequence[str]) -> None:
    """Refuse misspelt options and surplus words before anything runs: Fire alone complains when all is done."""
    parameters = inspect.signature(function).parameters
    options: set[str] = set()
    words: list[str] = []
    takes_next = ""  # as in Fire: an option without = takes the next word, unless that is an option
    for argument in arguments:
        if argument == "--":  # what follows is for Fire itself
            break
        match = OPTION.match(argument)
        if match is not None:
            option = _known_option(name, match[1], parameters)
            options.add(option)
            _, given, value = argument.partition("=")
            takes_next = "" if given else option
            if given:
                _check_switch(option, value, parameters)
        elif takes_next:
            _check_switch(takes_next, argument, parameters)
            takes_next = ""
        else:
            words.append(argument)
    places = [
        parameter.name
        for parameter in parameters.values()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and parameter.name not in options
    ]
    surplus = words[len(places) :] or [word for word in words if word == FIRE_SEPARATOR]
    if surplus and not options & HELP:
        raise BundleError(f"{name} has no use for the word {surplus[0]!r}", remedy=_options_of(parameters))


def _known_option(name: str, given: str, parameters: Mapping[str, inspect.Parameter]) -> str:
    """Return the parameter that an option names, or the option for help."""
    option = given.replace("-", "_")
    for known in (option, option.removeprefix("no")):
        if known in parameters or known in HELP:
            return known
    raise BundleError(f"{name} has no option --{given}", remedy=_options_of(parameters))


def _check_switch(option: str, value: str, parameters: Mapping[str, inspect.Parameter]) -> None:
    """Refuse a switch's value that Fire would hand on as a text, which is true: ``--option=false``."""
    if option in parameters and isinstance(parameters[option].default, bool) and value not in SWITCH_VALUES:
        raise BundleError(
            f"--{option} is {value!r}, expected no value or {' or '.join(SWITCH_VALUES)}",
            remedy=f"Say --{option} or --no{option}.",
        )


def _options_of(parameters: Mapping[str, inspect.Parameter]) -> str:
    return f"Options: {', '.join('--' + parameter for parameter in sorted(parameters))}."


def _nothing(_: object) -> None:
    """Fire prints what a command returns; ours print what a user should see themselves."""
