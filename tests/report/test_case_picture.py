import dataclasses

import numpy as np

from csfnet_bundle.prediction.checkpoint import PAIR_CAVEAT
from csfnet_bundle.report import CaseImages, write_case_picture
from csfnet_bundle.report.case_picture import LINE, case_pixels, printable


def test_the_picture_is_written_and_repeats(tmp_path, case, images):
    for name in ("a.png", "b.png"):
        write_case_picture(tmp_path / name, case, images)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_the_picture_shows_both_scans(case, images):
    pixels = case_pixels(case, images)
    assert pixels.dtype == np.uint8
    dark = (pixels.max(axis=2) < 140).mean(axis=1)  # rows of pixels with lung
    assert (dark > 0.5).sum() > 2 * 80  # as high as the flat planes


def test_a_pair_without_prior_and_with_any_name_is_drawn(tmp_path, case, images):
    odd = dataclasses.replace(case, prior=False, date_t0=None, subject="$\\frac{", nodule="患者\n1", label=1)
    write_case_picture(tmp_path / "odd.png", odd, CaseImages(images.image))
    assert (tmp_path / "odd.png").stat().st_size > 10_000


def test_what_is_not_calibrated_takes_a_line_of_the_picture(case, images):
    weights = dataclasses.replace(case.weights, pair_caveat=PAIR_CAVEAT)
    said = case_pixels(dataclasses.replace(case, weights=weights), images)
    assert said.shape[0] == case_pixels(case, images).shape[0] + LINE
    assert printable(PAIR_CAVEAT) == PAIR_CAVEAT  # not cut


def test_letters_that_the_font_lacks_are_marked():
    assert printable("患者 1\n") == "?? 1?"
    assert printable("81\N{NO-BREAK SPACE}% \N{MINUS SIGN}3") == "81 % -3"
    assert len(printable("x" * 500)) == 150
