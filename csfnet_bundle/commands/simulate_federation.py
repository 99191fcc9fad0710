"""``simulate-federation``: several sites on one machine train one network without sharing their scans."""

from __future__ import annotations

from pathlib import Path

from csfnet_bundle.commands.bundle_run import bundle_root
from csfnet_bundle.commands.options import Words
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.files import require_new


def simulate_federation(
    sites: Words,
    model: Path,
    out: Path,
    rounds: int = 3,
    local_epochs: int = 1,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    remember_patients: bool = False,
    accept_seen_patients: bool = False,
) -> None:
    """Train one network over the cohorts of several sites, each with MONAI's MonaiAlgo, by plain averaging.

    The sites' validation AUC of the averaged network is printed for every round. The result is not calibrated:
    temperature and threshold are those of the start.

    Args:
        sites: cohort folders, separated by commas; each has training and validation lists.
        model: the checkpoint to start from (see initial-model); it tells network and ROI.
        out: folder to write: model.pt, and a folder for each site. Must not exist.
        rounds: of training and averaging.
        local_epochs: epochs at each site in a round.
        batch_size: by default that of configs/train.json.
        learning_rate: by default that of configs/train.json.
        remember_patients: list the sites' patients in model.json, by salted hashes; by default only those of public
            cohorts.
        accept_seen_patients: go on although a site holds out patients whom the start was trained on; model.json says
            so.

    Examples:
        csfnet simulate-federation --sites cohorts/a,cohorts/b --model start.pt --out output/federation
        csfnet simulate-federation --sites a,b,c --model start.pt --out fl --rounds 10 --local_epochs 2
    """
    from csfnet_bundle.evaluation.markdown import markdown_table
    from csfnet_bundle.prediction.checkpoint import MODEL_NAME
    from csfnet_bundle.training import federated

    folder = out
    require_new(folder)
    if len(sites) < 2:
        raise BundleError(f"--sites is {','.join(sites)!r}, expected two or more cohort folders, separated by commas")
    if rounds < 1 or local_epochs < 1:
        raise BundleError(f"{rounds} rounds of {local_epochs} epochs, expected at least 1 of each")
    participants = [
        federated.Site(f"site-{number}", Path(cohort), folder / f"site-{number}")
        for number, cohort in enumerate(sites, start=1)
    ]
    override: dict[str, object] = {"num_workers": 0, "cache_dir": str(folder / "roi_cache")}
    if batch_size is not None:
        override["batch_size"] = batch_size
    if learning_rate is not None:
        override["optimizer#lr"] = learning_rate
    if remember_patients:
        override["remember_patients"] = True
    if accept_seen_patients:
        override["accept_seen_patients"] = True
    checkpoint, history = federated.simulate_federation(
        participants, bundle_root(), model.resolve(), rounds, local_epochs, override
    )
    checkpoint.save(folder / MODEL_NAME)
    rows = [
        [entry.number, *(f"{next(iter(metrics.values())):.3f}" for metrics in entry.metrics.values())]
        for entry in history
    ]
    pairs = ", ".join(f"{site.name} {site.training_pairs}" for site in participants)
    print(f"training pairs: {pairs}; validation AUC of the averaged network at each site:\n")
    print(markdown_table(["round", *(site.name for site in participants)], rows))
    print(f"{folder / MODEL_NAME}: {checkpoint.trained_on}; not calibrated")
