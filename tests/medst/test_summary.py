from typing import Any

from csfnet_bundle.medst.summary import NOT_JUDGED, evaluation_markdown

DOCUMENT: dict[str, Any] = {
    "checkpoint": "model.pt",
    "pretraining": {"trained_on": "phantom cohort, training patients", "phantom": True},
    "data": {"name": "phantom cohort"},
    "section": "test",
    "tables": {},
    "tasks": {
        "temporal_image": {"balanced_accuracy": 0.5, "accuracy": 0.6, "chance_balanced_accuracy": 1 / 3, "rows": 48},
        "probe": {"auroc": 0.75, "balanced_accuracy": 0.7, "accuracy": 0.72, "rows": 24},
        "zero_shot": {NOT_JUDGED: "there is one class alone"},
    },
}


def _rows(page: str) -> dict[tuple[str, str], list[str]]:
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| ")]
    return {(row[0], row[1]): row[2:] for row in cells}


def test_every_task_is_told_with_its_chance() -> None:
    page = evaluation_markdown(DOCUMENT)
    rows = _rows(page)
    assert rows["temporal_image", "balanced accuracy"] == ["0.500", "0.333", "48"]
    assert rows["probe", "AUROC"] == ["0.750", "0.500", "24"]
    assert "Phantoms, not patients" in page
    assert "phantom cohort, test patients" in page
    patients = {**DOCUMENT, "pretraining": {}}
    assert "Phantoms" not in evaluation_markdown(patients)
    assert "Phantoms, not patients" in evaluation_markdown({**patients, "tables": {"probe": {"phantom": True}}})


def test_what_was_not_judged_says_why() -> None:
    assert "zero_shot: not judged, there is one class alone" in evaluation_markdown(DOCUMENT)


def test_losses_retrieval_and_pointing_stand_beside_their_chance() -> None:
    document = {
        **DOCUMENT,
        "held_out": {"batches": 2, "studies_a_batch": 30, "losses": {"global": {"value": 5.5, "chance": 6.8}}},
        "interpretation": {"studies": 12, "pointing_game": 0.4, "pointing_chance": 0.3, "contrast_to_noise": -0.1},
        "tasks": {
            "retrieval": {"median_rank": 0.2, "right_of_patient": 0.5, "chance_right_of_patient": 0.333, "rows": 60}
        },
    }
    rows = _rows(evaluation_markdown(document))
    assert rows["loss, global", "lower is better"] == ["5.500", "6.800", "60"]
    assert rows["retrieval", "median rank, lower is better"] == ["0.200", "0.500", "60"]
    assert rows["retrieval", "the right one of the patient's studies"] == ["0.500", "0.333", "60"]
    assert rows["words about the nodule", "pointing game"] == ["0.400", "0.300", "12"]


def test_probes_come_last_beside_a_random_encoder() -> None:
    probe = {"auroc": 0.8, "rows": 24, "untrained": {"auroc": 0.7, "rows": 24}}
    page = evaluation_markdown({**DOCUMENT, "tasks": {"probe_malignancy": probe, **DOCUMENT["tasks"]}})
    assert _rows(page)["probe_malignancy", "AUROC"] == ["0.800", "0.700", "0.500", "24"]
    assert page.index("random encoder") > page.index("temporal_image")
