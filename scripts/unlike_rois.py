"""Which ROIs are unlike those that the nodule weights were trained on: counts for every kind of place.

Places are drawn in two LIDC-IDRI series by the rules of kinds_of_places.py; beside them stand the readers' nodules,
phantom pairs, and the cohort's own boxes. Run it from the repository's root; the results go to
docs/results/unlike_rois.json, docs/real_nodules.md shows them::

    python scripts/unlike_rois.py --series LIDC-IDRI-0001=DIR --series LIDC-IDRI-0003=DIR --nodules nodules.json \
        --dataset_dir LIDC --work OUT
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from kinds_of_places import KINDS, Nodule, draw_places
from numpy.typing import NDArray
from wrong_inputs import nodule_place, read_series, series_parser

from csfnet_bundle.cohorts.phantom.roi_set import RoiSetSettings, make_roi_set
from csfnet_bundle.core.errors import Refusal
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.geometry import Point
from csfnet_bundle.inputs.locating import LocatedScan
from csfnet_bundle.inputs.place_check import check_place
from csfnet_bundle.inputs.roi_statistics import OF_ONE, scan_statistics
from csfnet_bundle.inputs.settings import RoiSettings
from csfnet_bundle.inputs.training_domain import TrainingDomain, fit_domain
from csfnet_bundle.prediction.checkpoint import load_checkpoint
from csfnet_bundle.prediction.input_checks import training_domain
from csfnet_bundle.records import FollowUpPair, Scan, load_datalist
from csfnet_bundle.scans.scan import OpenedScan, open_scan
from csfnet_bundle.scans.volume_files import read_roi
from csfnet_bundle.studies.benchmark.splits import labelled_pairs, make_splits
from csfnet_bundle.studies.real_nodules.looks import nodule_looks
from csfnet_bundle.studies.real_nodules.volumes import filled_volumes

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "docs" / "results" / "unlike_rois.json"
WEIGHTS = "models/nodules/model.pt"
PLACES = 60
"""Of each kind and series."""
SEED = 0
PHANTOMS, PHANTOM_SEED = 96, 61
"""Pairs, and a seed that no training and no other test set of the project has."""
BESIDE_MM = 4.0
FOLDS = 5
"""Those that the limit in the file was chosen on."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Judge:
    """What a file of weights tells of the ROIs that it was trained on, by which others are judged.

    Attributes:
        domain: of single scans.
        roi: size and spacing.
    """

    domain: TrainingDomain
    roi: RoiSettings

    def statistics(self, rois: Sequence[NDArray[np.float32]]) -> Values:
        """Return the statistics of ROIs in HU, (N, 10)."""
        return np.array([scan_statistics(roi, self.roi.spacing) for roi in rois])

    def beyond(self, statistics: Values) -> NDArray[np.bool_]:
        """Return which ROIs lie beyond the limit, (N,)."""
        return self.domain.scores(statistics) > self.domain.limit


@dataclass(frozen=True)
class MarkedScan:
    """A series and the readers' nodules in it."""

    opened: OpenedScan
    nodules: Sequence[Nodule]

    def rois(self, points: Sequence[Point], roi: RoiSettings) -> list[NDArray[np.float32]]:
        """Read the ROIs around points, HU."""
        return [self.opened.read_roi(point, roi.size, roi.spacing).array for point in points]

    def doubted(self, point: Point) -> bool:
        """Tell whether the check of the place rejects it or has a finding; the lungs as a whole are not looked for."""
        located = LocatedScan(Scan(str(self.opened.path), point), self.opened.path, self.opened.series)
        try:
            return bool(check_place(located, self.opened.lps(point)))
        except Refusal:
            return True


def main() -> int:
    """Make the table; return the exit status."""
    parser = series_parser(__doc__)
    parser.add_argument("--dataset_dir", type=Path, required=True, help="the cohort that `cohort lidc-voi` made")
    parser.add_argument("--work", type=Path, required=True, help="folder for filled volumes and phantoms")
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    folders, nodules = read_series(options)
    scans = {patient: _marked_scan(folder, nodules, patient) for patient, folder in folders.items()}
    checkpoint = load_checkpoint(ROOT / WEIGHTS)
    domain = training_domain(checkpoint)
    assert domain is not None
    judge = Judge(domain, checkpoint.roi)
    document = {
        "what": f"Which ROIs {WEIGHTS} calls unlike those that it was trained on.",
        "command": "python scripts/unlike_rois.py",
        "weights_trained_on": checkpoint.trained_on,
        "limit": domain.limit,
        "seed": SEED,
        "places": _places(judge, list(scans.values())),
        "phantoms": _phantoms(judge, options.work / "unlike_phantoms"),
        **_cohort(judge, options.dataset_dir, options.work / "cache", scans),
    }
    write_atomically(options.out, json.dumps(document, indent=1) + "\n")
    return 0


def _marked_scan(folder: Path, nodules: dict[str, Any], patient: str) -> MarkedScan:
    marked = nodules[patient]["nodules"]
    places = [nodule_place(folder, nodules, patient, number) for number in range(len(marked))]
    sizes = [float(max(nodule["diameter_mm"])) for nodule in marked]
    return MarkedScan(open_scan(folder), list(zip(places, sizes, strict=True)))


