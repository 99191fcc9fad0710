"""Pages get what their commands print; a failing command leaves its page alone."""

import subprocess
import sys
from pathlib import Path

PAGE = """# Title

<!-- run -->
```console
$ echo one \\
  two
something old
$ printf 'a\\nb\\n'
```

```console
$ exit 1
```
"""


def _record(repository: Path, page: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, str(repository / "scripts" / "record_page.py"), str(page)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_output_replaces_what_stood_below_the_commands(repository: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    assert _record(repository, page).returncode == 0
    expected = PAGE.replace("something old\n", "one two\n").replace("b\\n'\n", "b\\n'\na\nb\n")
    assert page.read_text() == expected
    assert _record(repository, page).returncode == 0
    assert page.read_text() == expected


def test_a_failing_command_leaves_the_page(repository: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.replace("echo one", "false"))
    failed = _record(repository, page)
    assert failed.returncode != 0
    assert "status 1" in failed.stderr
    assert page.read_text() == PAGE.replace("echo one", "false")


def test_what_must_be_there_first_is_made_first(repository: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        f"<!-- before: echo made > {tmp_path}/file -->\n" + PAGE.replace("echo one", f"cat {tmp_path}/file")
    )
    assert _record(repository, page).returncode != 0  # cat has no file named two
    page.write_text(page.read_text().replace("  two", "  "))
    assert _record(repository, page).returncode == 0
    assert "\nmade\n" in page.read_text()
