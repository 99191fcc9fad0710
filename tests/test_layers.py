"""The layers of csfnet_bundle/__init__.py: a lower one never imports a higher one."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "csfnet_bundle"

BELOW: dict[str, set[str]] = {}
"""For every layer, the layers of the package that it may import (besides itself)."""


def _layer(name: str, *below: str) -> None:
    BELOW[name] = set(below).union(*(BELOW[layer] for layer in below))


_layer("errors")
_layer("files")
_layer("__init__")
_layer("error_hook", "errors")
_layer("extras", "errors")
_layer("geometry", "errors")
_layer("dicom", "geometry", "files", "__init__")
_layer("volume_files", "geometry", "files")
_layer("tables", "errors", "files")
_layer("pairs", "geometry", "files")
_layer("roi", "pairs", "dicom", "volume_files")
_layer("transforms", "roi", "tables")
_layer("networks")
_layer("evaluation", "errors", "files", "__init__")
_layer("report", "evaluation", "pairs", "tables")
_layer("phantom", "pairs", "dicom", "tables", "roi")
_layer("cohort", "pairs", "dicom", "tables", "roi", "report")
_layer("dicom_out", "report", "dicom", "extras")
_layer("training", "error_hook", "transforms", "networks", "evaluation", "report", "phantom", "dicom_out")
_layer("medst", "training")
_layer("export", "training")
_layer("monai_label", "transforms", "report")
_layer("benchmark", "training", "cohort")
_layer("federated", "training")
_layer("commands", "training", "cohort", "export", "benchmark", "federated", "medst", "monai_label")
_layer("__main__", "commands")

LIBRARIES_OF_LOWER_LAYERS = {
    "errors": set(),
    "files": set(),
    "geometry": {"numpy"},
    "dicom": {"numpy", "pydicom"},
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
        assert parts[1] == layer or parts[1] in BELOW[layer], f"{module}: {layer} imports {name}"


@pytest.mark.parametrize("layer", sorted(LIBRARIES_OF_LOWER_LAYERS))
def test_lower_layers_import_few_libraries(layer: str) -> None:
    import sys

    allowed = LIBRARIES_OF_LOWER_LAYERS[layer] | {"csfnet_bundle", "__future__", *sys.stdlib_module_names}
    # Decoders of compressed syntaxes are extras that one module loads where a file needs them.
    allowed |= {"gdcm", "jpeg_ls", "openjpeg", "pylibjpeg", "pyjpegls"} if layer == "dicom" else set()
    for module in _modules():
        if _layer_of(module) == layer:
            unexpected = {name.split(".")[0] for name in _imports(module)} - allowed
            assert not unexpected, f"{module} imports {unexpected}"
