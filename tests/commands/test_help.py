"""What the command line says of itself, and what is imported for it."""

import inspect
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from csfnet_bundle import __version__
from csfnet_bundle.commands import COMMANDS, main
from csfnet_bundle.commands.parsing import examples, parse
from csfnet_bundle.commands.table import GROUPS, load_command

Output = pytest.CaptureFixture[str]

HEAVY = ("torch", "monai", "numpy", "pandas", "scipy", "pydicom", "matplotlib", "dask", "fire")


def test_the_overview_names_every_command_in_its_group(capsys: Output) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    group = ""
    for line in shown.splitlines():
        if line.endswith(":") and line[:-1] in GROUPS:
            group = line[:-1]
        for name, command in COMMANDS.items():
            if line.startswith(f"  {name} "):
                assert line.endswith(command.summary)
                assert group == command.group
    assert all(f"\n  {name} " in shown for name in COMMANDS)
    assert main([]) == 2  # nothing was asked for
    assert capsys.readouterr().out == shown


def test_the_version_is_printed(capsys: Output) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"csfnet-bundle {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_describes_its_options_with_two_examples_or_more(name: str, capsys: Output) -> None:
    function = load_command(name)
    described = inspect.getdoc(function) or ""
    for option in inspect.signature(function).parameters:
        assert f"\n    {option}: " in described, option
    shown = examples(function)
    assert len(shown) >= 2
    for example in shown:
        called = example.partition("$(")[2].partition(")")[0] or example  # within another command, or by itself
        program, command, *words = called.split()
        assert (program, command) == ("csfnet", name)
        parse(name, function, words)
    assert main([name, "--help"]) == 0
    printed = capsys.readouterr().out
    for option, parameter in inspect.signature(function).parameters.items():
        assert (option.upper() if parameter.kind is parameter.VAR_POSITIONAL else f"--{option}") in printed
    assert "--verbose" in printed
    assert "--log_file" in printed
    copied = re.sub(r" \\\n\s*", " ", printed.partition("Examples:\n")[2])
    assert [line.strip() for line in copied.splitlines()] == shown  # each one line for a shell, as it is printed
    assert all(len(line) <= 80 for line in printed.splitlines())


def _processor_seconds(words: list[str], status: int) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = (
        "import sys; from csfnet_bundle.commands import main; status = main(sys.argv[1:])\n"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "sys.exit(f'imported {heavy}' if heavy else status)"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_help_and_usage_errors_import_nothing_heavy() -> None:
    """Which is what makes them quick; 0.3 processor-seconds when this was written."""
    assert _processor_seconds(["--help"], 0) > 0
    assert _processor_seconds(["predikt"], 2) > 0
    assert _processor_seconds(["predict", "--nonsense"], 2) > 0
    code = "import sys; from csfnet_bundle.commands import main\nfor name in sys.argv[1:]: main([name, '--help'])\n"
    code += f"heavy = [name for name in {HEAVY!r} if name in sys.modules]\nassert not heavy, heavy"
    done = subprocess.run([sys.executable, "-c", code, *COMMANDS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_check_imports_neither_torch_nor_monai(tmp_path: Path) -> None:
    code = "import sys; from csfnet_bundle.commands import main; main(['check', sys.argv[1]])\n"
    code += "assert 'pydicom' not in sys.modules and 'torch' not in sys.modules and 'monai' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "NO_DICOM" in done.stdout
