"""``measuring-study``: test how well nodules are measured, for docs/measuring.md."""

from __future__ import annotations

from pathlib import Path


def measuring_study(
    volumes: Path, series: Path, out: Path, model: Path | None = None, folds: Path | None = None, choices: int = 0
) -> None:
    """Test measuring against readers, on whole series, drawn nodules and simulated follow-ups; make docs/measuring.md.

    Takes ten minutes of one core, with five folds half an hour. After an interruption, the same command resumes.

    Args:
        volumes: LIDC's nodule volumes: labels.csv and voi.tar, or the folders image and nodule_mask.
        series: two whole LIDC series as .tar.xz, and nodules.json.
        out: folder for what is made on the way.
        model: the network that is used, by default the shipped one: trained with a fold held out, which is judged, or
            on all patients.
        folds: folder of the networks of five folds, made by train-measure --fold N as one is trained on all: every
            patient is measured by the one that has not seen them.
        choices: try the core of a network with a fold held out, and what stands beyond a scan's end, on so many
            volumes that it was trained on; write those tables alone.

    Examples:
        csfnet measuring-study lidc_voi lidc_dicom output/measuring
        csfnet measuring-study lidc_voi lidc_dicom output/measuring --folds output/measure
        csfnet measuring-study lidc_voi lidc_dicom output/measuring --choices 70
    """
    from csfnet_bundle.core.bundle_root import bundle_root
    from csfnet_bundle.nodule.network import MODEL
    from csfnet_bundle.studies.measuring.study import run_choices, run_study, write_result

    root = bundle_root()
    file = root / MODEL if model is None else Path(model)
    page = f"page: {root / 'docs' / 'measuring.md'}"
    if choices:
        run_choices(Path(volumes), Path(out), file, root, choices)
        print(page)
        return
    document = run_study(Path(volumes), Path(series), Path(out), file, None if folds is None else Path(folds))
    write_result(document, root)
    print(f"{page}\nresult: {root / 'docs' / 'results' / 'measuring.json'}")
