from pathlib import Path

import numpy as np
import pytest
import torch

from csfnet_bundle.medst import (
    Pretrained,
    PretrainingNetwork,
    SentenceTokenizer,
    StudyViews,
    all_studies,
    study_sequences,
)
from csfnet_bundle.medst.interpretation import contrast_to_noise, read_out, view_similarity


def test_contrast_to_noise_by_hand() -> None:
    attention = np.array([3.0, 5.0, 1.0, 2.0, 0.0])
    inside = np.array([True, True, False, False, False])
    assert contrast_to_noise(attention, inside) == pytest.approx((4 - 1) / np.sqrt(1 + 2 / 3))


def test_equal_views_are_alike_and_others_are_not() -> None:
    random = np.random.default_rng(0)
    first, other = random.normal(size=(2, 400, 6))
    same = view_similarity(first, first)
    assert same["cosine"] == pytest.approx(1)
    assert same["cka"] == pytest.approx(1)
    turned = view_similarity(first, first @ np.linalg.qr(random.normal(size=(6, 6)))[0])
    assert turned["cka"] == pytest.approx(1), "turning a view's space does not change what it holds"
    unlike = view_similarity(first, other)
    assert unlike["cka"] < 0.2
    assert unlike["mutual_information"] < 0.1 < same["mutual_information"]


def test_attention_on_the_nodule_is_found(
    screens: Path, views: StudyViews, network: PretrainingNetwork, tokenizer: SentenceTokenizer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """With attention where the picture is bright, which is where the nodule was moved to, and where it is dark."""
    pretrained = Pretrained(network, tokenizer, views.roi.to_plain(), (), {})
    studies = all_studies(study_sequences(screens, "test"))[:12]

    def looking(sign: int) -> object:
        def attention(self: PretrainingNetwork, embeddings: object) -> torch.Tensor:
            words = embeddings.word_mask.shape[1]  # type: ignore[attr-defined]
            bright = torch.nn.functional.adaptive_avg_pool2d(seen[-1][:, :, 1], self.image_encoder.grid)  # (N, V, G, G)
            return (sign * bright.flatten(1))[:, None].expand(-1, words, -1)

        return attention

    seen: list[torch.Tensor] = []
    original = StudyViews.project

    def remember(self: StudyViews, regions: torch.Tensor, offset: torch.Tensor) -> torch.Tensor:
        made = original(self, regions, offset)
        if regions.unique().numel() > 2:  # the scans, not the balls
            seen.append(made)
        return made

    monkeypatch.setattr(StudyViews, "project", remember)
    monkeypatch.setattr(PretrainingNetwork, "word_patch_attention", looking(1))
    there = read_out(pretrained, studies, views)
    assert there["pointing_game"] > 0.9 > 2 * there["pointing_chance"]
    assert there["contrast_to_noise"] > 0.5
    monkeypatch.setattr(PretrainingNetwork, "word_patch_attention", looking(-1))
    elsewhere = read_out(pretrained, studies, views)
    assert elsewhere["pointing_game"] < elsewhere["pointing_chance"]


def test_radiographs_have_no_read_out(
    reports: Path, views: StudyViews, network: PretrainingNetwork, tokenizer: SentenceTokenizer
) -> None:
    pretrained = Pretrained(network, tokenizer, views.roi.to_plain(), (), {})
    assert read_out(pretrained, all_studies(study_sequences(reports, "test")), views) == {}