def _places(judge: Judge, scans: Sequence[MarkedScan]) -> list[dict[str, Any]]:
    """Return a row for the nodules, for places beside them, and for every kind of place elsewhere."""
    generator = np.random.default_rng(SEED)
    length = [n * mm for n, mm in zip(judge.roi.size, judge.roi.spacing, strict=True)]
    at = [np.array([place for place, _ in scan.nodules]) for scan in scans]
    beside = [np.concatenate([places + step for step in steps()]) for places in at]
    drawn = [draw_places(scan.opened, scan.nodules, length, PLACES, generator) for scan in scans]
    rows = [
        ("nodule", "the mean centre of the readers' outlines", at),
        ("beside a nodule", f"{BESIDE_MM:g} mm from that centre along each axis, both ways", beside),
        *((name, kind.rule, [places[name] for places in drawn]) for name, kind in KINDS.items()),
    ]
    return [_row(judge, scans, *row) for row in rows]


def _row(judge: Judge, scans: Sequence[MarkedScan], name: str, rule: str, places: Sequence[Values]) -> dict[str, Any]:
    beyond, doubted = [], []
    for scan, at in zip(scans, places, strict=True):
        points = [Point.at_lps(place) for place in at]
        beyond += judge.beyond(judge.statistics(scan.rois(points, judge.roi))).tolist()
        doubted += [scan.doubted(point) for point in points]
    counts = {
        "places": len(beyond),
        "beyond": sum(beyond),
        "doubted": sum(doubted),
        "either": sum(one or other for one, other in zip(beyond, doubted, strict=True)),
    }
    print(json.dumps({"kind": name, **counts}), flush=True)
    return {"kind": name, "rule": rule, **counts}


def steps() -> Iterator[Values]:
    """Yield the steps from a nodule to the places beside it, LPS mm."""
    for axis in range(3):
        for way in (-1.0, 1.0):
            step = np.zeros(3)
            step[axis] = way * BESIDE_MM
            yield step


def _phantoms(judge: Judge, folder: Path) -> dict[str, Any]:
    """Count the phantom pairs of which a scan is beyond the limit."""
    settings = RoiSetSettings(PHANTOMS, PHANTOM_SEED, size=judge.roi.size, spacing=judge.roi.spacing)
    images = make_roi_set(folder, settings).images.astype(np.float32)
    t0, t1 = (judge.beyond(judge.statistics(images[:, scan])) for scan in (0, 1))
    counts = {"t0": int(t0.sum()), "t1": int(t1.sum()), "either": int((t0 | t1).sum())}
    return {"seed": PHANTOM_SEED, "pairs": PHANTOMS, **counts}


def _cohort(judge: Judge, dataset_dir: Path, cache: Path, scans: dict[str, MarkedScan]) -> dict[str, Any]:
    """Judge the cohort's boxes, filled and padded, and compare filled boxes with the whole scans they were cut from."""
    datalist = load_datalist(dataset_dir)
    pairs = labelled_pairs(datalist)
    filled = nodule_looks(pairs, filled_volumes(pairs, datalist.folder, cache), judge.roi.size)
    padded = judge.statistics([_padded(pair, datalist.folder, judge.roi) for pair in pairs])
    rows = {pair.name: row for row, pair in enumerate(pairs)}
    unlike = 0
    for split in make_splits(datalist, FOLDS):
        training, test = (filled[[rows[pair.name] for pair in part]] for part in (split.training, split.test))
        # The limit is the file's; mean and covariance are the fold's, which has not seen its test nodules.
        unlike += int((fit_domain(training, test, ()).scores(test) > judge.domain.limit).sum())
    return {
        "boxes": {
            "nodules": len(pairs),
            "padded_beyond": int(judge.beyond(padded).sum()),
            "filled_beyond_out_of_fold": unlike,
        },
        "filled_against_whole": _against_whole(judge, pairs, filled, scans),
    }


def _padded(pair: FollowUpPair, folder: Path, roi: RoiSettings) -> NDArray[np.float32]:
    return read_roi(folder / pair.t1.path, pair.t1.known_point, roi.size, roi.spacing).array


def _against_whole(
    judge: Judge, pairs: Sequence[FollowUpPair], filled: Values, scans: dict[str, MarkedScan]
) -> dict[str, Any]:
    """Return each statistic's largest difference, whole scan less filled box, in SD over all nodules."""
    shown = [row for row, pair in enumerate(pairs) if pair.subject in scans]
    whole = [roi for row in shown for roi in scans[pairs[row].subject].rois([pairs[row].t1.known_point], judge.roi)]
    away = (judge.statistics(whole) - filled[shown]) / filled.std(axis=0)
    farthest = away[np.abs(away).argmax(axis=0), np.arange(len(OF_ONE))]
    return {
        "nodules": len(shown),
        "largest_difference_sd": {name: round(float(sd), 2) for name, sd in zip(OF_ONE, farthest, strict=True)},
    }


if __name__ == "__main__":
    raise SystemExit(main())
