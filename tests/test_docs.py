"""The documents hold what the result files say, and point at things that exist."""

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

REPOSITORY = Path(__file__).resolve().parent.parent
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]


def _make_docs() -> ModuleType:
    specification = importlib.util.spec_from_file_location("make_docs", REPOSITORY / "scripts" / "make_docs.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_table_is_what_its_result_file_gives(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert _make_docs().render(text) == text, "run `python scripts/make_docs.py`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_config_and_command_that_is_named_exists(page: Path) -> None:
    from csfnet_bundle.commands import COMMANDS

    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"configs/[\w/]+\.json", text):
        assert (REPOSITORY / name).is_file(), f"{page.name} names {name}"
    for name in re.findall(r"python -m csfnet_bundle ([a-z][a-z-]+)", text):
        assert name in COMMANDS, f"{page.name} names the command {name}"


def test_areas_on_the_common_set_are_those_of_the_predictions_that_are_kept() -> None:
    results = REPOSITORY / "docs" / "results"
    common = json.loads((results / "benchmark_core.json").read_text(encoding="utf-8"))["common_test"]
    kept = pd.read_csv(results / "benchmark_core.csv.gz", index_col="subject")
    assert (len(kept), kept["label"].sum()) == (common["pairs"], common["malignant"])
    for system, areas in common["seeds"].items():
        found = [roc_auc_score(kept["label"], kept[f"{system}/fold0_seed{seed}"]) for seed in range(len(areas))]
        assert found == pytest.approx(areas, abs=2e-4), system  # three decimals of the log odds are kept
