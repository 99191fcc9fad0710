"""The command line itself: finding commands, words and options, exit statuses, the log."""

import inspect
import logging
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from csfnet_bundle.commands import COMMANDS, main
from csfnet_bundle.commands.options import Point, SpaceName, Words
from csfnet_bundle.commands.table import GROUPS, Command
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
        "file": PermissionError(13, "Permission denied", "results.json"),
        "interrupt": KeyboardInterrupt(),
    }

    def try_it(
        place: str,
        count: int = 1,
        end: str = "",
        dry_run: bool = False,
        share: float | None = None,
        full_width: bool = True,
        names: Words = (),
        point: Point | None = None,
        space: SpaceName = "LPS",
    ) -> int | None:
        """Try it."""
        kept.append({name: value for name, value in locals().items() if name in inspect.signature(try_it).parameters})
        logging.getLogger("csfnet_bundle.try_it").info("a step")
        logging.getLogger("csfnet_bundle.try_it").warning("a warning")
        if end in ends:
            raise ends[end]
        return int(end) if end.isdecimal() else None

    module = ModuleType("csfnet_bundle.commands.try_it")
    module.try_it = try_it
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(COMMANDS, "try-it", Command(GROUPS[0], "for tests"))
    return kept


def test_a_command_gets_its_arguments(calls: Calls) -> None:
    assert main(["try-it", "here", "--count=3", "--nofull_width"]) == 0
    assert main(["try_it", "--place", "there", "--full-width", "--names", "a,b/c", "--space=voxel"]) == 0
    others = {"end": "", "dry_run": False, "share": None, "point": None}
    assert calls == [
        {"place": "here", "count": 3, "full_width": False, "names": (), "space": "LPS", **others},
        {"place": "there", "count": 1, "full_width": True, "names": ("a", "b/c"), "space": "voxel", **others},
    ]


@pytest.mark.parametrize(
    "words",
    [
        "here 3 --dry_run",
        "--dry_run here 3",
        "--dry-run --count 3 here",
        "-dry_run -count=3 -- here",
        "--dry_run True here --count=3",
        "--dry_run=true --place=here --count 3",
    ],
)
def test_switches_stand_before_or_behind_words_and_hyphens_are_underscores(words: str, calls: Calls) -> None:
    assert main(["try-it", *words.split()]) == 0
    assert (calls[0]["place"], calls[0]["count"], calls[0]["dry_run"]) == ("here", 3, True)


@pytest.mark.parametrize("word", ["--nofull_width", "--no-full-width", "--no_full_width", "--full_width=False"])
def test_a_switch_is_turned_off(word: str, calls: Calls) -> None:
    assert main(["try-it", word, "here"]) == 0
    assert calls[0]["full_width"] is False


def test_a_command_may_take_any_number_of_words(monkeypatch: pytest.MonkeyPatch, calls: Calls) -> None:
    taken: list[tuple[tuple[str, ...], bool]] = []

    def try_it(*names: str, dry_run: bool = False) -> None:
        taken.append((names, dry_run))

    monkeypatch.setattr(sys.modules["csfnet_bundle.commands.try_it"], "try_it", try_it)
    assert main(["try-it", "a", "--dry-run", "007", "--", "--x"]) == 0
    assert main(["try-it"]) == 0
    assert taken == [(("a", "007", "--x"), True), ((), False)]


@pytest.mark.parametrize("text", ["12_34", "1234E5", "0x12", "1.10", "A#7", "None", "True", "(1,2)", "'x'", "007", " "])
def test_a_text_arrives_as_typed(text: str, calls: Calls) -> None:
    assert main(["try-it", text]) == 0
    assert main(["try-it", "--place", text]) == 0
    assert main(["try-it", f"--place={text}"]) == 0
    assert [call["place"] for call in calls] == [text] * 3


@pytest.mark.parametrize("words", [["--point=-1,2.5,-3e1"], ["--point", "-1,2.5,-3e1"], ["--point", "-1, 2.5, -30"]])
def test_a_point_may_begin_with_a_minus(words: list[str], calls: Calls) -> None:
    assert main(["try-it", *words, "here"]) == 0
    assert calls[0]["point"] == (-1.0, 2.5, -30.0)


