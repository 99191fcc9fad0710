"""What a pre-training changes, as tables."""

from typing import Any

from csfnet_bundle.studies.benchmark.pre_training_pages import labelled_pairs_markdown, pre_training_markdown

ROW = {
    "without": "csfnet_medst_scratch",
    "pairs": 2000,
    "auc": 0.8,
    "with_auc": 0.85,
    "with_seeds": [0.84, 0.86],
    "without_seeds": [0.79, 0.81],
    "difference": 0.05,
    "difference_lower": 0.03,
    "difference_upper": 0.07,
    "difference_seed_deviation": 0.01,
    "p_delong": 0.002,
}


def _document(**changes: float) -> dict[str, Any]:
    return {
        "pre_training": {"csfnet_medst": {**ROW, **changes}},
        "common_test": {"pairs": 2000, "malignant": 990},
        "protocol": {
            "seeds": 2,
            "width": 0.125,
            "epochs": 30,
            "fits": 8,
            "hours": 0.5,
            "device": ["CPU"],
            "roi": {"size": [16, 32, 32]},
        },
    }


def test_the_table_says_on_how_many_pairs_and_whether_it_helps() -> None:
    (page,) = pre_training_markdown(_document())
    assert "the same 2000 pairs" in page
    assert "+0.050 (+0.030 to +0.070)" in page
    assert "it helps" in page
    assert "not shown" in pre_training_markdown(_document(difference_lower=-0.01))[0]
    assert "it harms" in pre_training_markdown(_document(difference_lower=-0.09, difference_upper=-0.01))[0]
    assert pre_training_markdown({"pre_training": {}}) == []


def test_labelled_pairs_stand_in_order_with_both_areas() -> None:
    page = labelled_pairs_markdown({160: _document(with_auc=0.87), 80: _document()})
    assert "2000 pairs of the common test set, 990 malignant" in page
    assert "16 fits, 1.00 hours" in page
    lines = [line for line in page.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.split("|")] for line in lines[2:]]
    assert [row[1] for row in rows] == ["80", "160"]
    assert [row[3] for row in rows] == ["0.850 (0.840, 0.860)", "0.870 (0.840, 0.860)"]
    assert rows[0][4] == "0.800 (0.790, 0.810)"
