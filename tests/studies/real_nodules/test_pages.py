"""The study's page."""

import pytest

from csfnet_bundle.studies.real_nodules.pages import follow_up_markdown, real_nodules_markdown


def row(area, group, difference=None):
    areas = {"auc": area, "lower": area - 0.02, "upper": area + 0.02}
    if difference is not None:
        areas |= dict(zip(("difference", "difference_lower", "difference_upper"), difference, strict=True))
    group_row = {"nodules": 30, "malignant": 9, "auc": group}
    return {
        **areas,
        "within_folds": area,
        "clear": {**areas, "nodules": 90, "malignant": 40},
        "size": {"6 to 8 mm": group_row},
        "texture": {"solid (texture 5)": {**group_row, "auc": 0.9}},
    }


@pytest.fixture
def document():
    return {
        "cohort": {"nodules": 100, "patients": 80, "malignant": 50},
        "folds": 5,
        "command": "python -m csfnet_bundle real-nodules",
        "device": "CPU",
        "seconds": {"base, seed 0": 240.0},
        "systems": {
            "diameter": row(0.91, 0.70),
            "base, seed 0": row(0.90, 0.60, (-0.01, -0.03, 0.01)),
            "base": row(0.92, 0.69, (0.014, 0.0004, 0.028)),
            "base + diameter": row(0.93, 0.71, (0.02, 0.01, 0.03)),
        },
    }


def test_weak_groups_are_named_with_the_diameters_area(document):
    page = real_nodules_markdown(document)
    assert "Below the diameter within a group: base: 6 to 8 mm (0.690 against 0.700)." in page
    document["systems"]["base"]["size"]["6 to 8 mm"]["auc"] = 0.70
    assert "Below the diameter" not in real_nodules_markdown(document)


def test_a_limit_near_zero_tells_its_side(document):
    page = real_nodules_markdown(document)
    assert "base +0.0140 (+0.0004 to +0.0280), excludes zero" in page
    assert "base + diameter +0.020 (+0.010 to +0.030), excludes zero" in page
    document["systems"]["base"]["difference_lower"] = -0.0004
    assert "base +0.0140 (-0.0004 to +0.0280), includes zero" in real_nodules_markdown(document)


def test_the_follow_up_table_tells_what_it_took_and_what_is_not_measured():
    area = {"auc": 0.8, "lower": 0.7, "upper": 0.9}
    fold = {"areas": {"both": area}, "rank_correlation": 0.7, "unchanged": 1.0}
    document = {"command": "make-nodule-model", "training_pairs": 10, "test_pairs": 5, "folds": [fold]}
    page = follow_up_markdown(document)
    assert "minutes" not in page
    assert page.count("–") == 4
    grown = {"rank_correlation": 0.61, "read_volume": 0.72, "unchanged": 0.5}
    row = {"fold": 3, "fitted": "phantoms alone", **fold, "grown": grown}
    told = follow_up_markdown({**document, "folds": [row], "grown_pairs": 7, "seconds": {"phantoms": 540.0}})
    assert "Processor minutes: phantoms: 9." in told
    assert "phantoms alone" in told
    assert "–" not in told
    assert "0.61" in told
