import pickle
import subprocess
import sys

import pytest

from csfnet_bundle.core.error_hook import bundle_error_in
from csfnet_bundle.core.errors import BundleError, Refusal, RefusalCode, in_one_line


def test_one_line_with_record_problem_and_remedy() -> None:
    error = BundleError("label is 2,\nexpected 0 or 1", record="pair 100012/1", remedy="Correct it.")
    assert str(error) == "pair 100012/1: label is 2, expected 0 or 1. Correct it."
    assert (
        str(error.for_record("datalist.json"))
        == "datalist.json, pair 100012/1: label is 2, expected 0 or 1. Correct it."
    )


def test_a_refusal_carries_code_series_and_figures() -> None:
    refusal = Refusal(RefusalCode.SLICE_GAP, "a gap of 5 mm", series="1.2.3", figures={"gap_mm": 5.0})
    assert str(refusal) == "SLICE_GAP: a gap of 5 mm"
    with pytest.raises(TypeError):
        refusal.figures["gap_mm"] = 1.0  # type: ignore[index]


def test_errors_cross_process_borders() -> None:
    refusal = Refusal(RefusalCode.NOT_HU, "air at 0 HU", series="1.2.3", figures={"air": 0}, record="a", remedy="b")
    copy = pickle.loads(pickle.dumps(refusal))
    assert str(copy) == str(refusal)
    assert copy.code is RefusalCode.NOT_HU
    assert dict(copy.figures) == {"air": 0}


def test_the_bundles_error_is_found_under_what_monai_wraps_around_it() -> None:
    wrapped = RuntimeError("Failed to evaluate ConfigExpression")
    wrapped.__cause__ = BundleError("ours")
    assert str(bundle_error_in(wrapped)) == "ours"
    assert bundle_error_in(RuntimeError("another")) is None


@pytest.mark.parametrize(("error", "lines"), [("BundleError('ours')", 1), ("ValueError('a defect')", 2)])
def test_uncaught_bundle_errors_are_one_line_and_others_keep_their_traceback(error: str, lines: int) -> None:
    program = (
        "from csfnet_bundle.core.error_hook import one_line_errors; from csfnet_bundle.core.errors import BundleError;"
        f"one_line_errors(); one_line_errors(); raise {error}"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    if lines == 1:
        assert run.stderr == "error: ours\n"
    else:
        assert run.stderr.startswith("Traceback")


def test_another_librarys_error_is_one_short_line() -> None:
    assert in_one_line(ValueError("no\n  such   key")) == "no such key"
    assert in_one_line(KeyError()) == "KeyError"
    assert in_one_line(ValueError("x" * 300), longest=20) == "x" * 17 + "..."
