"""The recipes of CONTRIBUTING.md, done as they stand there in a copy of the repository."""

import ast
import csv
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

STEP = re.compile(r"<!-- (file|in|run)(?:: (.*?))? -->\n *```\w+\n(.*?)\n *```", re.DOTALL)
COPIED = ("csfnet_bundle", "configs", "models", "docs", "tests", "scripts")
FILES = ("pyproject.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "SECURITY.md", "Makefile")


def _recipes(repository: Path) -> dict[str, str]:
    text = (repository / "CONTRIBUTING.md").read_text(encoding="utf-8")
    parts = re.split(r"^## Recipe: (.*)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


RECIPES = _recipes(Path(__file__).resolve().parent.parent)


def _dedented(block: str) -> str:
    """Return a block without the indentation of the list that it stands in."""
    listed = all(line.startswith("   ") or not line.strip() for line in block.splitlines())
    return re.sub(r"^   ", "", block, flags=re.MULTILINE) if listed else block


def _insert(root: Path, where: str, code: str) -> None:
    name, _, how = where.partition(", ")
    file = root / name
    text = file.read_text(encoding="utf-8")
    start, _, after = how.removeprefix("before: ").partition(" of: ")
    position = text.find(f"\n{start}", text.find(after)) + 1
    assert position, f"{name} has no line that begins with {start!r}"
    text = f"{text[:position]}{code}\n{text[position:]}"
    if file.suffix == ".py":
        ast.parse(text, name)
    file.write_text(text, encoding="utf-8")


def _run(root: Path, line: str) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'tests'}"}
    words = [sys.executable, *shlex.split(line)[1:]]
    done = subprocess.run(words, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


def _prepare_table(root: Path) -> None:
    """Write the table that the recipe of a cohort source reads, from phantoms."""
    phantoms = root / "output" / "recipe" / "phantoms"
    _run(root, f"python -m csfnet_bundle phantom --out {phantoms} --subjects 16 --split 0.5,0.25,0.25")
    document = json.loads((phantoms / "datalist.json").read_text())
    with (root / "output" / "recipe" / "mystudy.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["patient", "nodule", "day", "scan", "x", "y", "z", "cancer"])
        for record in document["training"]:
            for scan in (record["t0"], record["t1"]):
                point, day = scan["point"], str(scan["date"]).replace("-", "")
                place = (phantoms / scan["path"]).resolve()
                label = "yes" if record["label"] else "no"
                writer.writerow([record["subject"], record["nodule"], day, place, *point, label])


@pytest.mark.long
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_works_as_written(recipe: str, repository: Path, tmp_path: Path) -> None:
    for name in COPIED:
        shutil.copytree(repository / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(repository / name, tmp_path / name)
    (tmp_path / "output" / "recipe").mkdir(parents=True)
    if recipe == "a cohort source":
        _prepare_table(tmp_path)
    for kind, where, block in STEP.findall(RECIPES[recipe]):
        code = _dedented(block)
        if kind == "file":
            (tmp_path / where).write_text(code + "\n", encoding="utf-8")
        elif kind == "in":
            _insert(tmp_path, where, code)
        else:
            for line in filter(None, map(str.strip, code.splitlines())):
                _run(tmp_path, line)


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_places_that_a_recipe_changes_are_there(recipe: str, repository: Path, tmp_path: Path) -> None:
    """What a change of the code breaks first in a recipe; the long test above runs it."""
    for kind, where, block in STEP.findall(RECIPES[recipe]):
        if kind != "in":
            continue
        name = where.partition(", ")[0]
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if not (tmp_path / name).is_file():
            shutil.copy(repository / name, tmp_path / name)
        _insert(tmp_path, where, _dedented(block))


def test_every_recipe_ends_with_something_that_is_run() -> None:
    assert len(RECIPES) == 5
    for text in RECIPES.values():
        steps = [kind for kind, _, _ in STEP.findall(text)]
        assert steps[-1] == "run"
        assert len(steps) == text.count("```") / 2
