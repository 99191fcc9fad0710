"""``phantom``: make a phantom cohort."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

from csfnet_bundle.commands.options import Shares


def phantom(
    out: Path,
    subjects: int = 64,
    seed: int = 0,
    screens: int = 2,
    full_chest: bool = False,
    prevalence: float | None = None,
    split: Shares = (0.6, 0.15, 0.25),
    second_reconstruction: bool = False,
    later_growth: Literal["steady", "slowing"] = "steady",
    crops: bool = False,
    nodules: int = 1,
    workers: int | None = None,
) -> None:
    """Make a phantom cohort: NLST-like DICOM studies, tables, truth.csv and datalist.json.

    No patient was scanned: scans, records and labels are computed, and the best possible AUC is known. The same seed
    gives the same bytes, and a cohort of N subjects is the beginning of one of N + 1. An interrupted run goes on with
    the same command.

    Args:
        out: folder to make; it appears when all is done.
        subjects: labelled subjects; three more come without a label, for inference.
        seed: of everything.
        screens: yearly screens, 2 to 8.
        full_chest: whole chests of 512x512 pixels and 300 mm instead of 192x192 and 72 mm.
        prevalence: share of malignant nodules, e.g. 0.05; by default the label model's own, 0.515.
        split: shares of training, validation and test, e.g. 0.6,0.15,0.25; each label is split so.
        second_reconstruction: a second series in every exam, with a sharp kernel.
        later_growth: of screens after the second: steady goes on at the same rate, slowing draws each year anew, so
            that nodules stay within the ROI.
        crops: a scan is a NIfTI file that just holds the ROI, not a DICOM series: a fifth of the time.
        nodules: in each ROI, 1 or 2; with 2 the clinical value scr_iso0 names the one that the label depends on.
        workers: processes; by default one for each processor.

    Examples:
        csfnet phantom --out data/phantoms --subjects 256 --seed 7
        csfnet phantom data/screening --subjects 400 --prevalence 0.05 --screens 3 --split 0.7,0.1,0.2
    """
    from csfnet_bundle.cohorts.phantom.cohort import CohortSettings, make_cohort
    from csfnet_bundle.records import load_datalist

    settings = CohortSettings(
        subjects=subjects,
        seed=seed,
        screens=screens,
        full_chest=full_chest,
        split=split,
        prevalence=prevalence,
        second_reconstruction=second_reconstruction,
        later_growth=later_growth,
        crops=crops,
        nodules=nodules,
    )
    folder = make_cohort(out, settings, workers=workers)
    counts = ", ".join(f"{len(pairs)} {name}" for name, pairs in load_datalist(folder).sections.items() if pairs)
    print(f"Phantom cohort (no patient was scanned) in {folder}: {counts} pairs.", file=sys.stderr)
