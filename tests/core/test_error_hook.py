"""The user's mistakes in one line, ours with their traceback, through all that MONAI and Ignite wrap around them."""

import subprocess
import sys
from pathlib import Path

import pytest

from csfnet_bundle.core.error_hook import bundle_error_in, one_line_errors
from csfnet_bundle.core.errors import BundleError


def _wrapped(error: Exception, *, explicit: bool) -> Exception:
    """The error as it comes out of two layers that raise their own."""
    for layer in ("inner", "outer"):
        try:
            try:
                raise error
            except Exception as cause:
                if explicit:
                    raise RuntimeError(layer) from cause
                raise RuntimeError(layer)  # noqa: B904 - as careless code does it
        except RuntimeError as wrapper:
            error = wrapper
    return error


@pytest.mark.parametrize("explicit", [True, False])
def test_the_cause_is_found_behind_wrappers(explicit: bool) -> None:
    ours = BundleError("wrong")
    assert bundle_error_in(ours) is ours
    assert bundle_error_in(_wrapped(ours, explicit=explicit)) is ours
    assert bundle_error_in(_wrapped(ValueError("x"), explicit=explicit)) is None
    assert bundle_error_in(None) is None


SCRIPT = """
from csfnet_bundle.core.error_hook import one_line_errors
from csfnet_bundle.core.errors import BundleError
one_line_errors()
one_line_errors()
try:
    raise {error}
except Exception as error:
    raise RuntimeError("Failed to evaluate") from error
"""


@pytest.mark.parametrize(
    ("error", "expected"),
    [("BundleError('wrong', record='record 7')", "error: record 7: wrong\n"), ("ValueError('ours')", None)],
)
def test_a_program_ends_with_one_line_or_a_traceback(error: str, expected: str | None, repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(error=error)], cwd=repository, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    if expected is None:
        assert "Traceback" in done.stderr
        assert "ValueError: ours" in done.stderr
    else:
        assert done.stderr == expected


def test_the_hook_is_set_once() -> None:
    one_line_errors()
    hook = sys.excepthook
    one_line_errors()
    assert sys.excepthook is hook
