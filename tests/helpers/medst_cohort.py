"""A cohort of three screens with NIfTI scans and an abnormality table, and radiographs with reports, quickly made."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
from PIL import Image

from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.records import Datalist, FollowUpPair, Scan, save_datalist

SHAPE = (40, 40, 20)
SECTIONS = {"training": 8, "validation": 4, "test": 12}
ROI = {"size": [16, 32, 32], "spacing": [1.0, 1.0, 1.0], "window": [-1200.0, 600.0]}
GROWTH = (1.0, 1.25, 0.8)
"""Factor on the diameter from screen to screen: stable, worsening, improving, in turn over the subjects."""
DATES = tuple(f"{year}0102" for year in range(1999, 2007))
SCREENS = 3


def make_medst_cohort(folder: Path, screens: int = SCREENS, spacing: float = 1.0) -> Path:
    """Write the cohort: the record's diameters are those of the balls in the scans, whose voxels are cubes."""
    random = np.random.default_rng(0)
    sections: dict[str, tuple[FollowUpPair, ...]] = {}
    rows: list[dict[str, object]] = []
    number = 0
    for section, count in SECTIONS.items():
        pairs: list[FollowUpPair] = []
        for _ in range(count):
            number += 1
            subject = str(100_000 + number)
            diameters = [8.0 * GROWTH[number % 3] ** screen for screen in range(screens)]
            scans = [_scan(folder, subject, screen, diameters[screen], random, spacing) for screen in range(screens)]
            rows += [_row(subject, screen, diameters[screen], number) for screen in range(screens)]
            pairs += [_pair(subject, scans, first, number) for first in range(screens - 1)]
        sections[section] = tuple(pairs)
    pd.DataFrame(rows).to_csv(folder / "ctab.csv", index=False)
    header = {"name": "small cohort of three screens", "provenance": {"phantom_version": 0}}
    save_datalist(Datalist(folder, sections, header))
    return folder


def _scan(
    folder: Path, subject: str, screen: int, diameter: float, random: np.random.Generator, spacing: float
) -> Scan:
    center = np.array(SHAPE) / 2
    distance = spacing * np.linalg.norm(np.moveaxis(np.indices(SHAPE), 0, -1) - center, axis=-1)
    values = np.where(distance < diameter / 2, 40.0, -850.0) + random.normal(0, 20, SHAPE)
    path = folder / subject / f"t{screen}.nii"
    path.parent.mkdir(exist_ok=True)
    nib.Nifti1Image(values.astype(np.int16), np.diag([spacing, spacing, spacing, 1.0])).to_filename(path)
    return Scan(path=f"{subject}/t{screen}.nii", point=Point(tuple(center), Space.VOXEL), date=DATES[screen])


def _row(subject: str, screen: int, diameter: float, number: int) -> dict[str, object]:
    return {
        "pid": int(subject),
        "study_yr": screen,
        "sct_ab_num": 1,
        "sct_ab_desc": 51,
        "sct_epi_loc": 1 + number % 3,
        "sct_long_dia": round(diameter),
        "sct_perp_dia": round(diameter),
        "sct_margins": 1 + number % 2,
        "sct_pre_att": 1 + number % 2,
        "cancyr": 2,  # an outcome that must never be read
    }


def _pair(subject: str, scans: list[Scan], first: int, number: int) -> FollowUpPair:
    return FollowUpPair(
        subject=subject,
        nodule="n1" if first == 0 else f"n1-T{first}",
        t0=scans[first],
        t1=scans[first + 1],
        label=number % 2,
        interval_days=365.0,
        clinical={"age": 55 + number, "gender": 1 + number % 2, "cigsmok": number % 2, "scr_res0": 4},
    )


def make_radiographs(folder: Path, patients: int = 12) -> Path:
    """Write radiographs and the table of their reports; the brightness of a study's images is 10 times its number."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for patient in range(patients):
        for study in range(3):
            number = patient * 3 + study
            views = {}
            for view, extra in (("frontal", 0), ("lateral", 4)):
                name = f"{patient}_{study}_{view}.png"
                Image.fromarray(np.full((20, 16), 2 * number + extra, np.uint8)).save(folder / name)
                views[view] = name
            if number % 4 == 0:
                views["lateral"] = ""
            section = ("training", "validation", "test")[patient % 3]
            report = f"Opacity number {number} is seen."
            date = f"20{20 + study}-03-0{1 + study}"
            rows.append({"patient": f"p{patient}", "date": date, "report": report, **views, "section": section})
    # The order of the rows is not that of time.
    table = pd.DataFrame(rows).sample(frac=1, random_state=1)
    table.to_csv(folder / "reports.csv", index=False)
    return folder / "reports.csv"


def make_task_tables(folder: Path, patients: int = 8) -> dict[str, str]:
    """Write a table for each of the four evaluations; bright images have the finding."""
    random = np.random.default_rng(0)
    images, pairs, sentences = [], [], []
    for patient in range(patients):
        label = patient % 2
        for study in range(2):
            name = f"task_{patient}_{study}.png"
            pixels = random.integers(0, 60, (24, 24)) + 180 * label
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name)
        images.append({"patient": patient, "frontal": f"task_{patient}_0.png", "label": label})
        first, second = f"task_{patient}_0.png", f"task_{(patient + 1) % patients}_1.png"
        change = "worsening" if label == 0 else "improving"
        pairs.append({"patient": patient, "previous_frontal": first, "frontal": second, "change": change})
        other = "The opacity has grown." if label else "The opacity has shrunk."
        sentences.append({"patient": patient, "first": "The opacity is larger.", "second": other, "label": label})
    tables = {"temporal_image": pairs, "temporal_sentence": sentences, "zero_shot": images, "probe": images}
    paths = {}
    for name, rows in tables.items():
        pd.DataFrame(rows).to_csv(folder / f"{name}.csv", index=False)
        paths[name] = str(folder / f"{name}.csv")
    return paths
