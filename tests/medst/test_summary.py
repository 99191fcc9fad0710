from csfnet_bundle.medst.summary import NOT_JUDGED, evaluation_markdown

DOCUMENT = {
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


def test_every_task_is_told_with_its_chance() -> None:
    page = evaluation_markdown(DOCUMENT)
    rows = {line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")] for line in page.splitlines()[2:7]}
    assert rows["temporal_image"][2:6] == ["48", "–", "0.500", "0.333"]
    assert rows["probe"][2:6] == ["24", "0.750", "0.700", "0.500"]
    assert "Phantoms, not patients" in page
    assert "phantom cohort, test patients" in page
    patients = {**DOCUMENT, "pretraining": {}}
    assert "Phantoms" not in evaluation_markdown(patients)
    assert "Phantoms, not patients" in evaluation_markdown({**patients, "tables": {"probe": {"phantom": True}}})


def test_what_was_not_judged_says_why() -> None:
    assert "zero_shot: not judged, there is one class alone" in evaluation_markdown(DOCUMENT)


def test_what_the_words_look_at_is_told_where_it_was_read_out() -> None:
    found = {"studies": 12, "pointing_game": 0.4, "pointing_chance": 0.3, "contrast_to_noise": -0.1}
    page = evaluation_markdown({**DOCUMENT, "interpretation": found})
    assert "in 12 studies: pointing game 0.400, pointing chance 0.300, contrast to noise -0.100" in page
