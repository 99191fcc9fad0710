"""Filter and pair the whole NLST index with DuckDB, Polars and pandas, each in a process of its own.

    python scripts/compare_index_engines.py

needs the extra [nlst] and, for its row, polars. It prints time, peak memory and pairs of each engine as Markdown; the
pairs must be the same in all. What is timed is what `csfnet_bundle.cohorts.nlst.screenings` does: read the index file,
keep the thin axial series of NLST, and choose for every two neighbouring screens of a participant the two series that
suit each other best. Preference for soft kernels is left out, so that the three programs stay short.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

from csfnet_bundle.cohorts.nlst.index import open_index
from csfnet_bundle.cohorts.nlst.screenings import COLLECTION, FEWEST_SLICES, THICKEST_MM

ENGINES = ("duckdb", "polars", "pandas")
REPEATS = 3
COLUMNS = ["collection_id", "analysis_result_id", "Modality", "PatientID", "StudyDate", "SeriesInstanceUID",
           "SeriesDescription", "Manufacturer", "instanceCount"]  # fmt: skip


def with_duckdb(path: str) -> int:
    """Return the number of pairs."""
    import duckdb

    query = f"""
    WITH axial AS (
        SELECT PatientID, StudyDate, SeriesInstanceUID, instanceCount, Manufacturer, part[5] AS kernel,
               TRY_CAST(part[7] AS DOUBLE) AS thickness
        FROM (SELECT *, string_split(SeriesDescription, ',') AS part FROM read_parquet('{path}')
              WHERE collection_id = '{COLLECTION}' AND Modality = 'CT' AND analysis_result_id IS NULL)
        WHERE part[2] = 'OPA' AND thickness <= {THICKEST_MM} AND instanceCount >= {FEWEST_SLICES}
    ), screens AS (
        SELECT *, lead(StudyDate) OVER (PARTITION BY PatientID ORDER BY StudyDate) AS next_date
        FROM (SELECT DISTINCT PatientID, StudyDate FROM axial)
    )
    SELECT count(*) FROM (
        SELECT row_number() OVER (
            PARTITION BY a.PatientID, a.StudyDate
            ORDER BY a.kernel = b.kernel AND a.Manufacturer = b.Manufacturer DESC, greatest(a.thickness, b.thickness),
                     a.instanceCount + b.instanceCount DESC, a.SeriesInstanceUID, b.SeriesInstanceUID) AS rank
        FROM axial a JOIN screens s USING (PatientID, StudyDate)
        JOIN axial b ON b.PatientID = s.PatientID AND b.StudyDate = s.next_date) WHERE rank = 1
    """
    return int(duckdb.sql(query).fetchone()[0])


def with_polars(path: str) -> int:
    """Return the number of pairs."""
    import polars as pl

    part = pl.col("SeriesDescription").str.split(",")
    axial = (
        pl.scan_parquet(path)
        .select(COLUMNS)
        .filter(
            (pl.col("collection_id") == COLLECTION)
            & (pl.col("Modality") == "CT")
            & pl.col("analysis_result_id").is_null()
        )
        .with_columns(
            kind=part.list.get(1, null_on_oob=True),
            kernel=part.list.get(4, null_on_oob=True),
            thickness=part.list.get(6, null_on_oob=True).cast(pl.Float64, strict=False),
        )
        .filter(
            (pl.col("kind") == "OPA")
            & (pl.col("thickness") <= THICKEST_MM)
            & (pl.col("instanceCount") >= FEWEST_SLICES)
        )
        .collect()
    )
    screens = (
        axial.select("PatientID", "StudyDate")
        .unique()
        .sort("PatientID", "StudyDate")
        .with_columns(next_date=pl.col("StudyDate").shift(-1).over("PatientID"))
    )
    both = axial.join(screens, on=["PatientID", "StudyDate"]).join(
        axial, left_on=["PatientID", "next_date"], right_on=["PatientID", "StudyDate"], suffix="_1"
    )
    same = (pl.col("kernel") == pl.col("kernel_1")) & (pl.col("Manufacturer") == pl.col("Manufacturer_1"))
    chosen = (
        both.with_columns(
            same=~same,
            worst=pl.max_horizontal("thickness", "thickness_1"),
            few=-(pl.col("instanceCount") + pl.col("instanceCount_1")),
        )
        .sort("same", "worst", "few", "SeriesInstanceUID", "SeriesInstanceUID_1")
        .unique(["PatientID", "StudyDate"], keep="first", maintain_order=True)
    )
    return chosen.height


def with_pandas(path: str) -> int:
    """Return the number of pairs."""
    import pandas as pd

    table = pd.read_parquet(path, columns=COLUMNS)
    table = table[(table.collection_id == COLLECTION) & (table.Modality == "CT") & table.analysis_result_id.isna()]
    part = table.SeriesDescription.str.split(",", expand=True)
    table = table.assign(kind=part[1], kernel=part[4], thickness=pd.to_numeric(part[6], errors="coerce"))
    axial = table[(table.kind == "OPA") & (table.thickness <= THICKEST_MM) & (table.instanceCount >= FEWEST_SLICES)]
    screens = axial[["PatientID", "StudyDate"]].drop_duplicates().sort_values(["PatientID", "StudyDate"])
    screens["next_date"] = screens.groupby("PatientID").StudyDate.shift(-1)
    both = axial.merge(screens.dropna(), on=["PatientID", "StudyDate"]).merge(
        axial, left_on=["PatientID", "next_date"], right_on=["PatientID", "StudyDate"], suffixes=("", "_1")
    )
    same = (both.kernel == both.kernel_1) & (both.Manufacturer == both.Manufacturer_1)
    both = both.assign(
        differ=~same,
        worst=both[["thickness", "thickness_1"]].max(axis=1),
        few=-(both.instanceCount + both.instanceCount_1),
    ).sort_values(["differ", "worst", "few", "SeriesInstanceUID", "SeriesInstanceUID_1"])
    return len(both.drop_duplicates(["PatientID", "StudyDate"]))


def measure(engine: str) -> None:
    """Print seconds, megabytes above the imports' peak, and pairs of one engine."""
    __import__(engine)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    path = str(open_index().path)
    started = time.perf_counter()
    pairs = globals()[f"with_{engine}"](path)
    seconds = time.perf_counter() - started
    print(seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000, pairs)


def main() -> None:
    """Run every engine a few times and print the table."""
    print("| engine | seconds (best of 3) | MB above its imports | pairs |\n|--------|------|------|------|")
    for engine in ENGINES:
        runs = []
        for _ in range(REPEATS):
            run = subprocess.run([sys.executable, __file__, engine], capture_output=True, text=True, check=True)
            runs.append([float(word) for word in run.stdout.split()])
        seconds, megabytes, pairs = min(run[0] for run in runs), max(run[1] for run in runs), runs[0][2]
        print(f"| {engine} | {seconds:.1f} | {megabytes:,.0f} | {pairs:,.0f} |")


if __name__ == "__main__":
    measure(sys.argv[1]) if len(sys.argv) > 1 else main()
