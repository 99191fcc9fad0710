"""``cohort``: a training cohort from public tables of nodule positions."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.table import Table

from csfnet_bundle.commands.options import Columns, Shard, Shares
from csfnet_bundle.core.errors import BundleError

if TYPE_CHECKING:
    from csfnet_bundle.cohorts.nlst.flow import Flow
    from csfnet_bundle.cohorts.nlst.making import Fetching
    from csfnet_bundle.cohorts.nlst.options import CohortOptions
    from csfnet_bundle.records import Datalist

LIDC, SCREENINGS = "lidc-voi", "screenings"


def cohort(
    source: str,
    out: Path,
    table: Path | None = None,
    participants: Path | None = None,
    dir: Path | None = None,
    index: Path | None = None,
    images: Path | None = None,
    download: bool = False,
    endpoint: str | None = None,
    transfers: int = 32,
    rois_only: bool = False,
    shard: Shard | None = None,
    screens: Literal["neighbouring", "any"] = "neighbouring",
    label_within_days: float | None = None,
    growth: Path | None = None,
    columns: Columns | None = None,
    decimal_comma: bool = False,
    label_per_pair: bool = False,
    without_reads: bool = False,
    skip_refused: bool = False,
    carry_nodules_back: bool = False,
    split: Shares = (0.7, 0.1, 0.2),
    folds: int = 5,
    seed: int = 0,
    verify: bool = False,
    cache_dir: Path | None = None,
    workers: int = 2,
    scheduler: str | None = None,
) -> None:
    """Make a cohort: plan it, fetch its images, write datalist and report.

    Without ``--download``, and while images are wanted, only the plan is made and printed.

    Args:
        source: nlstx, luna25, stmixer or csv (tables of positions); lidc-voi (a folder of nodule volumes); screenings
            (all neighbouring screens in the index, without nodules).
        out: the cohort's folder; images go to its subfolder images unless ``--images`` names another.
        table: the table of positions.
        participants: the NLST participant table (prsn), for clinical values, intervals and exclusions.
        dir: for lidc-voi, the folder with labels.csv.
        index: an index file; by default the one that idc-index installed.
        images: folder where the images are, or shall be.
        download: fetch what is not there.
        endpoint: address of another S3 server than the public one.
        transfers: files, or parts of them, fetched at the same time.
        rois_only: keep no images: of each series only what the ROIs need is fetched into the ROI store of
            ``--cache_dir``, by default rois in the cohort's folder; needs the extra s3.
        shard: for rois_only, a part of the patients, e.g. 3/16; the same command without it writes the lists when all
            parts are done.
        screens: neighbouring (each screen with the next), or any (every two).
        label_within_days: label by lung cancer confirmed within so many days after t1, not by the source's label.
        growth: for stmixer, its table of growth classes: label by growth, growing is 1.
        columns: for csv, what the table calls its columns, e.g. subject=pid,nodule=lesion.
        decimal_comma: for csv, numbers are written as 1,5.
        label_per_pair: for csv, a nodule's label may differ between its scans; a pair has that of its t1.
        without_reads: leave the radiologists' reads out of the inputs.
        skip_refused: leave out and count what is refused, instead of stopping.
        carry_nodules_back: make pairs of nodules seen once too: their place in the patient's earlier scan is found by
            matching, and where that is refused they are left out and counted.
        split: shares of the patients in training, validation and test.
        folds: cross-validation folds written into the datalist; 0 for none.
        seed: of the splits.
        verify: draw every box on its slice into contact_sheets/.
        cache_dir: read all ROIs into this ROI store, over processes.
        workers: processes that read ROIs on this machine.
        scheduler: address of a Dask scheduler whose workers read the ROIs instead.

    Examples:
        csfnet cohort nlstx --table nlstx_dataset.csv --participants prsn.csv --out data/nlstx --download
        csfnet cohort nlstx --table nlstx_dataset.csv --out data/nlstx --rois_only --download --skip_refused
    """
    from csfnet_bundle.cohorts.nlst.making import Fetching
    from csfnet_bundle.cohorts.nlst.options import SOURCES, CohortOptions
    from csfnet_bundle.cohorts.nlst.pairing import Screens
    from csfnet_bundle.records.rows import TableFormat

    folder = out
    if source == SCREENINGS:
        _screenings(folder, index)
        return
    if source == LIDC:
        datalist = _lidc(dir, folder, seed, split, folds)
    elif source in SOURCES:
        if table is None:
            raise BundleError(f"source {source} needs a table", remedy="Name it by --table.")
        options = CohortOptions(
            workers=workers,
            rois=(cache_dir or folder / "rois") if rois_only else None,
            source=source,
            table=table,
            participants=participants,
            index=index,
            screens=Screens(screens),
            label_within_days=label_within_days,
            growth=growth,
            format=TableFormat(dict(columns or ()), decimal_comma),
            label_per_pair=label_per_pair,
            skip_refused=skip_refused,
            carry_nodules_back=carry_nodules_back,
            seed=seed,
            shares=split,
            folds=folds,
        )
        fetching = Fetching(images or folder / "images", download, endpoint, transfers)
        if rois_only:
            _rois_only(options, folder, fetching, shard, without_reads=without_reads)
            return
        made = _from_table(options, folder, fetching, without_reads=without_reads, verify=verify)
        if made is None:
            return
        datalist = made
    else:
        known = ", ".join((*SOURCES, LIDC, SCREENINGS))
        raise BundleError(f"source {source!r} is not known", remedy=f"Sources: {known}.")
    counts = ", ".join(f"{len(pairs)} {name}" for name, pairs in datalist.sections.items() if pairs)
    print(f"{folder / 'datalist.json'}: {counts}", file=sys.stderr)
    if cache_dir is not None:
        _prepare(datalist, cache_dir, workers, scheduler, one_scan=source == LIDC, skip_refused=skip_refused)


def _from_table(
    options: CohortOptions, folder: Path, fetching: Fetching, *, without_reads: bool, verify: bool
) -> Datalist | None:
    from csfnet_bundle.cohorts.nlst.making import make_cohort, plan_cohort, wanted_series

    choice = plan_cohort(options, folder)
    _print_flow(choice.flow)
    print("\n".join(choice.plan.lines()))
    wanted = wanted_series(choice, fetching.images)
    if len(wanted) == len(choice.plan.series) > 0 and not fetching.download:
        print(f"The images are not in {fetching.images}: this was the plan. Fetch them by --download.", file=sys.stderr)
        return None
    datalist = make_cohort(choice, options, folder, fetching, without_reads=without_reads, verify=verify)
    print(f"report: {folder / 'report.html'}", file=sys.stderr)
    return datalist


def _rois_only(
    options: CohortOptions, out: Path, fetching: Fetching, shard: tuple[int, int] | None, *, without_reads: bool
) -> None:
    from csfnet_bundle.cohorts.nlst.making import plan_cohort, write_cohort
    from csfnet_bundle.cohorts.nlst.rois_only import RoisOnly, bytes_of, estimated_gigabytes, fetch_rois
    from csfnet_bundle.inputs import RoiCache, RoiSettings

    choice = plan_cohort(options, out)
    _print_flow(choice.flow)
    print("\n".join(choice.plan.lines()))
    cache = RoiCache(options.rois, RoiSettings(), keep_headers=False)
    print(f"read      about {estimated_gigabytes(choice, cache):.2f} GB of that, for the ROIs alone")
    if not fetching.download:
        print("This was the plan. Fetch the ROIs by --download.", file=sys.stderr)
        return
    how = RoisOnly(cache, fetching.endpoint, fetching.workers, shard)
    pairs = fetch_rois(choice, out, how, skip_refused=options.skip_refused)
    read, whole = bytes_of(out)
    share = f" ({100 * read / whole:.1f} %)" if whole else ""
    print(
        f"read {read / 1e9:.3f} GB of {whole / 1e9:.3f} GB{share} so far; the ROIs are in {options.rois}",
        file=sys.stderr,
    )
    if pairs is None:
        print(
            "Patients of other shards are not done yet; without --shard, the same command does them.", file=sys.stderr
        )
        return
    datalist = write_cohort(choice, options, out, pairs, without_reads=without_reads)
    counts = ", ".join(f"{len(part)} {name}" for name, part in datalist.sections.items() if part)
    print(f"{out / 'datalist.json'}: {counts}", file=sys.stderr)


def _lidc(folder: Path | None, out: Path, seed: int, shares: tuple[float, float, float], folds: int) -> Datalist:
    if folder is None:
        raise BundleError(f"source {LIDC} needs a folder", remedy="Name it by --dir.")
    from csfnet_bundle.cohorts.lidc_voi import read_lidc_voi
    from csfnet_bundle.cohorts.nlst.lists import file_digest, make_datalist
    from csfnet_bundle.records import save_datalist

    datalist = make_datalist(
        out,
        read_lidc_voi(folder, out),
        name="LIDC nodule volumes",
        description="One-scan records; malignant means that at least two radiologists rated malignancy above 3.",
        seed=seed,
        shares=shares,
        folds=folds,
        provenance={"source": LIDC, "table_sha256": file_digest(folder / "labels.csv")},
    )
    save_datalist(datalist)
    return datalist


def _screenings(out: Path, index: Path | None) -> None:
    from csfnet_bundle.cohorts.nlst.index import open_index
    from csfnet_bundle.cohorts.nlst.screenings import pair_screenings

    started = time.perf_counter()
    counts = pair_screenings(open_index(index), out)
    seconds = time.perf_counter() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{counts.series:,} CT series of {counts.patients:,} patients in the index")
    print(f"{counts.axial_series:,} of them axial, thin and whole")
    print(f"{counts.pairs:,} pairs of neighbouring screens of {counts.paired_patients:,} patients")
    print(f"{counts.same_kernel:,} pairs with the same kernel at both screens; {counts.gigabytes:,.0f} GB in all")
    print(f"{seconds:.1f} s, {memory:.2f} GB of memory at most (the whole process)")
    print(f"{out / 'screenings.csv'}", file=sys.stderr)


def _prepare(
    datalist: Datalist, cache: Path, workers: int, scheduler: str | None, *, one_scan: bool, skip_refused: bool
) -> None:
    from csfnet_bundle.cohorts.rejected import leave_out_rejected, reasons_of
    from csfnet_bundle.inputs import RoiCache, RoiSettings, prepare_rois

    pairs = [pair for _, pair in datalist]
    rois = RoiCache(cache, RoiSettings(), repeat_missing_prior=one_scan)
    refused = prepare_rois(pairs, datalist.folder, rois, workers=workers, scheduler=scheduler)
    print(f"{len(pairs) - len(refused)} of {len(pairs)} pairs have their ROIs in {cache}", file=sys.stderr)
    for error in refused.values():
        print(f"rejected: {error}", file=sys.stderr)
    if refused and not skip_refused:
        raise BundleError(
            f"the ROIs of {len(refused)} of {len(pairs)} pairs cannot be read",
            record=str(datalist.folder),
            remedy="Correct them, or leave them out, counted, by --skip_refused.",
        )
    if refused:
        leave_out_rejected(datalist, reasons_of(refused), datalist.folder)
        print(f"{datalist.folder / 'datalist.json'}: {len(pairs) - len(refused)} pairs remain", file=sys.stderr)


def _print_flow(flow: Flow) -> None:
    table = Table("step", "number", "unit", "patients", box=None)
    for step in flow.steps:
        what = f"  left out: {step.what}" if step.left_out else step.what
        table.add_row(what, f"{step.count:,}", step.unit, f"{step.patients:,}")
    Console(width=None if sys.stdout.isatty() else 120).print(table)
