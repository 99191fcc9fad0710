"""One fit of a benchmark: train a network on a split, and predict with the epoch that validation chose."""

from __future__ import annotations

import gc
import json
import logging
import platform
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from csfnet_bundle.core.error_hook import bundle_error_in
from csfnet_bundle.core.files import write_atomically
from csfnet_bundle.evaluation.predictions import prediction_table, read_predictions, write_predictions
from csfnet_bundle.inputs import RoiCache
from csfnet_bundle.networks import SYSTEMS, count_parameters
from csfnet_bundle.prediction.checkpoint import MODEL_NAME, STATE_NAME, ModelCheckpoint, load_checkpoint
from csfnet_bundle.prediction.data import datalist_hash
from csfnet_bundle.prediction.pair_predictor import BATCH_SIZE
from csfnet_bundle.prediction.predictor import Predictor
from csfnet_bundle.prediction.weights_file import read_plain
from csfnet_bundle.records import FollowUpPair, load_datalist, without_reads_of
from csfnet_bundle.studies.benchmark.ablated_inputs import SCAN_ORDERS, permute_clinical
from csfnet_bundle.studies.benchmark.common_test import COMMON, COMMON_PERMUTED, score_common_set
from csfnet_bundle.studies.benchmark.external import check_judging
from csfnet_bundle.studies.benchmark.protocol import Fit, Protocol
from csfnet_bundle.studies.benchmark.splits import labelled_pairs
from csfnet_bundle.training.workflow import make_workflow

DONE_NAME = "fit.json"
LOG_NAME = "training.log"
VALIDATION, TEST, EXTERNAL = "validation", "test", "external"
CLINICAL_PERMUTED = "clinical permuted over patients"
CHANGED_INPUTS = (*SCAN_ORDERS, CLINICAL_PERMUTED)
"""What is done to the test pairs' inputs to see what a network had learnt from them."""
PERMUTATION_SEED = 0
PEAK_PAIRS = 25
"""Test pairs whose attention is summed up: flat is told from selective by far fewer."""

MONAI_LEVELS = {"monai.bundle.workflows": logging.ERROR, "monai.bundle.scripts": logging.WARNING}
"""It would say of every fit that its config files lie in two folders, and print them."""

_ONE_AT_A_TIME = threading.Lock()
"""Random numbers belong to the process: a worker with several threads trains one network at a time all the same."""


def is_done(protocol: Protocol, fit: Fit) -> bool:
    """Tell whether nothing is left to do for a fit."""
    folder = protocol.folder(fit)
    return (folder / DONE_NAME).is_file() and all(path.is_file() for path in _later_paths(protocol, fit).values())


def _later_paths(protocol: Protocol, fit: Fit) -> dict[str, Path]:
    """What may be asked of a finished fit later, and where its predictions then lie."""
    folder, paths = protocol.folder(fit), {}
    if protocol.evaluate_on is not None and not fit.permutation:
        paths[EXTERNAL] = external_path(folder, protocol.evaluate_on)
    if protocol.common_test and not fit.permutation:
        paths[COMMON] = folder / f"common_test_{protocol.common_test}.csv"
        paths[COMMON_PERMUTED] = folder / f"common_test_{protocol.common_test}_clinical_permuted.csv"
    return paths


def external_path(folder: Path, evaluate_on: Path) -> Path:
    """Return where a fit's predictions of another cohort lie; a changed datalist has another file."""
    return folder / f"{EXTERNAL}_{datalist_hash(evaluate_on)[:12]}.csv"


def run_fit(protocol: Protocol, fit: Fit, device: str | None = None) -> None:
    """Train one network, or go on where its training stopped, and write its predictions; nothing where that is done.

    Args:
        protocol: the benchmark.
        fit: which network.
        device: as torch names it; None is a GPU where there is one.

    Raises:
        BundleError: what a training raises, with the fit's name.
    """
    if is_done(protocol, fit):
        return
    folder = protocol.folder(fit)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with _ONE_AT_A_TIME, _log_into(folder / LOG_NAME):
            _run(protocol, fit, folder, device)
    except Exception as error:
        ours = bundle_error_in(error)
        if ours is None:
            raise
        raise ours.for_record(f"fit {fit.name}") from None
    finally:
        # Engines and their handlers refer to each other, and hold network, optimizer and the set: tens of MB a fit.
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def read_fit(protocol: Protocol, fit: Fit) -> dict[str, pd.DataFrame]:
    """Return a finished fit's predictions by what was predicted."""
    folder = protocol.folder(fit)
    parts = [VALIDATION, TEST, *([] if fit.permutation else CHANGED_INPUTS)]
    tables = {part: read_predictions(folder / file_name(part)) for part in parts}
    return tables | {part: read_predictions(path) for part, path in _later_paths(protocol, fit).items()}


def read_fit_record(protocol: Protocol, fit: Fit) -> dict[str, Any]:
    """Return what a finished fit tells of itself: epochs, seconds, device, architecture, ROI."""
    record: dict[str, Any] = json.loads((protocol.folder(fit) / DONE_NAME).read_text(encoding="utf-8"))
    return record


