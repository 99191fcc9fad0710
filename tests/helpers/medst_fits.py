"""A study of Med-ST's switches without its fits: configs that nothing reads, and results that nobody trained."""

import json
from pathlib import Path

from csfnet_bundle.core.bundle_root import VARIANTS
from csfnet_bundle.studies.medst.plan import DONE_NAME, Fit, StudyPlan

REPOSITORY = Path(__file__).resolve().parents[2]
CONFIGS = ("medst_pretrain", "medst_evaluate", "medst/tiny")


def make_study(dataset_dir: Path, folder: Path, seeds: int = 1, **overrides: object) -> StudyPlan:
    """Return a study of the default and ``shuffled``, whose configs and results lie in the folder."""
    (folder / "configs" / "medst").mkdir(parents=True, exist_ok=True)
    for name in CONFIGS:
        (folder / "configs" / f"{name}.json").touch()
    (folder / "configs" / VARIANTS).write_text((REPOSITORY / "configs" / VARIANTS).read_text())
    return StudyPlan(dataset_dir, folder, folder, ("default", "shuffled"), seeds, overrides)


def finish(study: StudyPlan, fit: Fit, **result: object) -> None:
    """Write the result of a fit, as a fit does when it is done."""
    path = study.folder(fit) / DONE_NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"switch_sha256": study.switch_digest(fit), **result}))
