"""From the words of a command line to a call: types, help and messages by cyclopts, over the commands' signatures."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from cyclopts import App, CoercionError, CycloptsError, Group, MissingArgumentError, Parameter

from csfnet_bundle.commands.options import converter, finite

OPTION = re.compile(r"--?([A-Za-z][\w-]*)(=.*)?", re.DOTALL)
SWITCH_VALUES = ("True", "False")
EXAMPLES = re.compile(r"\n *Examples:\n(.*?)(?=\n\s*\n\S|\Z)", re.DOTALL)
"""The section ``Examples:`` of a docstring, as :func:`inspect.getdoc` returns it."""
OPTION_AND_VALUE = re.compile(r"""--?[A-Za-z]\S*(?: (?!-)(?:"[^"]*"|\S+))?|"[^"]*"|\S+""")
"""What stays on one line of an example: an option with its value, or a word."""
TERMINAL_WIDTH = 80

PLAIN_TYPES: dict[object, Parameter] = {
    str: Parameter(metavar="TEXT"),
    int: Parameter(metavar="INTEGER", converter=converter(int, "a whole number")),
    float: Parameter(metavar="NUMBER", converter=converter(finite, "a number")),
    Path: Parameter(metavar="PATH"),
}
"""What the help calls the types; cyclopts itself would round 2.5 to a whole number."""

COMMON = Group("Options of every command", sort_key=1)
COMMON_OPTIONS: dict[str, tuple[Any, Any]] = {
    "verbose": (
        Annotated[bool, Parameter(help="log each step to standard error", negative="", show_default=False)],
        False,
    ),
    "log_file": (Annotated[Path | None, Parameter(help="append the log to this file")], None),
}
DEVICE_OPTION: tuple[Any, Any] = (
    Annotated[str | None, Parameter(help="run networks on cpu, cuda or cuda:N; by default a GPU.", metavar="TEXT")],
    None,
)


class UsageError(Exception):
    """Words that a command cannot be called with, told in one line."""


@dataclass(frozen=True)
class Call:
    """A command with its arguments, ready to run.

    Args:
        run: calls it.
        verbose: log each step to standard error.
        log_file: where the log is appended.
        device: where networks run.
    """

    run: Callable[[], object]
    verbose: bool = False
    log_file: Path | None = None
    device: str | None = None


def parse(name: str, function: Callable[..., object], words: Sequence[str], *, has_device: bool = False) -> Call:
    """Return the call that ``words`` ask for; what it runs for ``--help`` prints the help.

    Options may be spelled with ``-`` or ``_``, stand before or behind other words, and take their value behind ``=`` or
    as the next word. ``--noSWITCH`` turns a switch off.

    Args:
        name: the command.
        function: its function.
        words: what follows the command's name.
        has_device: whether the command takes ``--device``.

    Raises:
        UsageError: an unknown option, a word too many or too few, a value of the wrong type.
    """
    signature = inspect.signature(function, eval_str=True)
    common = COMMON_OPTIONS | ({"device": DEVICE_OPTION} if has_device else {})
    app = _application(name, function, signature, common)
    try:
        plain = _plain(words, signature.parameters, common)
        target, bound, _ = app.parse_args(plain, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        raise UsageError(f"{_message(error)} {_more(name)}") from None
    except UsageError as error:
        raise UsageError(f"{error} {_more(name)}") from None
    given = {option: bound.arguments.pop(option, default) for option, (_, default) in common.items()}
    run = function if target is app.default_command else target
    return Call(lambda: run(*bound.args, **bound.kwargs), **given)


def examples(function: Callable[..., object]) -> list[str]:
    """Return the command lines of the section ``Examples:`` of a command's docstring."""
    section = EXAMPLES.search(inspect.getdoc(function) or "")
    text = "" if section is None else re.sub(r"\\\n\s*", "", section[0].strip())
    return [line.strip() for line in text.splitlines()[1:]]


def _application(
    name: str, function: Callable[..., object], signature: inspect.Signature, common: Mapping[str, tuple[Any, Any]]
) -> App:
    """Return the parser of one command: its signature with the options of every command added."""

    def command(*arguments: Any, **options: Any) -> None:
        raise AssertionError("only its signature is used")

    added = [
        inspect.Parameter(
            option, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, Parameter(group=COMMON)]
        )
        for option, (kind, default) in common.items()
    ]
    described = [
        parameter.replace(
            annotation=_described(parameter),
            kind=parameter.kind if parameter.kind is parameter.VAR_POSITIONAL else parameter.KEYWORD_ONLY,
        )
        for parameter in signature.parameters.values()
    ]
    command.__signature__ = signature.replace(parameters=[*described, *added])  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in (*described, *added)}
    command.__doc__ = _text(function)
    app = App(
        name=f"csfnet {name}",
        usage=_usage(name, signature.parameters),
        help_format="plaintext",
        help_epilogue=_shown_examples(function),
        help_flags=("--help", "-h"),
        version_flags=(),
        group_commands=COMMON,
        group_parameters=Group("Options", sort_key=0),
        default_parameter=Parameter(name_transform=lambda word: word, negative_iterable=(), negative_none=()),
    )
    app.default(command)
    return app


