"""The command line itself: finding commands, refusing misspelt options before anything runs, exit statuses."""

import importlib
import inspect
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from csfnet_bundle import commands
from csfnet_bundle.commands import COMMANDS, main
from csfnet_bundle.core.errors import BundleError

Output = pytest.CaptureFixture[str]
Calls = list[dict[str, object]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """A command called ``try-it``; every call of it is kept here. Its ``end`` says how it ends."""
    kept: Calls = []
    ends = {
        "refusal": BundleError("that is wrong", record="record 7", remedy="Do this."),
        "mistake": ZeroDivisionError("ours"),
        "interrupt": KeyboardInterrupt(),
    }

    def try_it(place: str, count: int = 1, end: str | int = 0, verbose: bool = True) -> int | None:
        kept.append({"place": place, "count": count, "verbose": verbose})
        if end in ends:
            raise ends[str(end)]
        return end if isinstance(end, int) else None

    module = ModuleType("csfnet_bundle.commands.try_it")
    module.try_it = try_it
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(COMMANDS, "try-it", "for tests")
    return kept


def test_the_overview_names_every_command(capsys: Output) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown and text in shown for name, text in COMMANDS.items())
    assert main([]) == 2  # nothing was asked for
    assert capsys.readouterr().out == shown


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_and_says_what_its_options_mean(name: str) -> None:
    word = name.replace("-", "_")
    function = getattr(importlib.import_module(f"csfnet_bundle.commands.{word}"), word)
    described = inspect.getdoc(function) or ""
    for option in inspect.signature(function).parameters:
        assert f"\n    {option}: " in described, option


def test_a_command_gets_its_arguments(calls: Calls) -> None:
    assert main(["try-it", "here", "--count=3", "--noverbose"]) == 0
    assert main(["try-it", "--place", "there", "--verbose"]) == 0
    assert calls == [
        {"place": "here", "count": 3, "verbose": False},
        {"place": "there", "count": 1, "verbose": True},
    ]


def test_an_unknown_command_is_one_line_with_the_known_ones(capsys: Output) -> None:
    assert main(["predikt"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: there is no command 'predikt'. Commands: ")
    assert error.count("\n") == 1
    assert "predict" in error


@pytest.mark.parametrize("option", ["--cuont=3", "--cuont 3", "-cuont=3", "--no-count-at-all", "--plaec"])
def test_a_misspelt_option_is_refused_before_anything_runs(option: str, calls: Calls, capsys: Output) -> None:
    assert main(["try-it", "here", *option.split()]) == 1
    error = capsys.readouterr().err
    assert f"try-it has no option --{option.split('=')[0].split()[0].lstrip('-')}" in error
    assert "Options: --count, --end, --place, --verbose." in error
    assert calls == []


@pytest.mark.parametrize(
    ("words", "surplus"),
    [
        ("here 3 0 False more", "more"),
        ("here 3 0 False more --count=3", "False"),
        ("--place=there --count 3 0 no more", "more"),
        ("here - more", "-"),
    ],
)
def test_a_surplus_word_is_refused_before_anything_runs(words: str, surplus: str, calls: Calls, capsys: Output) -> None:
    assert main(["try-it", *words.split()]) == 1
    assert f"try-it has no use for the word {surplus!r}. Options: --count, " in capsys.readouterr().err
    assert calls == []


@pytest.mark.parametrize("words", ["--verbose=false", "--verbose no", "--verbose=0"])
def test_a_switch_takes_no_text_as_that_would_be_true(words: str, calls: Calls, capsys: Output) -> None:
    assert main(["try-it", "here", *words.split()]) == 1
    value = words.replace("=", " ").split()[1]
    expected = f"--verbose is {value!r}, expected no value or True or False. Say --verbose or --noverbose."
    assert expected in capsys.readouterr().err
    assert main(["try-it", "here", "--verbose=False"]) == 0
    assert calls == [{"place": "here", "count": 1, "verbose": False}]


def test_as_many_words_as_places_are_taken(calls: Calls) -> None:
    assert main(["try-it", "here", "-3", "0", "False"]) == 0
    assert main(["try-it", "--place", "there", "4", "--", "--verbose"]) == 0
    assert calls == [
        {"place": "here", "count": -3, "verbose": False},
        {"place": "there", "count": 4, "verbose": True},
    ]


@pytest.mark.parametrize("words", [["try-it"], ["try-it", "--count", "3"]])
def test_a_missing_argument_is_told(words: list[str], calls: Calls, capsys: Output) -> None:
    assert main(words) == 2
    assert "place" in capsys.readouterr().err
    assert calls == []


def test_help_runs_nothing(calls: Calls, capsys: Output) -> None:
    assert main(["try-it", "--help"]) == 0
    assert "PLACE" in "".join(capsys.readouterr())
    assert calls == []


@pytest.mark.parametrize(
    ("end", "status", "line"),
    [
        ("0", 0, ""),
        ("3", 3, ""),
        ("word", 0, ""),
        ("refusal", 1, "error: record 7: that is wrong. Do this.\n"),
        ("interrupt", 130, "interrupted; the same command goes on where it stopped or starts anew\n"),
    ],
)
def test_how_a_command_ends_is_the_programs_status(
    end: str, status: int, line: str, calls: Calls, capsys: Output
) -> None:
    assert main(["try-it", "here", "--end", end]) == status
    assert capsys.readouterr().err == line
    assert len(calls) == 1


def test_a_mistake_of_ours_keeps_its_traceback(calls: Calls) -> None:
    with pytest.raises(ZeroDivisionError):
        main(["try-it", "here", "--end", "mistake"])


def test_a_refusal_inside_monais_machinery_is_found(calls: Calls, capsys: Output) -> None:
    def wrapped(place: str) -> None:
        try:
            raise BundleError("deep inside")
        except BundleError as error:
            raise RuntimeError("Failed to evaluate") from error

    sys.modules["csfnet_bundle.commands.try_it"].try_it = wrapped  # type: ignore[attr-defined]
    assert main(["try-it", "here"]) == 1
    assert capsys.readouterr().err == "error: deep inside\n"


def test_the_program_ends_with_the_status(repository: Path) -> None:
    """As a user's shell sees it; nothing heavy is imported for it."""
    code = (
        "import sys, runpy; sys.argv[1:] = ['nonsense']\ntry:\n runpy.run_module('csfnet_bundle', run_name='__main__')"
    )
    code += "\nfinally:\n assert 'torch' not in sys.modules and 'monai' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: there is no command 'nonsense'")
    assert commands.__doc__
