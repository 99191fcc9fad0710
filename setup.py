"""Copies the bundle, which lies at the top of the repository, into the package that is built.

configs/ and models/ are what the installed package works with; documents and scripts go into the archives that
`package` and `label-app` write.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
FOLDERS = ("configs", "models", "docs", "scripts")
FILES = (
    "LICENSE",
    "README.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "pyproject.toml",
    "setup.py",
    "MANIFEST.in",
)
NOT_COPIED = shutil.ignore_patterns("__pycache__", ".*")


class BuildWithBundle(build_py):
    """Builds the package with its bundle; an editable install reads the bundle where it lies."""

    def run(self) -> None:
        """Build, then copy."""
        super().run()
        if self.editable_mode:
            return
        bundle = Path(self.build_lib, "csfnet_bundle", "bundle")
        shutil.rmtree(bundle, ignore_errors=True)
        for folder in FOLDERS:
            shutil.copytree(ROOT / folder, bundle / folder, ignore=NOT_COPIED)
        for name in FILES:
            shutil.copy(ROOT / name, bundle / name)


setup(cmdclass={"build_py": BuildWithBundle})
