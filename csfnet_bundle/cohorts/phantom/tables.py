"""The phantom cohort's participant and abnormality tables, with NLST's columns and codes, and the truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

from csfnet_bundle.cohorts.phantom.label_model import ATTENUATIONS
from csfnet_bundle.cohorts.phantom.oracle import SUBSETS, oracle_scores
from csfnet_bundle.cohorts.phantom.subject import Subject
from csfnet_bundle.cohorts.phantom.two_nodules import OTHER, TwoNoduleSubject, two_nodule_oracle
from csfnet_bundle.core.files import write_atomically

PARTICIPANTS, ABNORMALITIES, TRUTH = "prsn.csv", "ctab.csv", "truth.csv"
DATASET_VERSION = "phantom"
NLST_SCREENS = 3
NODULE_CODE = 51
"""sct_ab_desc: non-calcified nodule or mass of at least 4 mm."""
ATTENUATION_CODES = (1, 3, 2)
"""sct_pre_att of solid (soft tissue), part-solid (mixed) and ground-glass."""
SPICULATED, SMOOTH, POORLY_DEFINED = 1, 2, 3
SPICULATED_ABOVE = 0.5
ENLARGING_RATIO = 1.25
"""Volume ratio from which the screen's official result calls the nodule enlarging."""
ENLARGING_CODE, STABLE_CODE = 4, 5
DIAGNOSIS_DELAY = 60
FOLLOW_UP_DAYS = 2400
CANCER_COLUMNS = (
    "loclhil",
    "locllow",
    "loclup",
    "locrhil",
    "locrlow",
    "locrmid",
    "locunk",
    "locrup",
    "locoth",
    "locmed",
    "loclmsb",
    "locrmsb",
    "loccar",
    "loclin",
    "lesionsize",
    "de_type",
    "de_grade",
    "de_stag",
    "de_stag_7thed",
)
LOBE_COLUMNS = {1: "locrup", 2: "locrmid", 3: "locrlow", 4: "loclup", 6: "locllow"}


def write_tables(
    folder: Path, subjects: Sequence[Subject], slices: Sequence[Sequence[int]], sections: Sequence[str]
) -> None:
    """Write prsn.csv, ctab.csv and truth.csv.

    Args:
        folder: the cohort's folder.
        subjects: all of them, in order.
        slices: for each subject and screen the InstanceNumber of the slice through the nodule's middle.
        sections: the datalist's section of each subject; those of ``inference`` have no outcome in the participant
            table, just as a screening programme does not know it yet.
    """
    participants = [_participant(subject, section) for subject, section in zip(subjects, sections, strict=True)]
    abnormalities = [
        _abnormality(subject, screen, number)
        for subject, numbers in zip(subjects, slices, strict=True)
        for screen, number in enumerate(numbers)
    ]
    _write(folder / PARTICIPANTS, pd.DataFrame(participants))
    _write(folder / ABNORMALITIES, pd.DataFrame(abnormalities))
    _write(folder / TRUTH, truth_table(subjects, sections))


def truth_table(subjects: Sequence[Subject], sections: Sequence[str]) -> pd.DataFrame:
    """Return what no reader of the scans knows: the latents, the label, and the oracle's score for every subset.

    With two nodules the oracle is that of all inputs alone.
    """
    latents = pd.DataFrame([subject.latents for subject in subjects]).reset_index(drop=True)
    whole = ["attenuation", "age_bin", "sex", "race", "smoker", "isolation", "result", "label"]
    latents = latents.astype(dict.fromkeys(whole, int))
    if isinstance(subjects[0], TwoNoduleSubject):
        latents = latents.astype({f"{OTHER}attenuation": int})
        scores = {"oracle_all": expit(two_nodule_oracle(latents))}
    else:
        scores = {
            f"oracle_{subset}": oracle_scores(latents, subset, prevalence=subjects[0].prevalence) for subset in SUBSETS
        }
    names = {"subject": [subject.patient_id for subject in subjects], "section": list(sections)}
    named = latents["attenuation"].map(dict(enumerate(ATTENUATIONS))).rename("attenuation_name")
    return pd.concat([pd.DataFrame(names), latents, named, pd.DataFrame(scores)], axis=1)


def _participant(subject: Subject, section: str) -> dict[str, object]:
    known = section != "inference"
    malignant = bool(subject.label) and known
    row: dict[str, object] = {"pid": int(subject.patient_id), "dataset_version": DATASET_VERSION, **subject.clinical}
    ratio = float(np.exp(subject.latents["growth"]))
    for screen in range(1, NLST_SCREENS):
        made = screen < subject.screens
        row[f"scr_iso{screen}"] = ENLARGING_CODE if made else None
        row[f"scr_res{screen}"] = (ENLARGING_CODE if ratio > ENLARGING_RATIO else STABLE_CODE) if made else None
    for screen in range(NLST_SCREENS):
        row[f"scr_days{screen}"] = subject.screen_days[screen] if screen < subject.screens else None
    last = subject.screens - 1
    diagnosis = subject.screen_days[last] + DIAGNOSIS_DELAY
    row["cancyr"] = last if malignant else None
    row["can_scr"] = int(malignant) if known else None
    row["canc_rpt_link"] = int(malignant) if known else None
    row["candx_days"] = diagnosis if malignant else None
    row["canc_free_days"] = (diagnosis if malignant else FOLLOW_UP_DAYS) if known else None
    row.update(dict.fromkeys(CANCER_COLUMNS))
    if malignant:
        row[LOBE_COLUMNS[subject.outline.lobe]] = 1
        row["lesionsize"] = round(subject.nodule(last).diameter)
    return row


def _abnormality(subject: Subject, screen: int, slice_number: int) -> dict[str, object]:
    nodule = subject.nodule(screen)
    axes = np.sort(subject.shape.half_axes)[::-1]
    spiculated = nodule.spiculation > SPICULATED_ABOVE
    return {
        "pid": int(subject.patient_id),
        "dataset_version": DATASET_VERSION,
        "study_yr": screen,
        "sct_ab_num": 1,
        "sct_ab_desc": NODULE_CODE,
        "sct_epi_loc": subject.outline.lobe,
        "sct_long_dia": round(nodule.diameter * float(axes[0])),
        "sct_perp_dia": round(nodule.diameter * float(axes[1])),
        "sct_margins": SPICULATED if spiculated else POORLY_DEFINED if nodule.attenuation == 2 else SMOOTH,
        "sct_pre_att": ATTENUATION_CODES[nodule.attenuation],
        "sct_slice_num": slice_number,
        "sct_found_after_comp": None,
    }


def _write(path: Path, table: pd.DataFrame) -> None:
    # Whole numbers stay whole beside empty cells; nine digits keep truth.csv the same on every platform.
    write_atomically(path, table.convert_dtypes().to_csv(index=False, float_format="%.9g"))
