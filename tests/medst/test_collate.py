from pathlib import Path

import torch

from csfnet_bundle.medst import CollateWindows, LoadWindow, SentenceTokenizer, StudyViews, study_sequences, windows


def test_rows_are_studies(screens: Path, views: StudyViews, tokenizer: SentenceTokenizer) -> None:
    sequences = study_sequences(screens, "training")
    load = LoadWindow(views)
    chosen = [windows(sequences, 3)[0], windows(sequences, 2)[3]]
    batch = CollateWindows(tokenizer, changes=True)([load(window) for window in chosen])
    assert batch["sequence"].tolist() == [0, 0, 0, 1, 1]
    assert batch["position"].tolist() == [0, 1, 2, 0, 1]
    assert batch["views"].shape == (5, 2, 3, 64, 64)
    assert len(batch["text_group"].unique()) == 5
    study = chosen[1].studies[1]
    assert torch.equal(batch["views"][4], views(study)[0])
    own = tokenizer.encode([study.text])["token_ids"][0]
    assert batch["token_ids"][4, : len(own)].tolist() == own.tolist()
    assert batch["change_token_ids"].shape == batch["reversed_token_ids"].shape
    change = tokenizer.encode([study.change_text])["token_ids"][0]
    assert batch["change_token_ids"][4, : len(change)].tolist() == change.tolist()


def test_changes_that_nobody_tells_are_marked(views: StudyViews, tokenizer: SentenceTokenizer, screens: Path) -> None:
    record = LoadWindow(views)(windows(study_sequences(screens, "training"), 3)[0])
    partly = {**record, "change_texts": ["", "", record["change_texts"][2]]}
    batch = CollateWindows(tokenizer, changes=True)([record, partly])
    assert batch["change_known"].tolist() == [False, True, True, False, False, True]
