"""Places sought in the scan of another patient, or of a body without closed lungs: none may be answered."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from csfnet_bundle.cohorts.phantom.render import Region, render_scan
from csfnet_bundle.core.errors import Refusal
from csfnet_bundle.geometry import Point
from csfnet_bundle.scans.lungs import find_lungs
from csfnet_bundle.scans.registration import align_scans, match_aligned
from csfnet_bundle.scans.scan import open_scan
from csfnet_bundle.studies.matching.files import write_volume
from csfnet_bundle.studies.matching.sources import PARENCHYMA_BELOW_HU, PHANTOM_SEED, TrialSubject

PLACES, PHANTOM_PLACES = 35, 10
"""Places for each pair of patients (two pairs of two series: 70) and of phantoms."""


def seek_in_stranger(path0: Path, path1: Path, name: str, seed: int, places: int = PLACES) -> dict[str, object]:
    """Seek random places of one patient in another's scan, and count the answers.

    Args:
        path0: the stranger's scan.
        path1: the scan with the places.
        name: for results.
        seed: of the places.
        places: how many.
    """
    scan0, scan1 = open_scan(path0), open_scan(path1)
    thinned = scan1.read_thinned()
    inside = np.argwhere(find_lungs(thinned).mask & (thinned.array < PARENCHYMA_BELOW_HU))
    rng = np.random.default_rng(seed)
    answers: list[str] = []
    try:
        aligned = align_scans(scan0, scan1)
    except Refusal as refusal:
        return {"pair": name, "answers": [str(refusal.code)] * places}
    for index in inside[rng.integers(len(inside), size=places)]:
        place = (thinned.grid.affine @ [*index, 1.0])[:3]
        try:
            match_aligned(aligned, Point.at_lps(place))
            answers.append("found")
        except Refusal as refusal:
            answers.append(str(refusal.code))
    fit = {"rms_hu": aligned.alignment.rms_hu, "dice": aligned.alignment.dice}
    return {"pair": name, "answers": answers, **fit}


def seek_without_lungs(number: int, folder: Path) -> dict[str, object]:
    """Seek the nodule of a phantom that is cropped around it, as phantom cohorts are by default."""
    scans = []
    for screen in (0, 1):
        scan = render_scan(TrialSubject(PHANTOM_SEED, number), screen, Region.PATCH)
        scans.append(open_scan(write_volume(scan.volume, folder / f"patch{number}_{screen}.nii")))
    try:
        aligned = align_scans(*scans)
        match_aligned(aligned, Point.at_lps(scan.nodule))
        answer = "found"
    except Refusal as refusal:
        answer = str(refusal.code)
    for opened in scans:
        opened.path.unlink()
    return {"pair": f"patch{number}", "answers": [answer]}
