from typing import Any

from csfnet_bundle.studies.medst.pages import CANNOT_JUDGE, study_markdown
from csfnet_bundle.studies.medst.results import TOLD, correct, difference, summarise


def _row(values: list[float], differences: list[float], compared_with: str = "default") -> dict[str, Any]:
    return {
        "compared_with": compared_with,
        "what": "",
        "seeds": list(range(len(values))),
        "differences": {},
        "metrics": {metric: summarise(values) for metric in TOLD},
        "difference": {metric: difference([]) for metric in TOLD} | {"temporal_sentence": difference(differences)},
    }


def _document(rows: dict[str, Any]) -> dict[str, Any]:
    correct(rows)
    return {
        "command": "python -m csfnet_bundle medst-study",
        "cohort": {"name": "phantoms", "phantom": True, "datalist_sha256": "ab" * 32},
        "overrides": {"train#trainer#max_epochs": 4},
        "control_noticed": True,
        "variants": rows,
    }


def test_two_seeds_have_neither_interval_nor_verdict() -> None:
    """Whatever their interval: one over two seeds leaves zero out as soon as both agree."""
    rows = {"default": _row([0.7, 0.8, 0.75], [0, 0, 0]), "mispaired": _row([0.5, 0.6], [-0.2, -0.2001])}
    assert rows["mispaired"]["difference"]["temporal_sentence"]["upper"] < 0
    page = study_markdown(_document(rows))
    assert "`mispaired`: too few seeds for a verdict." in page
    assert "No variant has more than 2 seeds, so nothing is tested and no verdict is given." in page
    assert "than the default" not in page
    assert "| -0.200 " in page


def test_only_differences_beyond_their_interval_are_told() -> None:
    rows = {
        "default": _row([0.7, 0.8, 0.75], [0, 0, 0]),
        "mispaired": _row([0.5, 0.6, 0.55], [-0.2, -0.21, -0.19]),
        "no_temporal": _row([0.7, 0.8, 0.75], [-0.1, 0.1, 0.02]),
        "faithful": _row([0.7, 0.8, 0.75], [0.1, 0.2, 0.17]),
        "window_2": _row([0.7, 0.8], [], compared_with="window_3"),
    }
    document = _document(rows)
    page = study_markdown(document)
    assert "(positive control)? `mispaired`: lower than the default in change sentences\\*." in page
    assert "`faithful`: higher than the default in change sentences." in page, (
        "it does not hold after Holm's correction"
    )
    assert "There are 3 differences: were there no effect at all, 0 of them would leave zero out; 2 do." in page
    assert "`no_temporal`: no difference to the default that these seeds can show." in page
    assert "**-0.200 (-0.225 to -0.175)**" in page
    assert "+0.007 (-0.243 to +0.257)" in page
    assert "**phantoms**" in page
    assert "Differences to the default (of `window_2` to `window_3`), paired by seed" in page
    assert "Seeds: 3 of `default`, `mispaired`, `no_temporal`, `faithful`; 2 of `window_2`. Not run: `" in page
    assert not page.startswith(CANNOT_JUDGE)
    assert study_markdown({**document, "control_noticed": False}).startswith(CANNOT_JUDGE)


def test_the_chance_is_that_of_the_cohort_and_not_of_three_screens() -> None:
    rows = {"default": _row([0.5, 0.5], [0.0, 0.0])}
    rows["default"]["metrics"]["right_of_patient_chance"] = summarise([0.125])
    assert "right of the patient's studies 0.12, areas .5" in study_markdown(_document(rows))
    del rows["default"]["metrics"]["right_of_patient_chance"]  # as results of before had none
    assert "right of the patient's studies one of their number, areas .5" in study_markdown(_document(rows))
