import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from csfnet_bundle.networks.medst import MedST, MedSTObjective
from csfnet_bundle.networks.medst.losses.temporal import direction_alignment

PARTS = {"global", "local", "forward_mapping", "reverse_mapping"}


def test_the_total_is_the_weighted_sum(medst: Callable[..., MedST], studies: Callable) -> None:
    batch = studies()
    embeddings = medst().eval()(batch)
    objective = MedSTObjective(2.0, 3.0, 5.0)
    objective.forward_mapping_weight, objective.reverse_mapping_weight = 0.5, 0.25  # as a schedule does
    losses = objective(embeddings, batch)
    assert set(losses) == PARTS | {"total"}
    expected = 2 * losses["global"] + 3 * losses["local"] + 2.5 * losses["forward_mapping"]
    torch.testing.assert_close(losses["total"], expected + 1.25 * losses["reverse_mapping"])


def test_a_part_without_weight_is_not_computed(medst: Callable[..., MedST], studies: Callable) -> None:
    batch = studies()
    embeddings = medst().eval()(batch)
    assert set(MedSTObjective(local_weight=0.0, reverse_mapping_weight=0.0)(embeddings, batch)) == {
        "total",
        "global",
        "forward_mapping",
    }
    assert set(MedSTObjective(0.0, 0.0)(embeddings, batch)) == {"total", "forward_mapping", "reverse_mapping"}


def test_single_studies_have_no_temporal_loss(medst: Callable[..., MedST], studies: Callable) -> None:
    batch = studies(4, 1)
    losses = MedSTObjective()(medst().eval()(batch), batch)
    assert losses["forward_mapping"].item() == losses["reverse_mapping"].item() == 0
    assert losses["global"].item() > 0


def test_the_published_form_knows_sequences_of_four_alone(
    medst: Callable[..., MedST], studies: Callable, repository: Path
) -> None:
    config = json.loads((repository / "configs/medst/variants.json").read_text())["faithful"]["overrides"]
    settings = {name.partition("#")[2]: value for name, value in config.items() if name.startswith("objective#")}
    assert set(settings) == {"variance_floor", "equal_texts_positive", "exact_length", "local_negatives"}
    objective = MedSTObjective(**settings)
    for length in (3, 4, 5):
        batch = studies(2, length)
        losses = objective(medst(**{"shared_class_token": True}).eval()(batch), batch)
        assert (losses["forward_mapping"].item() > 0) == (length == 4)


@pytest.mark.parametrize("published", [False, True])
def test_repeated_texts_stay_finite(medst: Callable[..., MedST], studies: Callable, published: bool) -> None:
    network, batch = medst(), studies(2, 4)
    for name in ("token_ids", "token_mask", "word_index"):
        batch[name] = batch[name][:1].expand(8, -1)
    batch["text_group"] = torch.zeros(8, dtype=torch.long)
    objective = MedSTObjective(variance_floor=not published, equal_texts_positive=not published)
    losses = objective(network(batch), batch)
    assert all(torch.isfinite(loss) for loss in losses.values())
    # As published, the way back from a text that repeats ends anywhere, and that is punished.
    assert (losses["reverse_mapping"].item() > 1) == published
    assert published or losses["reverse_mapping"].item() == 0
    losses["total"].backward()
    gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    assert gradients
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


def test_direction_takes_consecutive_studies(medst: Callable[..., MedST], studies: Callable, text: Callable) -> None:
    batch = {**studies(2, 3), **text(6, 12, "change_"), **text(6, 12, "reversed_")}
    batch["change_known"] = batch["position"] > 0
    batch["change_known"][4] = False
    order = torch.randperm(6)
    batch = {name: part[order] for name, part in batch.items()}
    embeddings = medst().eval()(batch)
    losses = MedSTObjective(direction_weight=1.0)(embeddings, batch)
    rows = {(int(s), int(p)): row for row, (s, p) in enumerate(zip(batch["sequence"], batch["position"], strict=True))}
    later = [row for row in rows.values() if batch["change_known"][row]]
    assert len(later) == 3
    before = [rows[int(batch["sequence"][row]), int(batch["position"][row]) - 1] for row in later]
    change = embeddings.image[later] - embeddings.image[before]
    sentences = (embeddings.change[later], embeddings.reversed_change[later])
    expected = direction_alignment(change, *sentences, torch.arange(2 * len(later)))
    torch.testing.assert_close(losses["direction"], expected)

    batch = studies(2, 3)
    with pytest.raises(ValueError, match="no sentences on the changes"):
        MedSTObjective(direction_weight=1.0)(medst()(batch), batch)


def test_the_loss_falls(medst: Callable[..., MedST], studies: Callable) -> None:
    network, batch, objective = medst(), studies(), MedSTObjective()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    totals = []
    for _ in range(15):
        optimizer.zero_grad()
        total = objective(network(batch), batch)["total"]
        total.backward()
        optimizer.step()
        totals.append(total.item())
    assert totals[-1] < totals[0] / 2


def test_it_has_no_parameters() -> None:
    assert list(MedSTObjective().parameters()) == []
