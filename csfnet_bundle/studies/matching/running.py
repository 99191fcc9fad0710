"""The trials in turn, each kept in a file of its own, so that an interrupted run resumes."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import permutations
from pathlib import Path

from csfnet_bundle import __version__
from csfnet_bundle.core.bundle_root import bundle_root
from csfnet_bundle.core.changed_settings import check_same_settings
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.core.progress import progress_bar
from csfnet_bundle.inputs.matching import MATCHING_VERSION
from csfnet_bundle.prediction.checkpoint import shipped_model
from csfnet_bundle.prediction.data import datalist_hash
from csfnet_bundle.prediction.predictor import load
from csfnet_bundle.studies.matching.cost import measure_cost
from csfnet_bundle.studies.matching.page import COST, POINT_ERROR, write_page
from csfnet_bundle.studies.matching.point_error import point_error_study
from csfnet_bundle.studies.matching.sources import Source, phantom_source, real_source
from csfnet_bundle.studies.matching.strangers import PHANTOM_PLACES, seek_in_stranger, seek_without_lungs
from csfnet_bundle.studies.matching.trials import run_trial
from csfnet_bundle.training.transfer import weights_digest

TUNING_SEED, TEST_SEED = 1, 2
"""Of the trials on real series, on which thresholds were chosen, and of those on phantoms, on which none was."""

SETTINGS_NAME = "settings.json"
ROUND = 8
"""Trials on real series, then as many on phantoms, until all are done."""

MOTIONS_OF_A_PHANTOM = 2
"""Trials for each phantom: rendering one takes as long as several trials."""

Task = Callable[[], dict[str, object]]


def run_trials(
    folder: Path,
    series: Sequence[Path],
    outlines: Path | None,
    trials: int,
    phantom_trials: int,
    page: Path | None,
    cohort: Path | None = None,
) -> Path:
    """Run what is left of the trials and write the tables; see ``csfnet benchmark-matching --help``.

    Returns:
        The file of the tables.

    Raises:
        BundleError: series without outlines, a page without marks, a number of trials below 0, or a folder with trials
            on other series, outlines, weights or another cohort.
    """
    if series and outlines is None:
        raise BundleError("there are no outlines of the series' nodules", remedy="Give the JSON file by --outlines.")
    if min(trials, phantom_trials) < 0:
        raise BundleError(f"{trials} trials and {phantom_trials} on phantoms, expected 0 or more of each")
    _claim(folder, series, outlines, cohort)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        tasks = dict(_tasks(series, outlines, trials, phantom_trials, Path(temporary)))
        if cohort is not None:
            tasks[POINT_ERROR] = partial(_point_error, cohort)
        left = {name: task for name, task in tasks.items() if not _file(folder, name).is_file()}
        with progress_bar("trials", len(tasks)) as advance:
            advance(len(tasks) - len(left))
            for name, task in left.items():
                write_atomically(_file(folder, name), json.dumps(task(), indent=1) + "\n")
                advance(1)
    results = {name: json.loads(_file(folder, name).read_text(encoding="utf-8")) for name in tasks}
    tables = folder / "tables.md"
    write_page(tables, results, page)
    return tables


def _claim(folder: Path, series: Sequence[Path], outlines: Path | None, cohort: Path | None) -> None:
    """Note what the folder's trials depend on, or check it; what an earlier call left out may be added."""
    now = {
        "bundle_version": __version__,
        "matching_version": MATCHING_VERSION,
        "series": [str(path.resolve()) for path in series] or None,
        "outlines_sha256": None if outlines is None else hashlib.sha256(outlines.read_bytes()).hexdigest(),
        "cohort_sha256": None if cohort is None else datalist_hash(cohort),
        "weights_sha256": None if cohort is None else weights_digest(shipped_model(bundle_root())),
    }
    path = folder / SETTINGS_NAME
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    known = {name: value for name, value in now.items() if value is not None}
    shared = {name: value for name, value in before.items() if name in known}
    remedy = "Name another --out, or remove this one."
    check_same_settings(
        shared, {name: known[name] for name in shared}, record=str(folder), what="trials", remedy=remedy
    )
    (folder / "trials").mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps({**before, **known}, indent=1) + "\n")


def _point_error(cohort: Path) -> dict[str, object]:
    return point_error_study(cohort, load())


def _file(folder: Path, name: str) -> Path:
    return folder / "trials" / f"{name}.json"


def _tasks(
    paths: Sequence[Path], outlines: Path | None, trials: int, phantom_trials: int, temporary: Path
) -> Iterator[tuple[str, Task]]:
    """Yield every task's name and what does it.

    Tasks of one source stand together, since preparing a source takes a minute; sources take turns, so that a run which
    is stopped early has something of each.
    """

    @lru_cache(maxsize=1)
    def real(path: Path) -> Source:
        return real_source(path, Path(str(outlines)))

    @lru_cache(maxsize=2)
    def phantom(number: int) -> Source:
        return phantom_source(number, temporary)

    def cost() -> dict[str, object]:
        return measure_cost(real(paths[0]) if paths else phantom(0), temporary)

    def real_trial(path: Path, number: int) -> dict[str, object]:
        return run_trial(real(path), number, TUNING_SEED, temporary)

    def phantom_trial(number: int) -> dict[str, object]:
        return run_trial(phantom(number // MOTIONS_OF_A_PHANTOM), number, TEST_SEED, temporary)

    def phantom_strangers(subject: int) -> dict[str, object]:
        name = f"phantom{subject - 1} in phantom{subject}"
        return seek_in_stranger(phantom(subject).path, phantom(subject - 1).path, name, subject, PHANTOM_PLACES)

    if paths or phantom_trials:
        yield COST, cost
    for place0, place1 in permutations(range(len(paths)), 2):
        path0, path1 = paths[place0], paths[place1]
        name = f"{path1.name} in {path0.name}"
        yield f"stranger-real-{place0}-{place1}", partial(seek_in_stranger, path0, path1, name, 0)
    for start in range(0, max(trials, phantom_trials), ROUND):
        for place, path in enumerate(paths):
            for number in range(start + place, min(start + ROUND, trials), len(paths)):
                yield f"real-{number:03d}", partial(real_trial, path, number)
        for number in range(start, min(start + ROUND, phantom_trials)):
            yield f"phantom-{number:03d}", partial(phantom_trial, number)
            subject = number // MOTIONS_OF_A_PHANTOM
            if number % MOTIONS_OF_A_PHANTOM == 0 and subject:
                yield f"stranger-phantom-{subject:03d}", partial(phantom_strangers, subject)
                yield f"patch-{subject:03d}", partial(seek_without_lungs, subject, temporary)
