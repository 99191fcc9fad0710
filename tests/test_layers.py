"""The layers of csfnet_bundle/__init__.py: a lower one never imports a higher one."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "csfnet_bundle"

BELOW: dict[str, set[str]] = {}
"""For every layer, the layers of the package that it may import (besides itself)."""


def _layer(name: str, *below: str) -> None:
    BELOW[name] = set(below).union(*(BELOW[layer] for layer in below))


_layer("__init__")
_layer("core", "__init__")
_layer("geometry", "core")
_layer("scans", "geometry")
_layer("records", "geometry")
_layer("inputs", "records", "scans")
_layer("networks", "core")
_layer("evaluation", "core")
_layer("nodule", "inputs")
_layer("report", "evaluation", "nodule")
_layer("cohorts", "nodule", "report")
_layer("prediction", "cohorts", "networks")
_layer("serving", "prediction")
_layer("training", "prediction")
_layer("medst", "training")
_layer("studies", "medst", "serving")
_layer("commands", "studies")
_layer("__main__", "commands")

MOVED = {"dicom": "scans", "volume_files": "scans", "transforms": "inputs", "phantom": "cohorts"}
"""Names of version 0.1 that stay importable; nothing in the package uses them."""
for _name, _home in MOVED.items():
    _layer(_name, _home)

FACADE = "prediction"
"""What the package itself hands on, and imports only when it is called: see ``test_the_package_alone_is_light``."""

LIBRARIES_OF_LOWER_LAYERS = {
    "core": {"rich"},
    "geometry": {"numpy"},
    "networks": {"torch", "monai"},
}
"""The only libraries outside the standard one that these layers may import."""


def _modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def _layer_of(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imports(module: Path) -> set[str]:
    """Return the dotted names that a module imports; relative imports are not this project's way."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            names.add(node.module or "")
            if node.module == "csfnet_bundle":
                names.update(f"csfnet_bundle.{alias.name}" for alias in node.names)
    return names


@pytest.mark.parametrize("module", _modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_layers_below(module: Path) -> None:
    layer = _layer_of(module)
    assert layer in BELOW, f"{module} belongs to no layer: add it to this test and to csfnet_bundle/__init__.py"
    for name in _imports(module):
        parts = name.split(".")
        if parts[0] != "csfnet_bundle" or len(parts) == 1 or parts[1].startswith("__version"):
            continue
        if layer == "__init__" and parts[1] == FACADE:
            continue
        assert parts[1] == layer or parts[1] in BELOW[layer], f"{module}: {layer} imports {name}"


def test_the_package_alone_is_light() -> None:
    script = "import sys, csfnet_bundle; print([name for name in sys.modules if name.startswith('csfnet_bundle.')])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("layer", sorted(LIBRARIES_OF_LOWER_LAYERS))
def test_lower_layers_import_few_libraries(layer: str) -> None:
    allowed = LIBRARIES_OF_LOWER_LAYERS[layer] | {"csfnet_bundle", "__future__", *sys.stdlib_module_names}
    for module in _modules():
        if _layer_of(module) == layer:
            unexpected = {name.split(".")[0] for name in _imports(module)} - allowed
            assert not unexpected, f"{module} imports {unexpected}"
