"""``measuring-study``: test how well nodules are measured, for docs/measuring.md."""

from __future__ import annotations

from pathlib import Path


def measuring_study(
    volumes: Path, series: Path, out: Path, folds: Path, model: Path | None = None, choices: int = 0
) -> None:
    """Test measuring against readers, on whole series, drawn nodules and simulated follow-ups; make docs/measuring.md.

    Every patient is measured by the network that has not seen him. Takes about half an hour of one core. After an
    interruption, the same command resumes.

    Args:
        volumes: LIDC's nodule volumes: labels.csv and voi.tar, or the folders image and nodule_mask.
        series: two whole LIDC series as .tar.xz, and nodules.json.
        out: folder for what is made on the way.
        folds: folder of the networks of the five folds, made by train-measure --fold N.
        model: the network that is used, trained on all patients; by default the shipped one.
        choices: try the core of the first fold's network on so many volumes that it was trained on; write that table
            alone.

    Examples:
        csfnet measuring-study lidc_voi lidc_dicom output/measuring output/measure
        csfnet measuring-study lidc_voi lidc_dicom output/measuring output/measure --choices 70
    """
    from csfnet_bundle.core.bundle_root import bundle_root
    from csfnet_bundle.nodule.network import MODEL
    from csfnet_bundle.studies.measuring.study import run_choices, run_study, write_result
    from csfnet_bundle.training.measure.training import file_name

    root = bundle_root()
    page = f"page: {root / 'docs' / 'measuring.md'}"
    if choices:
        run_choices(Path(volumes), Path(out), Path(folds) / file_name(0), root, choices)
        print(page)
        return
    file = root / MODEL if model is None else Path(model)
    write_result(run_study(Path(volumes), Path(series), Path(out), file, Path(folds)), root)
    print(f"{page}\nresult: {root / 'docs' / 'results' / 'measuring.json'}")
