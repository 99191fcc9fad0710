"""Time the loading of a long datalist: ``python scripts/measure_long_datalist.py [--records 50000]``."""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))

from csfnet_bundle.records import load_datalist  # noqa: E402 - after the path is set

SECTIONS = ("training", "validation", "test")


def record(number: int) -> dict[str, object]:
    """Return a record with what those of NLST have."""
    scans = [
        {
            "path": f"images/{number // 3}/1.2.840.113654.2.55.{10**29 + 7919 * number + time}",
            "series_uid": f"1.2.840.113654.2.55.{10**29 + 7919 * number + time}",
            "date": date,
            "point": [-31.25 + number % 17, 45.125, -140.5 + time],
            "space": "LPS",
        }
        for time, date in enumerate(("19990102", "20000102"))
    ]
    return {
        "subject": str(number // 3),
        "nodule": f"{number}-T0-T1",
        "label": number % 2,
        "t0": scans[0],
        "t1": scans[1],
        "interval_days": 366,
        "clinical": {"age": 61, "gender": 1, "race": 1, "cigsmok": 0, "pkyr": 45.5},
        "strata": {"diameter_t0_mm": 6.5, "scanner": "SIEMENS Volume Zoom", "kernel": "B30f", "slice_mm": 2.0},
    }


def main() -> None:
    """Print seconds of processor time, and memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=50_000)
    count = parser.parse_args().records
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "datalist.json"
        records = {name: [] for name in SECTIONS}
        for number in range(count):
            records[SECTIONS[number // 3 % 3]].append(record(number))
        with file.open("w") as stream:
            json.dump({"schema_version": "1.0", **records}, stream, indent=1)
        size = file.stat().st_size
        del records
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.process_time()
        load_datalist(file)
        first = time.process_time()
        load_datalist(file)
        second = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{count:,} records, {size / 1e6:.0f} MB: {first - started:.2f} s, again {second - first:.2f} s")
    print(f"seconds of processor time, at a load of {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    print(f"memory of the process at most {peak / 1e3:.0f} MB (before {before / 1e3:.0f} MB)")


if __name__ == "__main__":
    main()
