"""The commands there are: a new one needs an entry here and a module of its name in this package."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import NamedTuple


class Command(NamedTuple):
    """An entry of the table.

    Args:
        group: one of :data:`GROUPS`.
        summary: what the command does, in one line.
    """

    group: str
    summary: str


USE, COHORT, TRAIN, MAINTAIN = "use", "build a cohort", "train and compare", "maintain"
GROUPS = (USE, COHORT, TRAIN, MAINTAIN)

COMMANDS: dict[str, Command] = {
    "check": Command(USE, "report whether a DICOM folder, a datalist or a ROI store can be used, and why not"),
    "config": Command(USE, "print where a config of the bundle lies, for python -m monai.bundle run"),
    "demo": Command(USE, "the whole way on phantoms: cohort, training, evaluation, prediction, reports"),
    "follow-up": Command(USE, "predict a nodule of a study in a PACS against its prior, over DICOMweb"),
    "match": Command(USE, "find a nodule's place in the earlier scan from its place in the later one"),
    "measure": Command(USE, "measure a nodule in one scan or two, or every nodule of a datalist"),
    "predict": Command(USE, "predict one new follow-up pair"),
    "predict-list": Command(USE, "predict a table of follow-up pairs, resumable, with one table and index of results"),
    "purge": Command(COHORT, "remove a patient from a ROI store"),
    "cohort": Command(COHORT, "make a cohort from tables of nodule positions: plan, download, datalist, report"),
    "phantom": Command(COHORT, "make a phantom cohort: DICOM studies, tables, datalist and truth"),
    "simulate-followup": Command(COHORT, "make a later study of a real series with its nodule grown"),
    "attention-trial": Command(TRAIN, "test whether attention selects the nodule that a clinical value names"),
    "benchmark": Command(TRAIN, "train, evaluate and compare every system of the paper's tables on one cohort"),
    "compare-weights": Command(TRAIN, "judge files of weights on the same phantoms, on pairs and on t1 alone"),
    "describe-model": Command(TRAIN, "store with weights the sizes and looks of the pairs that they were trained on"),
    "ensemble": Command(TRAIN, "join trained networks, or a benchmark's folds, into one checkpoint"),
    "initial-model": Command(TRAIN, "write an untrained checkpoint for a federation to start from"),
    "medst-radiographs": Command(TRAIN, "project radiographs from a cohort's CT, with reports and evaluation tables"),
    "medst-study": Command(TRAIN, "pre-train by Med-ST with every switch over several seeds, and evaluate"),
    "paper-choices": Command(
        TRAIN, "compare what the paper leaves open on phantoms: blur, CBAM, interval, batch size, rate"
    ),
    "pretrain-nodules": Command(TRAIN, "pre-train a one-scan network on drawn nodules, which need no data"),
    "real-nodules": Command(TRAIN, "fit and compare one-scan networks on real nodule volumes, folds by patient"),
    "simulate-federation": Command(TRAIN, "train one network over several cohorts with MonaiAlgo and plain averaging"),
    "train-measure": Command(TRAIN, "train the network that measures nodules on LIDC's volumes and drawn nodules"),
    "benchmark-latency": Command(MAINTAIN, "time predictions in PyTorch, TorchScript and ONNX Runtime"),
    "benchmark-matching": Command(
        MAINTAIN, "seek places of moved scans with known truth: the tables of docs/matching.md"
    ),
    "benchmark-roi": Command(MAINTAIN, "measure one ROI by every route: times, memory, compressed syntaxes"),
    "benchmark-training": Command(MAINTAIN, "measure pairs a second of the loaders, of a training step, and of both"),
    "export": Command(MAINTAIN, "write the network as TorchScript and ONNX, checked against PyTorch"),
    "fuzz-reader": Command(MAINTAIN, "test the DICOM reader on damaged files: each must be read, skipped or rejected"),
    "label-app": Command(MAINTAIN, "put the bundle into MONAI Label's stock app, to serve one folder of scans"),
    "make-model": Command(MAINTAIN, "train the network of models/model.pt on phantoms and compare it to the oracle"),
    "measuring-study": Command(MAINTAIN, "test how well nodules are measured, and make docs/measuring.md"),
    "make-nodule-model": Command(MAINTAIN, "make models/nodules from real nodule volumes, grown ones and phantoms"),
    "package": Command(MAINTAIN, "pack the bundle as the archive that monai.bundle and the Model Zoo take"),
}
"""Every command by its name. Its module and its function have the same name with underscores for hyphens. The module
is imported when its command is called or asked for help; to keep this quick, it imports no library outside functions
but ``rich`` (``tests/commands/test_commands.py`` checks this)."""

WITH_DEVICE = frozenset(
    ("demo", "follow-up", "predict", "predict-list", "medst-study", "simulate-federation", "make-model")
)
"""The commands that run networks where ``--device`` says; the benchmark has ``--devices``."""


def load_command(name: str) -> Callable[..., object]:
    """Return the function of a command of the table."""
    word = name.replace("-", "_")
    function: Callable[..., object] = getattr(importlib.import_module(f"{__package__}.{word}"), word)
    return function
