"""``benchmark-matching``: trials on moved scans with known truth, and docs/matching.md's figures from them."""

from __future__ import annotations

from pathlib import Path

from csfnet_bundle.commands.options import Words


def benchmark_matching(
    out: Path,
    series: Words = (),
    outlines: Path | None = None,
    trials: int = 40,
    phantom_trials: int = 40,
    page: Path | None = None,
    cohort: Path | None = None,
) -> None:
    """Run the trials of docs/matching.md and write their tables; an interrupted run resumes.

    Args:
        out: folder of the results: a JSON file for each trial, and tables.md.
        series: folders of whole chest series of different patients, A,B; their trials are the ones that thresholds
            were chosen on.
        outlines: JSON file of the readers' outlines in these series.
        trials: trials on the series, in turn.
        phantom_trials: trials on phantoms of whole chests with nodules of 4 to 10 mm: the test.
        page: page to write the tables into, between its marks (docs/matching.md).
        cohort: a cohort, e.g. of phantoms: what 2, 4 and 8 mm of error on t0's point do to the probability that the
            bundle's weights give its test pairs.

    Examples:
        csfnet benchmark-matching --out output/matching --phantom_trials 8
        csfnet benchmark-matching --out output/matching --series scans/a,scans/b --outlines outlines.json
        csfnet benchmark-matching --out output/matching --trials 0 --phantom_trials 0 --cohort data/phantom
    """
    from csfnet_bundle.studies.matching.running import run_trials

    tables = run_trials(out, [Path(path) for path in series], outlines, trials, phantom_trials, page, cohort)
    print(f"tables: {tables}")