def _shown_examples(function: Callable[..., object]) -> str:
    """Return the examples in lines that fit a terminal; those that go on end with a backslash, to be copied."""
    lines = ["Examples:"]
    for example in examples(function):
        shown = "   "
        for part in OPTION_AND_VALUE.findall(example):
            if len(f"{shown} {part} \\") > TERMINAL_WIDTH:
                lines.append(f"{shown} \\")
                shown = "       "
            shown = f"{shown} {part}"
        lines.append(shown)
    return "\n".join(lines)


def _text(function: Callable[..., object]) -> str:
    """Return a docstring without its examples, a line for each paragraph before its sections."""
    text = EXAMPLES.sub("", inspect.getdoc(function) or "").replace("``", "")
    prose, args, rest = text.partition("\n\nArgs:\n")
    described = re.sub(r"\n {8,}(?=\S)", " ", rest)  # a line for each option, to be folded where it is shown
    return re.sub(r"(?<!\n)\n(?!\n)", " ", prose) + args + described


def _described(parameter: inspect.Parameter) -> Any:
    """Return a parameter's annotation with what the help shows of it: a readable type, no default that is off."""
    annotation, kinds = parameter.annotation, get_args(parameter.annotation) or (parameter.annotation,)
    if isinstance(parameter.default, tuple):
        shown = ",".join(map(str, parameter.default)) or False
        return Annotated[annotation, Parameter(show_default=(lambda _: shown) if shown else False)]
    if parameter.default is False:
        return Annotated[annotation, Parameter(negative="", show_default=False)]
    if get_origin(annotation) is Annotated:  # it brings its own
        return annotation
    if get_origin(annotation) is Literal:
        return Annotated[annotation, Parameter(metavar="|".join(kinds), show_choices=False)]
    plain = next((PLAIN_TYPES[kind] for kind in kinds if kind in PLAIN_TYPES), None)
    return annotation if plain is None else Annotated[annotation, plain]


def _usage(name: str, parameters: Mapping[str, inspect.Parameter]) -> str:
    needed = [parameter for parameter in parameters.values() if parameter.default is parameter.empty]
    forms: dict[object, str] = {
        inspect.Parameter.POSITIONAL_OR_KEYWORD: "{upper}",
        inspect.Parameter.VAR_POSITIONAL: "{upper} ...",
        inspect.Parameter.KEYWORD_ONLY: "--{name} ...",
    }
    words = [forms[place.kind].format(upper=place.name.upper(), name=place.name) for place in needed]
    return " ".join(["Usage: csfnet", name, *words, "[--option value ...]"])


def _plain(
    words: Sequence[str], parameters: Mapping[str, inspect.Parameter], common: Mapping[str, object]
) -> list[str]:
    """Return the words as options, spelled as their parameters and joined to their values by ``=``.

    A word that belongs to no option is the value of the first parameter that is not named by an option.
    """
    switches = {"verbose"} | {name for name, parameter in parameters.items() if isinstance(parameter.default, bool)}
    known = {*parameters, *common, "help"}
    options: list[str] = []
    places: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        match = None if word == "-h" else OPTION.fullmatch(word)
        if word == "--":  # nothing behind it is an option
            places += left
            break
        if match is None:
            (options if word == "-h" else places).append(word)
            continue
        option, value = match[1].replace("-", "_"), match[2] or ""
        positive = re.sub("^no_?", "", option)
        if option not in known and positive in switches and not value:
            option, value = positive, "=False"
        if option not in known:
            raise UsageError(f"there is no option --{match[1]}.{did_you_mean(option, known, '--')}")
        if not value and left and option != "help" and _is_value(left[0], for_switch=option in switches):
            value = f"={left.pop(0)}"
        options.append(f"--{option}{value}")
    named = {option.lstrip("-").partition("=")[0] for option in options}
    free = [name for name, parameter in parameters.items() if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
    free = [name for name in free if name not in named | switches]
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters.values()):
        return [*options, "--", *places]
    if len(places) > len(free) and not named & {"h", "help"}:
        raise UsageError(f"there is no use for the word {places[len(free)]!r}.")
    return [*options, *(f"--{name}={word}" for name, word in zip(free, places, strict=False))]


def _is_value(word: str, *, for_switch: bool) -> bool:
    """Return whether the word behind an option is its value."""
    return word in SWITCH_VALUES if for_switch else word != "--" and OPTION.fullmatch(word) is None


def did_you_mean(word: str, known: Iterable[str], before: str = "") -> str:
    """Return a question with the known word nearest to ``word``, or nothing where none is near."""
    near = difflib.get_close_matches(word, known, n=1)
    return f" Did you mean {before}{near[0]}?" if near else ""


def _more(name: str) -> str:
    return f"`csfnet {name} --help` lists the options."


def _message(error: CycloptsError) -> str:
    """Return what is wrong, in one line that ends with a stop."""
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        text = f"{error.argument.name} {'is missing' if error.keyword is None else 'needs a value'}"
    elif isinstance(error, CoercionError) and error.target_type is bool and error.token is not None:
        text = f"{error.token.keyword} is {error.token.value!r}, expected no value, or True or False"
    else:
        error.verbose = False
        text = " ".join(str(error).split())
    return text if text.endswith((".", "?")) else f"{text}."
