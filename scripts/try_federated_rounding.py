"""Two federations that differ by rounding alone, and where their difference comes from: docs/federated.md.

``python scripts/try_federated_rounding.py [PAGE]``. Two sites train the bundle's network, small, on random images. Once
their weights are averaged as ``average_weights`` does (a mean in float64), once as NVIDIA FLARE does (a running sum in
float32). The table, with the norm of the difference beside that of what was learnt, is written between the marks of
PAGE. It takes a minute of one processor.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

from csfnet_bundle.networks import CSFNet
from csfnet_bundle.training.federated import average_weights

Weights = Mapping[str, Tensor]
SHARES = (29.0, 20.0)
"""Training pairs of the sites, those of the page's federation."""
ROUNDS, STEPS, BATCH = 3, 4, 4
LEARNING_RATE, BETAS = 1e-3, (0.5, 0.999)
WIDTHS = [[4], [4], [8]]
TABLE = re.compile(r"(<!-- rounding -->\n).*?(<!-- end of rounding -->)", re.DOTALL)


@dataclass(frozen=True)
class Variant:
    """How the sites train.

    Attributes:
        name: for the table.
        frozen: says of a parameter's name whether it stays as it was.
        optimizer: makes the sites' optimizer.
        dtype: of the sites' arithmetic; weights travel in float32.
    """

    name: str
    frozen: Callable[[str], bool] = lambda _: False
    optimizer: Callable[[list[Tensor]], torch.optim.Optimizer] = field(
        default=lambda parameters: torch.optim.Adam(parameters, lr=LEARNING_RATE, betas=BETAS)
    )
    dtype: torch.dtype = torch.float32


def running_sum(sites: list[Weights], shares: tuple[float, ...]) -> dict[str, Tensor]:
    """Return the mean as FLARE takes it: weighed sums in float32, one site after the other, divided at the end."""
    made = {}
    for name, first in sites[0].items():
        if not first.is_floating_point():
            made[name] = first.clone()
            continue
        total = sites[0][name] * shares[0]
        for site, share in zip(sites[1:], shares[1:], strict=True):
            total = total + site[name] * share
        made[name] = total * (1.0 / sum(shares))
    return made


def before_normalisation() -> set[str]:
    """Return the biases of convolutions that a batch normalisation follows, which subtracts them again."""
    found, network = set(), CSFNet(widths=WIDTHS)
    for name, block in network.named_modules():
        children = list(block.named_children())
        for (first, layer), (_, following) in pairwise(children):
            if isinstance(layer, nn.Conv3d) and layer.bias is not None and isinstance(following, nn.BatchNorm3d):
                found.add(f"{name}.{first}.bias")
    return found


def keys(name: str) -> bool:
    """Say whether it is the bias of an attention's keys.

    Where a key's ReLU is active in all tokens, it adds the same to all of a query's weights, to no effect.
    """
    return name.endswith("key.bias")


def batches(site: int) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Yield a site's batches, the same in every run: image, clinical, days, labels."""
    random = torch.Generator().manual_seed(site)
    while True:
        labels = torch.arange(BATCH) % 2
        image = torch.rand(BATCH, 2, 8, 16, 16, generator=random) + 0.2 * labels[:, None, None, None, None]
        clinical = torch.randint(1, 3, (BATCH, 6), generator=random)
        yield image, clinical, torch.full((BATCH,), 365.0), labels


def federation(
    variant: Variant, average: Callable[[list[Weights], tuple[float, ...]], Weights]
) -> tuple[Weights, Weights]:
    """Return the weights before and after the rounds."""
    torch.manual_seed(0)
    start = {name: tensor.clone() for name, tensor in CSFNet(widths=WIDTHS).state_dict().items()}
    sites = []
    for site in range(len(SHARES)):
        network = CSFNet(widths=WIDTHS).to(variant.dtype)
        trained = [tensor for name, tensor in network.named_parameters() if not variant.frozen(name)]
        sites.append((network.train(), variant.optimizer(trained), batches(site)))
    weights: Weights = start
    for number in range(ROUNDS):
        results: list[Weights] = []
        for network, optimizer, data in sites:
            network.load_state_dict(dict(weights))
            torch.manual_seed(number)  # the dropout of both federations
            for _ in range(STEPS):
                image, clinical, days, labels = next(data)
                optimizer.zero_grad()
                logits = network(image.to(variant.dtype), clinical, days.to(variant.dtype))
                nn.functional.cross_entropy(logits, labels).backward()
                optimizer.step()
            state = network.state_dict()
            results.append({name: tensor.to(start[name].dtype).clone() for name, tensor in state.items()})
        weights = average(results, SHARES)
    return start, weights


def compare(variant: Variant) -> tuple[float, float, list[tuple[str, float]]]:
    """Return the norms of the difference and of what was learnt, and the tensors that most of the former lies in."""
    start, ours = federation(variant, average_weights)
    _, theirs = federation(variant, running_sum)
    names = [name for name, _ in CSFNet(widths=WIDTHS).named_parameters()]
    apart = {name: float((ours[name].double() - theirs[name].double()).square().sum()) for name in names}
    learnt = sum(float((ours[name].double() - start[name].double()).square().sum()) for name in names)
    total = sum(apart.values())
    most = sorted(apart.items(), key=lambda item: -item[1])[:3]
    return total**0.5, learnt**0.5, [(name, square / total if total else 0.0) for name, square in most]


def main(page: Path | None) -> None:
    """Run every variant and write the table."""
    biases = before_normalisation()
    flat: Callable[[str], bool] = lambda name: name in biases or keys(name)  # noqa: E731 - as the others below
    variants = [
        Variant("Adam, as the bundle trains"),
        Variant("without biases before batch normalisations", biases.__contains__),
        Variant("and without biases of attention keys", flat),
        Variant(
            "all, Adam's epsilon 1e-4 instead of 1e-8",
            optimizer=lambda parameters: torch.optim.Adam(parameters, lr=LEARNING_RATE, betas=BETAS, eps=1e-4),
        ),
        Variant("all, SGD", optimizer=lambda parameters: torch.optim.SGD(parameters, lr=LEARNING_RATE)),
        Variant("all, arithmetic of the sites in float64", dtype=torch.float64),
    ]
    lines = ["| sites train | difference | of what was learnt | most of it lies in |", "|---|---|---|---|"]
    for variant in variants:
        apart, learnt, most = compare(variant)
        told = ", ".join(f"`{name}` {share:.0%}" for name, share in most)
        lines.append(f"| {variant.name} | {apart:.1e} | {apart / learnt:.1e} | {told} |")
        print(lines[-1], flush=True)
    if page is not None:
        body = "\n".join(lines)
        text = page.read_text(encoding="utf-8")
        page.write_text(TABLE.sub(lambda match: f"{match[1]}\n{body}\n\n{match[2]}", text), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("page", type=Path, nargs="?", help="page to write the table into")
    main(parser.parse_args().page)
