"""``medst-radiographs``: a cohort of CT follow-up as radiographs with reports."""

from __future__ import annotations

from csfnet_bundle.medst.radiograph_tables import write_radiograph_tables


def medst_radiographs(dataset_dir: str, out: str, cache_dir: str = "output/roi_cache", workers: int = 2) -> None:
    """Project radiographs from a cohort's scans, and write the tables that Med-ST reads and is judged on.

    Args:
        dataset_dir: a cohort of CT follow-up: a folder with a datalist and ctab.csv.
        out: folder to make; it must not exist.
        cache_dir: where the nodules' surroundings are cached: an interrupted run goes on where it stopped.
        workers: processes that read scans.
    """
    print(write_radiograph_tables(dataset_dir, out, cache_dir, workers))
