"""Follow-up screenings in the whole index: for every participant the axial series of each screen, paired by kernel.

This is what a reader needs who marks nodules himself: which two scans of a participant to open. DuckDB does it in the
index file, without loading it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from csfnet_bundle.cohorts.nlst.index import SeriesIndex, load_duckdb
from csfnet_bundle.cohorts.nlst.sighting import SCREEN_DATES
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import atomic_path
from csfnet_bundle.scans.dicom.kernels import Sharpness, kernel_sharpness

COLLECTION = "nlst"
THICKEST_MM = 3.2
"""mm. Thicker slices miss what a 16 mm ROI should show; 3.2 keeps Philips's usual reconstructions in."""
FEWEST_SLICES = 50
"""A chest in slices of 3.2 mm has more; fewer are localizers or parts of a scan."""
_TOTAL = """
SELECT count(*), count(DISTINCT PatientID) FROM read_parquet(?) WHERE collection_id = ? AND Modality = 'CT'
"""
_KERNELS = """
SELECT DISTINCT coalesce(Manufacturer, ''), trim(string_split(SeriesDescription, ',')[5])
FROM read_parquet(?) WHERE collection_id = ? AND len(string_split(SeriesDescription, ',')) >= 5
"""
_AXIAL = """
CREATE OR REPLACE TEMP TABLE axial AS
SELECT PatientID, StudyDate, SeriesInstanceUID, instanceCount, series_size_MB, kernel, thickness,
       list_contains($soft, {'maker': maker, 'kernel': kernel}) AS soft, maker
FROM (
    SELECT *, string_split(SeriesDescription, ',') AS part, trim(part[5]) AS kernel, Manufacturer AS maker,
           TRY_CAST(part[7] AS DOUBLE) AS thickness, replace(CAST(StudyDate AS VARCHAR), '-', '') AS day
    FROM read_parquet($path)
    WHERE collection_id = $collection AND Modality = 'CT' AND analysis_result_id IS NULL
)
WHERE part[2] = 'OPA' AND thickness <= $thickest AND instanceCount >= $fewest AND list_position($dates, day) > 0
  AND TRY_CAST(part[1] AS INTEGER) = list_position($dates, day) - 1
"""
_FOLLOW_UPS = """
CREATE OR REPLACE TEMP TABLE followups AS
WITH neighbours AS (
    SELECT PatientID, StudyDate, lead(StudyDate) OVER (PARTITION BY PatientID ORDER BY StudyDate) AS next_date
    FROM (SELECT DISTINCT PatientID, StudyDate FROM axial)
), choices AS (
    SELECT a.PatientID AS patient, a.StudyDate AS date0, b.StudyDate AS date1,
           a.SeriesInstanceUID AS series0, b.SeriesInstanceUID AS series1,
           a.kernel AS kernel0, b.kernel AS kernel1, a.thickness AS thickness0, b.thickness AS thickness1,
           a.series_size_MB + b.series_size_MB AS megabytes,
           row_number() OVER (
               PARTITION BY a.PatientID, a.StudyDate
               ORDER BY a.kernel = b.kernel AND a.maker = b.maker DESC, greatest(a.thickness, b.thickness),
                        a.soft AND b.soft DESC, a.instanceCount + b.instanceCount DESC,
                        a.SeriesInstanceUID, b.SeriesInstanceUID
           ) AS rank
    FROM axial AS a JOIN neighbours AS n USING (PatientID, StudyDate)
    JOIN axial AS b ON b.PatientID = n.PatientID AND b.StudyDate = n.next_date
)
SELECT * EXCLUDE (rank) FROM choices WHERE rank = 1 ORDER BY patient, date0
"""
_PAIRED = """
WITH counted AS (
    SELECT count(*) AS pairs, count(DISTINCT patient) AS patients,
           count(*) FILTER (WHERE kernel0 = kernel1) AS same
    FROM followups
), needed AS (
    SELECT coalesce(sum(series_size_MB), 0) / 1000 AS gigabytes FROM axial
    WHERE SeriesInstanceUID IN (SELECT series0 FROM followups UNION SELECT series1 FROM followups)
)
SELECT (SELECT count(*) FROM axial), pairs, patients, same, gigabytes FROM counted, needed
"""


@dataclass(frozen=True)
class ScreeningCounts:
    """What the index holds and what became of it.

    Attributes:
        series: CT series of the collection.
        patients: their patients.
        axial_series: those that are axial, thin enough and whole.
        pairs: pairs of neighbouring screens.
        paired_patients: their patients.
        same_kernel: pairs whose two series have one maker's one kernel.
        gigabytes: size of all paired series, GB.
    """

    series: int
    patients: int
    axial_series: int
    pairs: int
    paired_patients: int
    same_kernel: int
    gigabytes: float


def pair_screenings(index: SeriesIndex, out: Path) -> ScreeningCounts:
    """Write ``screenings.csv``, one row for two neighbouring screens of a participant, and return the counts.

    Raises:
        BundleError: the file is no index of the Imaging Data Commons.
    """
    duckdb = load_duckdb()
    connection = duckdb.connect()
    try:
        total = connection.execute(_TOTAL, [str(index.path), COLLECTION]).fetchone()
        if not total[0]:
            raise BundleError(f"the index has no CT series of {COLLECTION}", record=str(index.path))
        connection.execute(_AXIAL, _parameters(index, _soft_kernels(connection, index)))
        connection.execute(_FOLLOW_UPS)
        paired = connection.execute(_PAIRED).fetchone()
        with atomic_path(out / "screenings.csv") as temporary:
            connection.table("followups").write_csv(str(temporary))
    except duckdb.Error as error:
        raise index.unreadable(error) from None
    finally:
        connection.close()
    return ScreeningCounts(*total, *paired)


def _parameters(index: SeriesIndex, soft: list[dict[str, str]]) -> dict[str, object]:
    return {
        "path": str(index.path),
        "collection": COLLECTION,
        "thickest": THICKEST_MM,
        "fewest": FEWEST_SLICES,
        "dates": list(SCREEN_DATES),
        "soft": soft,
    }


def _soft_kernels(connection: Any, index: SeriesIndex) -> list[dict[str, str]]:
    """Return the makers' soft kernels among those that the descriptions of the index name."""
    rows = connection.execute(_KERNELS, [str(index.path), COLLECTION]).fetchall()
    soft = [(maker, kernel) for maker, kernel in rows if kernel_sharpness(kernel, maker) is Sharpness.SOFT]
    return [{"maker": maker, "kernel": kernel} for maker, kernel in soft]
