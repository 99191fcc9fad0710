"""Copies configs/ and models/, which stay at the top of the bundle, into the package that is built."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
FOLDERS = ("configs", "models")


class BuildWithBundle(build_py):
    """Builds the package with its bundle; an editable install reads the bundle where it lies."""

    def run(self) -> None:
        """Build, then copy."""
        super().run()
        if self.editable_mode:
            return
        for folder in FOLDERS:
            target = Path(self.build_lib, "csfnet_bundle", "bundle", folder)
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(ROOT / folder, target)


setup(cmdclass={"build_py": BuildWithBundle})