def _run(protocol: Protocol, fit: Fit, folder: Path, device: str | None) -> None:
    overrides: dict[str, Any] = {
        **protocol.overrides,
        "bundle_root": str(protocol.bundle_root),
        "dataset_dir": str(protocol.cohort(fit)),
        "cache_dir": str(protocol.rois),
        "output_dir": str(folder),
        "seed": fit.seed,
    }
    if device is not None:
        overrides["device"] = f"$torch.device({device!r})"
    overrides["system"] = fit.system
    if SYSTEMS[fit.system].compared_with:
        overrides["initial_weights"] = str(protocol.pretrained)
    workflow = make_workflow("training", protocol.configs(fit.system), **overrides)
    workflow.run()
    parser = workflow.parser
    checkpoint = load_checkpoint(folder / MODEL_NAME)
    predictor = Predictor(checkpoint, parser.get_parsed_content("device"), follow_links=protocol.follow_links)
    network, cache = predictor.network, predictor.cache(protocol.rois)
    batch_size = int(parser.get_parsed_content("batch_size"))
    width = parser.get_parsed_content("width")
    workflow.finalize()
    if not (folder / DONE_NAME).is_file():
        cohort = load_datalist(protocol.cohort(fit))
        test = cohort.section("test")
        for part, table in _predict_parts(predictor, protocol.cohort(fit), fit, cache, batch_size):
            write_predictions(table, folder / file_name(part))
        state = read_plain(folder / STATE_NAME, "Delete it; the fit then begins anew.")
        record = {
            "epochs": int(state["epoch"]),
            "chosen_epoch": checkpoint.provenance["epoch"],
            "seconds": round(float(state["seconds"]), 1),
            "device": device_name(next(network.parameters()).device),
            "parameters": count_parameters(network),
            "attention_peaks": predictor.attention_peaks(test[:PEAK_PAIRS], cohort.folder, cache=cache),
            "width": width,
            "architecture": dict(checkpoint.architecture),
            "roi": checkpoint.roi.to_plain(),
            "initial_weights": _start(checkpoint),
        }
        write_atomically(folder / DONE_NAME, json.dumps(record, indent=1) + "\n")
    paths = _later_paths(protocol, fit)
    later = {part: path for part, path in paths.items() if not path.is_file()}
    if COMMON in later or COMMON_PERMUTED in later:
        for part, table in score_common_set(protocol, predictor, batch_size).items():
            write_predictions(table, paths[part])
    if EXTERNAL in later and protocol.evaluate_on is not None:
        datalist = load_datalist(protocol.evaluate_on)
        pairs = labelled_pairs(datalist)
        check_judging(checkpoint.seen_patients, protocol.evaluate_on, pairs, str(folder / MODEL_NAME))
        pairs = [without_reads_of(pair) for pair in pairs] if protocol.without_reads else pairs
        table = predict_table(predictor, pairs, datalist.folder, cache=cache, batch_size=batch_size)
        write_predictions(table, later[EXTERNAL])


def predict_table(
    predictor: Predictor,
    pairs: Sequence[FollowUpPair],
    folder: Path,
    scan_order: tuple[int, int] = (0, 1),
    *,
    cache: RoiCache | None = None,
    batch_size: int = BATCH_SIZE,
) -> pd.DataFrame:
    """Return the predictions table of labelled pairs.

    Args:
        predictor: the trained network.
        pairs: of a section of a datalist.
        folder: the datalist's folder.
        scan_order: which scan each channel of the image shows.
        cache: reads the ROIs.
        batch_size: pairs at a time.
    """
    made = predictor.predict_pairs(pairs, folder, cache=cache, batch_size=batch_size, scan_order=scan_order)
    decision = predictor.checkpoint.decision
    return prediction_table(
        [pair.subject for pair in pairs],
        [pair.nodule for pair in pairs],
        [prediction.logit for prediction in made],
        [pair.label for pair in pairs],
        temperature=decision.temperature,
        threshold=decision.threshold,
    )


def _predict_parts(
    predictor: Predictor, cohort: Path, fit: Fit, cache: RoiCache, batch_size: int
) -> Iterator[tuple[str, pd.DataFrame]]:
    datalist = load_datalist(cohort)
    test = datalist.section("test")
    predict = partial(predict_table, predictor, folder=datalist.folder, cache=cache, batch_size=batch_size)
    yield VALIDATION, predict(datalist.section("validation"))
    yield TEST, predict(test)
    if fit.permutation:
        return
    for name, order in SCAN_ORDERS.items():
        yield name, predict(test, scan_order=order)
    yield CLINICAL_PERMUTED, predict(permute_clinical(test, PERMUTATION_SEED))


def _start(checkpoint: ModelCheckpoint) -> dict[str, Any] | None:
    """Return what a network started from, without the long list of its tensors; None is a random start."""
    start = checkpoint.provenance.get("initial_weights")
    if start is None:
        return None
    return {key: start[key] for key in ("trained_on", "sha256", "copied", "pretraining")}


def file_name(part: str) -> str:
    """Return the file of a part's predictions."""
    return f"{part.replace(' ', '_')}.csv"


def device_name(device: torch.device) -> str:
    """Return what a device is called in results."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type.upper()} ({platform.machine()}), {torch.get_num_threads()} threads"


@contextmanager
def _log_into(path: Path) -> Iterator[None]:
    """Send what the package logs into a file, away from the terminal with its progress bar."""
    ours = logging.getLogger("csfnet_bundle")
    levels = {"csfnet_bundle": logging.INFO, **MONAI_LEVELS}
    before = {name: logging.getLogger(name).level for name in levels}
    propagate = ours.propagate
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    ours.addHandler(handler)
    ours.propagate = False
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
        ours.propagate = propagate
        ours.removeHandler(handler)
        handler.close()
