"""``predict-list``: the malignancy probabilities of a table of follow-up pairs."""

from __future__ import annotations

from pathlib import Path

from csfnet_bundle.commands.bundle_run import chosen_weights
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.extras import require_extra
from csfnet_bundle.core.files import require_writable


def predict_list(
    table: Path,
    out: Path,
    *,
    checkpoint: Path | None = None,
    dicom_out: bool = False,
    follow_links: bool = False,
    no_check: bool = False,
    no_measure: bool = False,
    timings: bool = False,
) -> int:
    """Predict every pair of a table, in one process.

    The table is a CSV file with a row for each nodule. Its columns are options of predict: export, or t0 and t1;
    point1, or image1 and pixel1; the same of t0 where they are known; space; patient, study0, study1, series0, series1,
    subject, nodule, interval_days; and clinical variables (age, sex, smoking, race, ...). Paths are relative to the
    table.

    OUT gets predictions.csv with one row for each pair, index.html that links the case pages, and failed.csv with the
    rows that were left out. Interrupted, or with a changed table, the same command goes on: a finished row is predicted
    again only if its inputs, the weights or the options changed.

    Args:
        table: the CSV file.
        out: the folder of the results.
        checkpoint: weights to use; by default those of your own training, else the bundle's models/model.pt, trained
            on phantoms. models/nodules/model.pt also answers for one scan (docs/real_nodules.md).
        dicom_out: also write DICOM objects of each pair.
        follow_links: read what symbolic links in the scans' folders point to.
        no_check: do not check two given points against each other, which takes some seconds a pair.
        no_measure: do not measure the nodules, which takes some seconds a pair.
        timings: print the processor time by share.

    Returns:
        0 if every row was predicted, 1 if some were left out.

    Examples:
        csfnet predict-list pairs.csv --out output/list
        csfnet predict-list pairs.csv --out output/list --no_check --no_measure --timings
    """
    from csfnet_bundle.core.processor_time import loaded, print_shares
    from csfnet_bundle.prediction.list_run import CASES, INDEX_NAME, ListRun, print_errors
    from csfnet_bundle.prediction.pair_list import read_pair_list
    from csfnet_bundle.prediction.predictor import load

    require_writable(out)
    if out.exists() and any(out.iterdir()) and not (out / CASES).is_dir():
        raise BundleError(f"{out} holds other files", remedy="Name a new folder by --out, or one of predict-list.")
    if dicom_out:
        require_extra("dicom-sr", "highdicom")
    weights = chosen_weights(checkpoint)
    predictor = load(weights, follow_links=follow_links)
    loaded()
    rows = read_pair_list(table, predictor.checkpoint.code_book)
    (out / CASES).mkdir(parents=True, exist_ok=True)
    options = {"check": not no_check, "measure": not no_measure, "pictures": True}
    run = ListRun(predictor, weights, out, options, dicom_out=dicom_out, follow_links=follow_links)
    run.run(rows)
    print_errors(run)
    print(f"{len(run.results)} of {len(rows)} pairs predicted, {len(run.results) - run.computed} of them before")
    print(f"weights trained on: {predictor.checkpoint.trained_on}. Not a medical device.")
    print(f"index: {out / INDEX_NAME}")
    if timings:
        print_shares(max(run.computed, 1))
    return 1 if run.errors else 0
