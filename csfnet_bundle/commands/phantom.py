"""``python -m csfnet_bundle phantom``: make a phantom cohort."""

from __future__ import annotations

import sys

from csfnet_bundle.cohorts.phantom.cohort import CohortSettings, make_cohort
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.records import load_datalist


def phantom(
    out: str,
    subjects: int = 64,
    seed: int = 0,
    screens: int = 2,
    full_chest: bool = False,
    prevalence: float | None = None,
    split: tuple[float, float, float] = (0.6, 0.15, 0.25),
    second_reconstruction: bool = False,
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
        screens: yearly screens, 2 to 5.
        full_chest: whole chests of 512x512 pixels and 300 mm instead of 192x192 and 72 mm.
        prevalence: share of malignant nodules, e.g. 0.05; by default the label model's own, 0.515.
        split: shares of training, validation and test, e.g. 0.6,0.15,0.25; each label is split so.
        second_reconstruction: a second series in every exam, with a sharp kernel.
        workers: processes; by default one for each processor.
    """
    try:
        shares = tuple(float(share) for share in split)
    except (TypeError, ValueError):
        raise BundleError(f"split is {split!r}, expected three shares, e.g. 0.6,0.15,0.25") from None
    settings = CohortSettings(
        subjects=subjects,
        seed=seed,
        screens=screens,
        full_chest=full_chest,
        split=shares,  # type: ignore[arg-type]  # its number is checked there
        prevalence=None if prevalence is None else float(prevalence),
        second_reconstruction=second_reconstruction,
    )
    folder = make_cohort(str(out), settings, workers=workers)
    counts = ", ".join(f"{len(pairs)} {name}" for name, pairs in load_datalist(folder).sections.items() if pairs)
    print(f"Phantom cohort (no patient was scanned) in {folder}: {counts} pairs.", file=sys.stderr)
