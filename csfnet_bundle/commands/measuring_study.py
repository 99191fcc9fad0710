"""``measuring-study``: test how well nodules are measured, for docs/measuring.md."""

from __future__ import annotations

from pathlib import Path


def measuring_study(volumes: Path, series: Path, out: Path, model: Path | None = None, choices: int = 0) -> None:
    r"""Test measuring against readers, on whole series, drawn nodules and simulated follow-ups; make docs/measuring.md.

    Takes about ten minutes of one core. After an interruption, the same command resumes.

    Args:
        volumes: LIDC's nodule volumes: labels.csv and voi.tar, or the folders image and nodule_mask.
        series: two whole LIDC series as .tar.xz, and nodules.json.
        out: folder for what is made on the way.
        model: a network trained with a fold held out; by default the shipped one.
        choices: try the network's core on so many volumes of patients that it was trained on; write that table alone.

    Examples:
        csfnet measuring-study lidc_voi lidc_dicom output/measuring
        csfnet measuring-study lidc_voi lidc_dicom output/fold_1 \
            --model output/measure/measure_fold_1.ts
        csfnet measuring-study lidc_voi lidc_dicom output/measuring --choices 70
    """
    from csfnet_bundle.core.bundle_root import bundle_root
    from csfnet_bundle.nodule.network import MODEL
    from csfnet_bundle.studies.measuring.study import run_choices, run_study, write_result

    root = bundle_root()
    file = root / MODEL if model is None else Path(model)
    if choices:
        run_choices(Path(volumes), Path(out), file, root, choices)
        print(f"page: {root / 'docs' / 'measuring.md'}")
        return
    document = run_study(Path(volumes), Path(series), Path(out), file)
    write_result(document, root)
    print(f"page: {root / 'docs' / 'measuring.md'}\nresult: {root / 'docs' / 'results' / 'measuring.json'}")
