"""CSF-Net as a MONAI bundle: malignancy of a lung nodule from two CT scans and clinical variables.

``load()`` gives a predictor (:class:`csfnet_bundle.prediction.predictor.Predictor`).

The package's layers, highest first; a package imports only from those below it (``tests/test_layers.py`` guards this):

``commands`` -> ``studies`` -> ``medst`` -> ``training``, ``serving`` -> ``prediction`` -> ``cohorts`` -> ``report``,
``nodule`` -> ``inputs`` -> ``records``, ``scans`` -> ``geometry`` -> ``core``;
``networks`` (torch and MONAI blocks) and ``evaluation`` (metrics and statistics) beside them, above ``core``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from csfnet_bundle.prediction.predictor import Predictor

__version__ = "0.2.0"
__all__ = ["__version__", "load"]


def load(
    path: str | Path | None = None, device: str | torch.device | None = None, *, follow_links: bool = False
) -> Predictor:
    """Load weights and return what predicts with them: :func:`csfnet_bundle.prediction.predictor.load`."""
    from csfnet_bundle.prediction import predictor  # torch is loaded only now

    return predictor.load(path, device, follow_links=follow_links)
