"""What a pre-trained network looks at, and how alike its views are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from csfnet_bundle.medst.model_file import Pretrained
from csfnet_bundle.medst.sentences import NODULE_FIELDS, study_sentence
from csfnet_bundle.medst.sequences import RoiPlace, Study
from csfnet_bundle.medst.views import StudyViews

LARGEST_SHIFT_MM = 12
"""The nodule is put this far beside the middle of the field, in plane: where it always lies in the middle, looking
there proves nothing."""
SHIFT_SEED = 0
MOST_STUDIES = 200
"""Studies of a read-out: enough for shares within some hundredths."""
BATCH = 32
COMPONENTS = 4
"""Principal components between which mutual information is estimated: a few hundred studies do not serve for more."""
WORDS_OF_NODULE = tuple(name for name in NODULE_FIELDS if name != "study_yr")

Array = NDArray[np.float64]
Result = dict[str, float | int]


def read_out(pretrained: Pretrained, studies: Sequence[Study], views: StudyViews) -> Result:
    """Return all read-outs over CT studies with a diameter; nothing where there is none.

    - ``pointing_game``: share of studies and views in which the patch that the words about the nodule look at most
      touches the nodule; ``pointing_chance``: the share of patches that touch it.
    - ``contrast_to_noise``: (mean inside - mean outside) / sqrt(variance inside + variance outside) of that attention
      (Boecking et al., ECCV 2022, with the sign kept).
    - ``similarity_*_before`` and ``_after`` MoVE: between the first two views' mean patches (see
      :func:`view_similarity`).

    Args:
        pretrained: the network.
        studies: of which those with ``diameters`` serve.
        views: gives their ROIs.
    """
    usable = [one for one in studies if isinstance(one.pixels, RoiPlace) and "diameters" in one.values][:MOST_STUDIES]
    if not usable:
        return {}
    pictures = [views(study) for study in usable]
    result: Result = {"studies": len(usable), **_attention(pretrained, usable, views)}
    if len(pretrained.views) > 1:
        stacked = torch.stack([picture for picture, _ in pictures]), torch.stack([there for _, there in pictures])
        result |= _similarity(pretrained, *stacked)
    return result


def contrast_to_noise(attention: Array, inside: NDArray[np.bool_]) -> float:
    """Return the contrast to noise of an attention map, (P,), between the patches inside and all others."""
    within, outside = attention[inside], attention[~inside]
    return float((within.mean() - outside.mean()) / np.sqrt(within.var() + outside.var() + np.finfo(float).tiny))


def view_similarity(first: Array, second: Array) -> dict[str, float]:
    """Return how alike two views are over N studies.

    Args:
        first: mean patch of one view, (N, C).
        second: of the other, (N, C).

    Returns:
        ``cosine``, mean over studies; ``cka``, linear centred kernel alignment (Kornblith et al., ICML 2019);
        ``mutual_information`` in nats, of a normal distribution over the first four principal components of each.
    """
    cosine = (first * second).sum(1) / (np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1))
    one, other = first - first.mean(0), second - second.mean(0)
    shared = np.linalg.norm(one.T @ other) ** 2
    cka = shared / (np.linalg.norm(one.T @ one) * np.linalg.norm(other.T @ other))
    return {"cosine": float(cosine.mean()), "cka": float(cka), "mutual_information": _mutual_information(one, other)}


def _mutual_information(one: Array, other: Array) -> float:
    """Return -1/2 sum log(1 - rho^2) over the canonical correlations of the leading components."""
    bases = [np.linalg.svd(matrix, full_matrices=False)[0][:, :COMPONENTS] for matrix in (one, other)]
    correlations = np.linalg.svd(bases[0].T @ bases[1], compute_uv=False)
    return float(-0.5 * np.log1p(-(np.clip(correlations, 0, 1 - 1e-9) ** 2)).sum())


def _similarity(pretrained: Pretrained, pictures: Tensor, present: Tensor) -> Result:
    network = pretrained.network
    device = next(network.parameters()).device  # an evaluator may have taken it to a GPU
    parts: list[tuple[Tensor, Tensor]] = []
    with torch.no_grad():
        for start in range(0, len(pictures), BATCH):
            part = (tensor[start : start + BATCH].to(device) for tensor in (pictures, present))
            parts.append(network.view_means(*part))
    result: Result = {}
    for name, means in zip(("before", "after"), zip(*parts, strict=True), strict=True):
        both = torch.cat(means).cpu().double().numpy()  # (N, V, C)
        result |= {f"similarity_{key}_{name}": value for key, value in view_similarity(both[:, 0], both[:, 1]).items()}
    return result


def _attention(pretrained: Pretrained, studies: Sequence[Study], views: StudyViews) -> Result:
    random = np.random.default_rng(SHIFT_SEED)
    largest = round(LARGEST_SHIFT_MM / views.roi.spacing[0])
    hits: list[bool] = []
    chances: list[float] = []
    contrasts: list[float] = []
    for start in range(0, len(studies), BATCH):
        part = studies[start : start + BATCH]
        shifts = [tuple(int(value) for value in random.integers(-largest, largest + 1, 2)) for _ in part]
        offset = torch.tensor(shifts)  # (N, 2), voxels along (y, x)
        pictures = views.project(torch.stack([views.region(study) for study in part]), offset)  # (N, V, 3, S, S)
        balls = views.project(torch.stack([_ball(study, views) for study in part]), offset)  # (N, V, 3, S, S)
        for attention, inside, counts in _maps(pretrained, part, pictures, balls.amax(dim=2)):
            if inside.any() and (~inside & counts).any():
                seen, target = attention[counts], inside[counts]
                hits.append(bool(target[seen.argmax()]))
                chances.append(float(target.mean()))
                contrasts.append(contrast_to_noise(seen, target))
    if not hits:  # nodules that fill every view, or none of whose patches shows anything
        return {}
    return {
        "pointing_game": float(np.mean(hits)),
        "pointing_chance": float(np.mean(chances)),
        "contrast_to_noise": float(np.mean(contrasts)),
    }


def _maps(
    pretrained: Pretrained, studies: Sequence[Study], pictures: Tensor, targets: Tensor
) -> list[tuple[Array, NDArray[np.bool_], NDArray[np.bool_]]]:
    """Return, for each study and view, the words' mean attention, the nodule's patches and the patches that count.

    Args:
        pretrained: the network.
        studies: N of them.
        pictures: their views, (N, V, 3, S, S).
        targets: the nodule in them, above 0.5 inside, (N, V, S, S).
    """
    network, names = pretrained.network, pretrained.views
    grid = network.image_encoder.grid
    touched = torch.nn.functional.adaptive_max_pool2d(targets, grid) > 0.5  # (N, V, G, G)
    texts = [study_sentence({name: study.values[name] for name in WORDS_OF_NODULE if name in study.values},
                            WORDS_OF_NODULE) for study in studies]  # fmt: skip
    device = next(network.parameters()).device  # an evaluator may have taken it to a GPU
    tensors = {
        "views": pictures,
        "view_present": torch.ones(pictures.shape[:2], dtype=torch.bool),
        **pretrained.tokenizer.encode(texts),
    }
    batch = {name: tensor.to(device) for name, tensor in tensors.items()}
    with torch.no_grad():
        embeddings = network(batch)
        looks = network.word_patch_attention(embeddings)  # (N, W, P)
    words = embeddings.word_mask.sum(1).clamp(min=1)[:, None]
    attention = (looks.sum(1) / words).unflatten(1, (len(names), -1)).cpu().double().numpy()  # (N, V, G * G)
    counts = embeddings.patch_mask.unflatten(1, (len(names), -1)).cpu().numpy()
    inside = touched.flatten(2).numpy() & counts
    return [
        (attention[row, view], inside[row, view], counts[row, view])
        for row in range(len(studies))
        for view in range(len(names))
    ]


def _ball(study: Study, views: StudyViews) -> Tensor:
    """Return a ball of the record's mean diameter in the ROI's middle, (D, H, W), 1 inside."""
    diameters: Mapping[int, float] = study.values["diameters"]  # type: ignore[assignment]
    radius = (diameters[0] + diameters[1]) / 4 / views.roi.spacing[0]  # voxels
    axes = [torch.arange(size) - (size - 1) / 2 for size in views.roi.size]
    z, y, x = torch.meshgrid(*axes, indexing="ij")
    return (z**2 + y**2 + x**2 <= radius**2).float()
