"""``medst-radiographs``: a cohort of CT follow-up as radiographs with reports."""

from __future__ import annotations

from pathlib import Path


def medst_radiographs(
    dataset_dir: Path, out: Path, cache_dir: Path = Path("output/roi_cache"), workers: int = 2
) -> None:
    """Project radiographs from a cohort's scans, and write the tables that Med-ST reads and is evaluated on.

    Args:
        dataset_dir: a cohort of CT follow-up with scans of the whole chest: a folder with a datalist and ctab.csv.
        out: folder to make; it must not exist.
        cache_dir: where the nodules' surroundings are cached: an interrupted run resumes from it.
        workers: processes that read scans.

    Examples:
        csfnet medst-radiographs --dataset_dir data/nlstx --out data/nlstx_radiographs
        csfnet medst-radiographs output/phantom_chests output/radiographs --workers 8
    """
    from csfnet_bundle.medst.radiograph_tables import write_radiograph_tables

    print(write_radiograph_tables(str(dataset_dir), str(out), str(cache_dir), workers))