def test_an_unknown_command_is_one_line_with_the_nearest(capsys: Output) -> None:
    assert main(["predikt"]) == 2
    assert capsys.readouterr().err == (
        "error: there is no command 'predikt'. Did you mean predict? `csfnet --help` lists the commands.\n"
    )


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("here --cuont=3", "there is no option --cuont. Did you mean --count?"),
        ("here --cuont 3", "there is no option --cuont. Did you mean --count?"),
        ("-cuont=3", "there is no option --cuont. Did you mean --count?"),
        ("--plaec x", "there is no option --plaec. Did you mean --place?"),
        ("--full-widht", "there is no option --full-widht. Did you mean --full_width?"),
        ("--zzzzzz", "there is no option --zzzzzz."),
        ("here 3 x 0.5 a,b 1,2,3 LPS more", "there is no use for the word 'more'."),
        ("--place=here 3 x 0.5 a 1,2,3 LPS more", "there is no use for the word 'more'."),
        ("", "--place is missing."),
        ("--count 3", "--place is missing."),
        ("here --count", "--count needs a value."),
        ("here --count --dry_run", "--count needs a value."),
        ("here --count x", 'Invalid value for --count: "x" is not a whole number.'),
        ("here 2.5", 'Invalid value for --count: "2.5" is not a whole number.'),
        ("here --share nan", 'Invalid value for --share: "nan" is not a number.'),
        ("here --point 1,2,inf", 'Invalid value for --point: "1,2,inf" is not three numbers, e.g. -61.2,40,-182.'),
        ("here --dry_run=maybe", "--dry_run is 'maybe', expected no value, or True or False."),
        ("here --point 1,2", 'Invalid value for --point: "1,2" is not three numbers, e.g. -61.2,40,-182.'),
        ("here --point 1,2,x", 'Invalid value for --point: "1,2,x" is not three numbers, e.g. -61.2,40,-182.'),
        ("here --names ,", 'Invalid value for --names: "," is not a list, e.g. A,B.'),
        ("here --space mni", 'Invalid value for --space: "mni" is not LPS, RAS or voxel.'),
        ("here --count 3 --count 4", "Parameter --count specified multiple times."),
    ],
)
def test_a_usage_error_is_one_line_before_anything_runs(words: str, problem: str, calls: Calls, capsys: Output) -> None:
    assert main(["try-it", *words.split()]) == 2
    assert capsys.readouterr().err == f"error: try-it: {problem} `csfnet try-it --help` lists the options.\n"
    assert calls == []


@pytest.mark.parametrize("words", ["--help", "here --help", "-h", "--count 3 --help", "a b c d e f g h -h"])
def test_help_goes_to_standard_output_and_runs_nothing(words: str, calls: Calls, capsys: Output) -> None:
    assert main(["try-it", *words.split()]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert shown.out.startswith("Usage: csfnet try-it PLACE [--option value ...]\n")
    for text in ("--count INTEGER", "[default: 1]", "--place TEXT", "--point X,Y,Z", "--space LPS|RAS|voxel"):
        assert text in shown.out
    assert calls == []


@pytest.mark.parametrize(
    ("end", "status", "line"),
    [
        ("0", 0, ""),
        ("3", 3, ""),
        ("word", 0, ""),
        ("refusal", 1, "error: record 7: that is wrong. Do this.\n"),
        ("file", 1, "error: [Errno 13] Permission denied: 'results.json'\n"),
        ("interrupt", 130, "interrupted; the same command resumes or starts anew\n"),
    ],
)
def test_how_a_command_ends_is_the_programs_status(
    end: str, status: int, line: str, calls: Calls, capsys: Output
) -> None:
    assert main(["try-it", "here", "--end", end]) == status
    assert capsys.readouterr().err.partition("WARNING a warning\n")[2] == line
    assert len(calls) == 1


def test_a_mistake_of_ours_keeps_its_traceback(calls: Calls) -> None:
    with pytest.raises(ZeroDivisionError):
        main(["try-it", "here", "--end", "mistake"])


@pytest.mark.parametrize(
    ("cause", "status", "line"),
    [(BundleError("deep inside"), 1, "error: deep inside"), (KeyboardInterrupt(), 130, "interrupted; ")],
)
def test_what_is_inside_monais_errors_is_found(
    cause: BaseException, status: int, line: str, calls: Calls, capsys: Output
) -> None:
    def wrapped(place: str) -> None:
        try:
            raise cause
        except BaseException as error:
            raise RuntimeError("Failed to evaluate") from error

    sys.modules["csfnet_bundle.commands.try_it"].try_it = wrapped  # type: ignore[attr-defined]
    assert main(["try-it", "here"]) == status
    assert capsys.readouterr().err.startswith(line)


def test_the_log_is_quiet_unless_asked_for(calls: Calls, tmp_path: Path, capsys: Output) -> None:
    assert main(["try-it", "here"]) == 0
    quiet = capsys.readouterr().err
    assert "WARNING a warning" in quiet
    assert "a step" not in quiet
    assert main(["try-it", "here", "--verbose"]) == 0
    assert "INFO a step" in capsys.readouterr().err
    file = tmp_path / "log.txt"
    assert main(["try-it", "here", "--log_file", str(file)]) == 0
    assert main(["try-it", f"--log-file={file}", "here"]) == 0
    assert "a step" not in capsys.readouterr().err
    lines = file.read_text().splitlines()
    assert [line.split(" ", 2)[2] for line in lines] == [
        "INFO csfnet_bundle.try_it: a step",
        "WARNING csfnet_bundle.try_it: a warning",
    ] * 2


def test_a_log_file_that_cannot_be_written_is_one_line(calls: Calls, tmp_path: Path, capsys: Output) -> None:
    assert main(["try-it", "here", f"--log_file={tmp_path / 'no' / 'log'}"]) == 1
    assert capsys.readouterr().err.startswith(
        f"error: --log_file: {tmp_path / 'no' / 'log'} cannot be written (No such"
    )
    assert calls == []


@pytest.mark.parametrize(
    "program", [["-m", "csfnet_bundle"], ["-c", "import csfnet_bundle.commands as c; exit(c.main())"]]
)
def test_the_program_ends_with_the_status(program: list[str]) -> None:
    done = subprocess.run([sys.executable, *program, "nonsense"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: there is no command 'nonsense'")
