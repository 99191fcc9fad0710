"""``benchmark-roi``: how long one ROI takes, and how much memory, beside the other ways to get it."""

from __future__ import annotations

from pathlib import Path

from csfnet_bundle.commands.options import Words


def benchmark_roi(
    slices: int = 300,
    matrix: int = 512,
    rounds: int = 30,
    slow_rounds: int = 3,
    routes: Words = (),
    syntaxes: bool = True,
    json: Path | None = None,
) -> None:
    """Measure one ROI by every route: one thread, one process, medians; files in the operating system's cache.

    Args:
        slices: slices of the series that is made in a temporary folder.
        matrix: its rows and columns.
        rounds: runs of each fast route.
        slow_rounds: runs of SimpleITK and of MONAI, which take seconds each.
        routes: which to measure, e.g. floor,known,cold; by default all.
        syntaxes: measure compressed series too.
        json: file that keeps the results.

    Examples:
        csfnet benchmark-roi --json output/roi_times.json
        csfnet benchmark-roi --routes floor,known,cold --nosyntaxes --rounds 10
    """
    from csfnet_bundle.studies.reader.roi_times import measure_roi

    measure_roi(slices, matrix, rounds, slow_rounds, routes, syntaxes, json)
