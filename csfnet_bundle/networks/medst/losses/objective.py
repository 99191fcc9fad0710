"""The objective of Med-ST: the weighted sum of its losses."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from csfnet_bundle.networks.medst.losses.alignment import batch_alignment, global_alignment, local_alignment
from csfnet_bundle.networks.medst.losses.temporal import (
    Sequences,
    direction_alignment,
    forward_mapping,
    reverse_mapping,
    sort_into_sequences,
)
from csfnet_bundle.networks.medst.medst import Embeddings

LOCAL_NEGATIVES = ("batch", "study")
SHORTEST_SEQUENCE = 2  # a single study has no place in time


class MedSTObjective(nn.Module):
    """Global plus local plus temporal loss, and where asked the direction of time. It has no parameters.

    ``total = global_weight * global + local_weight * local + temporal_weight * (forward_mapping_weight *
    forward_mapping + reverse_mapping_weight * reverse_mapping) + direction_weight * direction``. The weights are plain
    attributes, which a schedule may change between epochs. A loss of weight 0 is not computed and not told.

    Args:
        global_weight: of the global loss.
        local_weight: of the local loss.
        temporal_weight: of the temporal loss.
        direction_weight: of the direction of time.
        forward_mapping_weight: of FMC in the temporal loss.
        reverse_mapping_weight: of RMR in the temporal loss.
        variance_floor: see :func:`csfnet_bundle.networks.medst.losses.temporal.reverse_mapping`.
        equal_texts_positive: studies with equal texts are positives of each other and leave RMR; otherwise each is the
            other's negative, as published.
        exact_length: sequences of any other length count as single studies, as published with 4; None: from 2 on all
            have a temporal loss.
        local_negatives: of the local loss: ``"batch"`` are the pictures of other studies, see
            :func:`csfnet_bundle.networks.medst.losses.alignment.batch_alignment`; ``"study"`` are the other words
            and patches of the same study, as published.
        gather: the global loss has its negatives from all ranks.
    """

    def __init__(
        self,
        global_weight: float = 1.0,
        local_weight: float = 1.0,
        temporal_weight: float = 1.0,
        direction_weight: float = 0.0,
        forward_mapping_weight: float = 1.0,
        reverse_mapping_weight: float = 1.0,
        variance_floor: bool = True,
        equal_texts_positive: bool = True,
        exact_length: int | None = None,
        gather: bool = False,
        local_negatives: str = "batch",
    ) -> None:
        super().__init__()
        if local_negatives not in LOCAL_NEGATIVES:
            raise ValueError(f"local_negatives is {local_negatives!r}, expected one of {LOCAL_NEGATIVES}")
        self.local_negatives = local_negatives
        self.global_weight = global_weight
        self.local_weight = local_weight
        self.temporal_weight = temporal_weight
        self.direction_weight = direction_weight
        self.forward_mapping_weight = forward_mapping_weight
        self.reverse_mapping_weight = reverse_mapping_weight
        self.variance_floor = variance_floor
        self.equal_texts_positive = equal_texts_positive
        self.exact_length = exact_length
        self.gather = gather

    def forward(self, embeddings: Embeddings, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return ``total`` and every part that has a weight, by name, unweighted; each a scalar.

        Args:
            embeddings: of N studies.
            batch: ``sequence``, ``position`` and ``text_group``, (N,) int64 each; with a direction weight also
                ``change_token_ids`` and ``reversed_token_ids``, (N, L) int64, and ``change_known``, (N,) bool.

        Raises:
            ValueError: there is a direction weight, but no sentence on the changes.
        """
        text_group = batch["text_group"]
        if not self.equal_texts_positive:
            text_group = self._all_different(text_group)
        weighted: list[Tensor] = []
        parts: dict[str, Tensor] = {}

        def add(name: str, weight: float, loss: Tensor) -> None:
            parts[name] = loss
            weighted.append(weight * loss)

        if self.global_weight:
            loss = global_alignment(embeddings.image, embeddings.text, text_group, self.gather)
            add("global", self.global_weight, loss)
        if self.local_weight:
            add("local", self.local_weight, self._local(embeddings, text_group))
        if self.temporal_weight:
            sequences = self._sequences(embeddings, text_group, batch)
            if self.forward_mapping_weight:
                weight = self.temporal_weight * self.forward_mapping_weight
                add("forward_mapping", weight, forward_mapping(sequences))
            if self.reverse_mapping_weight:
                weight = self.temporal_weight * self.reverse_mapping_weight
                loss = reverse_mapping(sequences, self.variance_floor, self.equal_texts_positive)
                add("reverse_mapping", weight, loss)
        if self.direction_weight:
            add("direction", self.direction_weight, self._direction(embeddings, batch))
        return {"total": torch.stack(weighted).sum(), **parts}

    def _local(self, embeddings: Embeddings, text_group: Tensor) -> Tensor:
        if self.local_negatives == "batch":
            return batch_alignment(
                embeddings.words,
                embeddings.word_weights,
                embeddings.word_mask,
                embeddings.patches,
                embeddings.patch_mask,
                text_group,
            )
        words = local_alignment(
            embeddings.words, embeddings.word_context, embeddings.word_weights, embeddings.word_mask
        )
        patches = local_alignment(
            embeddings.patches, embeddings.patch_context, embeddings.patch_weights, embeddings.patch_mask
        )
        return words + patches

    def _sequences(self, embeddings: Embeddings, text_group: Tensor, batch: Mapping[str, Tensor]) -> Sequences:
        sequences = sort_into_sequences(
            embeddings.image, embeddings.text, text_group, batch["sequence"], batch["position"]
        )
        lengths = sequences.mask.sum(dim=1)
        wanted = lengths >= SHORTEST_SEQUENCE if self.exact_length is None else lengths == self.exact_length
        return sequences.select(wanted)

    def _direction(self, embeddings: Embeddings, batch: Mapping[str, Tensor]) -> Tensor:
        if embeddings.change is None or embeddings.reversed_change is None:
            raise ValueError("direction_weight is not 0, but the batch has no sentences on the changes")
        later = batch["change_known"].nonzero()[:, 0]  # (M,)
        before = _rows_before(later, batch["sequence"], batch["position"])  # (M,)
        sentences = torch.cat([batch["change_token_ids"][later], batch["reversed_token_ids"][later]])  # (2 M, L)
        group = torch.unique(sentences, dim=0, return_inverse=True)[1]  # (2 M,)
        change = embeddings.image[later] - embeddings.image[before]  # (M, 128)
        return direction_alignment(change, embeddings.change[later], embeddings.reversed_change[later], group)

    def _all_different(self, text_group: Tensor) -> Tensor:
        rank = torch.distributed.get_rank() if self.gather and torch.distributed.is_initialized() else 0
        # No batch is so large that two ranks' numbers would meet.
        return torch.arange(len(text_group), device=text_group.device) + (rank << 32)


def _rows_before(later: Tensor, sequence: Tensor, position: Tensor) -> Tensor:
    """Return for each of the rows (M,) the row of the study before it in its sequence."""
    same = sequence[later, None] == sequence[None]  # (M, N)
    previous = position[later, None] - 1 == position[None]  # (M, N)
    return (same & previous).int().argmax(dim=1)
