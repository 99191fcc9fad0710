import dataclasses
import re

import numpy as np
import pytest

from csfnet_bundle.core.alarm import CHECK_POINT
from csfnet_bundle.nodule.flags import Flag, FlagCode
from csfnet_bundle.report import CaseImages, write_case_report

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>\'"&'


def test_the_page_needs_no_other_file_and_has_alt_texts_and_headings(tmp_path, case, images, read_page):
    page = read_page(write_case_report(tmp_path, case, images))
    page.assert_self_contained_and_accessible()
    assert len(page.pictures) == 6 + 3  # three planes of t0 and t1, and of the attention
    assert "default-src 'none'" in page.source


def test_the_page_says_what_a_reader_needs(tmp_path, case, images, read_page):
    path = write_case_report(tmp_path / "reports", case, images)
    assert path.name == "100012_1.html"
    text = read_page(path).text
    for expected in (
        "Nodule 1 of patient 100012",
        "t0 1999-01-02, t1 2000-01-02, 365 days (1.0 years) apart",
        "72 % probability of malignancy (0.723)",
        "At or above the threshold of 41 %",
        "For a patient this number means nothing",
        "about 72 of 100 phantom nodules",
        "Trained on computer-made phantoms (phantom-512)",
        "Temperature 1.310",
        "128 validation pairs, 66 of them malignant",
        "Diameter at t0 in the datalist 8.0 mm",
        "Diameter at t1 in the datalist 12.0 mm",
        "Volume doubling time 208 days",
        "Cigarette smoking current",
        "Screening result at T0 missing",
        "Missing: Screening result at T0, Isolation reading at T0.",
        "slice thickness differs",
        "torch 2.13.0",
        "level −600 HU, width 1500 HU",
        "The white bar has the length beside it",
        "27 clicks within 2 mm give 0.690 to 0.755.",
        "Nothing says that training had to select a place, so the map is no evidence of where anything lies.",
        "10 mm",
    ):
        assert expected in text
    assert text.count("Not a medical device.") == 2


def test_weights_trained_on_patients_tell_where_the_calibration_holds(tmp_path, case, images, read_page):
    weights = dataclasses.replace(case.weights, phantoms=False, trained_on="398 NLST pairs")
    text = read_page(write_case_report(tmp_path, dataclasses.replace(case, weights=weights), images)).text
    assert "means nothing" not in text
    assert "about 72 of 100 nodules that get this number are malignant" in text
    assert "52 % of 128 validation pairs were malignant" in text


def test_hostile_text_stays_text(tmp_path, case, images, read_page):
    weights = dataclasses.replace(case.weights, name=HOSTILE, trained_on=HOSTILE)
    hostile = dataclasses.replace(
        case,
        subject=HOSTILE,
        nodule="../../" + HOSTILE,
        weights=weights,
        clinical={HOSTILE: HOSTILE},
        missing=(HOSTILE,),
        findings=(HOSTILE,),
        versions={HOSTILE: HOSTILE},
    )
    path = write_case_report(tmp_path, hostile, images)
    assert path.parent == tmp_path
    page = read_page(path)
    page.assert_self_contained_and_accessible()
    assert "script" not in page.tags
    assert len(page.pictures) == 6 + 3  # three planes of t0 and t1, and of the attention
    assert page.text.count(HOSTILE) >= 8


def test_without_prior_and_attention_the_page_says_so(tmp_path, case, images, read_page):
    bare = dataclasses.replace(
        case, prior=False, date_t0=None, interval_days=None, diameter_t0_mm=None, missing=(), findings=()
    )
    page = read_page(write_case_report(tmp_path, bare, CaseImages(images.image)))
    assert len(page.pictures) == 3
    for expected in (
        "no t0, t1 2000-01-02",
        "No prior scan. The answer is from t1 alone.",
        "Growth cannot be computed",
        "There was no scan t0; t1 stood in its place.",
    ):
        assert expected in page.text


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"diameter_t1_mm": 8.0}, "No change, so there is no doubling time."),
        ({"diameter_t1_mm": 5.0}, "The volume halves in"),
        ({"diameter_t1_mm": 9.0}, "within what two measurements differ by"),
        ({"diameter_t1_mm": None}, "Diameter at t1 in the datalist not known"),
        ({"band": None}, "How much the number depends on the click was not computed."),
        ({"interval_days": None}, "The doubling time needs the interval"),
        ({"interval_days": 360}, "Interval 360 days; the dates, 365 days (1.0 years) apart, may have been shifted"),
        ({"probability": 0.001}, "fewer than 1 of 100 phantom nodules"),
        ({"probability": 1.0}, "over 99 % probability"),
        ({"label": 0}, "True label in the datalist: benign"),
        ({"missing": ()}, "Nothing was missing."),
    ],
)
def test_odd_values_are_put_in_words(tmp_path, case, images, read_page, changes, expected):
    assert expected in read_page(write_case_report(tmp_path, dataclasses.replace(case, **changes), images)).text


