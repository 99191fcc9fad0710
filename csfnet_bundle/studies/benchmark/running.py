"""A whole benchmark: splits, ROIs, fits, references, statistics, files; started again it goes on where it stopped."""

from __future__ import annotations

import os
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.inputs import RoiCache, prepare_rois
from csfnet_bundle.nodule.measurements import Measured
from csfnet_bundle.records import Datalist, FollowUpPair, load_datalist, without_reads_of
from csfnet_bundle.studies.benchmark.common_references import measured_common_set
from csfnet_bundle.studies.benchmark.common_test import COMMON, check_common_test, common_set
from csfnet_bundle.studies.benchmark.external import check_other_cohort
from csfnet_bundle.studies.benchmark.fitting import EXTERNAL, read_fit
from csfnet_bundle.studies.benchmark.gathering import SystemPredictions, gather
from csfnet_bundle.studies.benchmark.protocol import Fit, Protocol
from csfnet_bundle.studies.benchmark.references import ORACLES, oracle_tables, reference_tables, references_for
from csfnet_bundle.studies.benchmark.restarting import keep_protocol
from csfnet_bundle.studies.benchmark.scheduling import run_fits
from csfnet_bundle.studies.benchmark.splits import Split, check_both_labels, labelled_pairs, make_splits, write_split
from csfnet_bundle.training.devices import check_device


@dataclass(frozen=True)
class Predictions:
    """What a benchmark's systems predicted.

    Attributes:
        systems: networks first, then references, by the names that tables print.
        permuted: for every permutation of the labels, the test predictions of a network trained on them.
        pairs: the labelled pairs of the cohort.
        fits: what each fit predicted, by part; every table can be made again from these alone.
        failed: fits that failed, with why. A seed with a failed fold is left out of its system's average; a system
            without a whole seed has no predictions.
    """

    systems: dict[str, SystemPredictions]
    permuted: tuple[SystemPredictions, ...]
    pairs: tuple[FollowUpPair, ...]
    fits: Mapping[Fit, Mapping[str, pd.DataFrame]] = field(default_factory=dict)
    failed: Mapping[Fit, str] = field(default_factory=dict)


def run_benchmark(protocol: Protocol, devices: Sequence[str] = (), scheduler: str | None = None) -> Predictions:
    """Do what is left to do and return all predictions.

    Args:
        protocol: the benchmark.
        devices: see :func:`csfnet_bundle.studies.benchmark.scheduling.run_fits`.
        scheduler: the same.

    Raises:
        BundleError: data that cannot be used, another protocol in ``out``, or no whole seed of the system that the
            others are compared with.
    """
    datalist = load_datalist(protocol.dataset_dir)
    splits = make_splits(datalist, protocol.folds)
    pairs = labelled_pairs(datalist)
    external = None if protocol.evaluate_on is None else load_datalist(protocol.evaluate_on)
    check_both_labels(splits, str(protocol.dataset_dir))
    for device in devices:
        check_device(device, "--devices")
    _check(protocol, pairs, external)
    check_common_test(protocol)
    keep_protocol(protocol)
    cache = RoiCache(protocol.rois, protocol.roi(), repeat_missing_prior=True, follow_links=protocol.follow_links)
    _prepare(pairs, datalist.folder, cache, scheduler)
    if external is not None:
        _prepare(labelled_pairs(external), external.folder, cache, scheduler)
    for fit in protocol.fits:
        write_split(
            protocol.cohort(fit),
            datalist,
            splits[fit.fold],
            permutation=fit.permutation,
            without_reads=protocol.without_reads,
        )
    if protocol.common_test:
        common_set(protocol, workers=os.cpu_count() or 1, show_progress=True)
    failed = run_fits(protocol, devices, scheduler)
    whole = {system: _whole_seeds(protocol, system, failed) for system in protocol.systems}
    if not whole[protocol.reference]:
        first = next(error for fit, error in failed.items() if fit.system == protocol.reference)
        raise BundleError(
            f"{len(failed)} of {len(protocol.fits)} fits failed, among them one of every seed of {protocol.reference}, "
            f"which the others are compared with; {first}",
            record=str(protocol.out),
            remedy="The same command repeats only these.",
        )
    systems = {
        system: gather(
            [[read_fit(protocol, Fit(system, fold, seed)) for seed in seeds] for fold in range(protocol.folds)]
        )
        for system, seeds in whole.items()
        if seeds
    }
    done = [fit for fit in protocol.fits if fit not in failed]
    permuted = tuple(gather([[read_fit(protocol, fit)]]) for fit in done if fit.permutation)
    systems |= _references(protocol, datalist.folder, splits, pairs, external, cache)
    return Predictions(
        systems,
        permuted,
        tuple(pairs),
        {fit: read_fit(protocol, fit) for fit in done},
        {fit: str(error) for fit, error in failed.items()},
    )


def _whole_seeds(protocol: Protocol, system: str, failed: Container[Fit]) -> list[int]:
    """The seeds of which every fold was fitted."""
    return [
        seed
        for seed in range(protocol.seeds)
        if not any(Fit(system, fold, seed) in failed for fold in range(protocol.folds))
    ]


def _references(
    protocol: Protocol,
    folder: Path,
    splits: Sequence[Split],
    pairs: Sequence[FollowUpPair],
    external: Datalist | None,
    cache: RoiCache,
) -> dict[str, SystemPredictions]:
    if protocol.without_reads:
        pairs = [without_reads_of(pair) for pair in pairs]
        splits = [
            Split(
                *(
                    tuple(without_reads_of(pair) for pair in part)
                    for part in (split.training, split.validation, split.test)
                )
            )
            for split in splits
        ]
    measured = Measured.of(pairs, folder, cache)
    others: dict[str, Measured] = {}
    if external is not None:
        judged = labelled_pairs(external)
        judged = [without_reads_of(pair) for pair in judged] if protocol.without_reads else judged
        others[EXTERNAL] = Measured.of(judged, external.folder, cache)
    if protocol.common_test:
        others[COMMON] = measured_common_set(protocol, workers=os.cpu_count() or 1)
    everything = measured
    for other in others.values():
        everything = everything.joined(other)
    found = {
        name: gather([[reference_tables(features, split, measured, others)] for split in splits])
        for name, features in references_for(everything).items()
    }
    for name, subset in ORACLES.items():
        folds = [oracle_tables(subset, split, folder) for split in splits]
        known = [[tables] for tables in folds if tables is not None]
        if len(known) == len(splits):
            found[name] = gather(known)
    return found


def _check(protocol: Protocol, pairs: Sequence[FollowUpPair], external: Datalist | None) -> None:
    others = [] if external is None else labelled_pairs(external)
    for pair in (*pairs, *others):
        if pair.t0 is None and (two := protocol.needs_two_scans()):
            raise BundleError(
                f"the pair has no t0, which {', '.join(two)} need",
                record=f"pair {pair.name}",
                remedy="Name by --systems those that need no t0, such as t1_image or t1_image_clinical.",
            )
    check_other_cohort(protocol, pairs, others)


def _prepare(pairs: Sequence[FollowUpPair], folder: Path, cache: RoiCache, scheduler: str | None) -> None:
    refused = prepare_rois(pairs, folder, cache, scheduler=scheduler)
    if refused:
        first = next(iter(refused.values()))
        raise BundleError(
            f"{len(refused)} of {len(pairs)} follow-up pairs cannot be read; {first}",
            record=str(folder),
            remedy="Take them out of the datalist; `python -m csfnet_bundle check` lists them all.",
        )
