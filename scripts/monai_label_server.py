"""Start MONAI Label's server; what scripts/try_monai_label.sh runs in MONAI Label's own environment.

MONAI Label imports torchvision for two drawing functions. A torchvision that was built for GPUs does not load beside
the CPU build of torch: it wants to describe two operators that its own library would have brought. They are declared
here first, where they are missing; nothing that is served calls them. With a torchvision that loads, this is
the command ``monailabel`` itself.
"""

from __future__ import annotations

import sys

import torch

MISSING_OPERATORS = ("nms", "qnms")
SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def declare_missing_operators() -> None:
    """Make ``import torchvision`` work; how much of it, is seen by importing it."""
    try:
        import torchvision  # noqa: F401 - whether it loads is the question
    except RuntimeError:
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        for operator in MISSING_OPERATORS:
            torch.library.define(f"torchvision::{operator}", SCHEMA)


if __name__ == "__main__":
    declare_missing_operators()
    from monailabel.main import Main

    Main().run()