def test_findings_against_the_input_stand_before_the_number(tmp_path, case, images, read_page):
    doubted = dataclasses.replace(case, findings=(f"t1: {CHECK_POINT}: it lies in air.", "Left out 1 localizer."))
    page = read_page(write_case_report(tmp_path, doubted, images))
    assert page.text.index("it lies in air") < page.text.index("probability of malignancy")
    assert page.text.index("Left out 1 localizer") > page.text.index("probability of malignancy")
    assert 'role="alert"' in page.source
    assert 'role="alert"' not in read_page(write_case_report(tmp_path, case, images)).source


def test_flat_attention_is_not_shown(tmp_path, case, images, read_page):
    assert "Where the network looked" in read_page(write_case_report(tmp_path, case, images)).text
    flat = dataclasses.replace(images, attention=np.full((2, 8, 8), 1 / 128))
    assert "Where the network looked" not in read_page(write_case_report(tmp_path, case, flat)).text


def test_the_occlusion_map_is_shown_where_it_was_asked_for(tmp_path, case, images, read_page):
    assert "Occlusion" not in read_page(write_case_report(tmp_path, case, images)).text
    explained = dataclasses.replace(images, explanation=np.linspace(-1, 2, 16 * 64 * 64).reshape(16, 64, 64))
    page = read_page(write_case_report(tmp_path, case, explained))
    assert "Changes range from −1.00 to 2.00." in page.text


def test_measurements_growth_and_guidelines_are_shown(tmp_path, case, images, measured, read_page):
    text = read_page(write_case_report(tmp_path, dataclasses.replace(case, measured=measured), images)).text
    for expected in (
        f"Volume {measured.t0.volume_mm3:.0f} mm³ {measured.t1.volume_mm3:.0f} mm³",
        measured.growth.text,
        "Lung-RADS v2022",
        "Fleischner Society 2017",
        "BTS 2015",
        "No advice.",
        "Type, by its core solid, core",
        "Nothing makes the measurements doubtful.",
    ):
        assert expected in text
    assert "mm3" not in text


def test_a_doubtful_volume_is_told_beside_growth_and_guidelines(tmp_path, case, images, measured, read_page):
    flags = (Flag(FlagCode.METHODS_DISAGREE, "The network measures 1 mm³, the classical method 2 mm³."),)
    doubted = dataclasses.replace(measured, t1=dataclasses.replace(measured.t1, flags=flags))
    doubted = dataclasses.replace(doubted, notes=(doubted.doubt,))
    text = read_page(write_case_report(tmp_path, dataclasses.replace(case, measured=doubted), images)).text
    assert "t1: The network measures 1 mm³, the classical method 2 mm³." in text
    told = "Growth and guideline groups are doubtful, since the volume is: in t1 the methods disagree."
    growth, guidelines, first = (text.index(words) for words in (measured.growth.text, "No advice.", "Lung-RADS v2022"))
    places = [place.start() for place in re.finditer(re.escape(told), text)]
    assert len(places) == 2
    assert growth < places[0] < guidelines < places[1] < first


def test_both_scans_are_shown_whole_and_in_three_planes(tmp_path, case, images, chest_pictures, read_page):
    page = read_page(write_case_report(tmp_path, case, images, {"t0": chest_pictures, "t1": chest_pictures}))
    page.assert_self_contained_and_accessible()
    maps = 3  # the attention, which is not flat
    assert len(page.pictures) == 2 * 4 + maps
    assert "t1: whole axial slice with a box of 32 x 32 mm" in page.source
    assert "50 mm" in page.text
