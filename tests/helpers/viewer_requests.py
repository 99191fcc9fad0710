"""What viewers put into a request to a point model, as MONAI Label 0.8.5's plug-ins for them do.

Read in its wheel: plugins/slicer/MONAILabel (onClickDeepgrow and its client's infer), plugins/ohifv3 (PointPrompts, its
client's infer), plugins/ohif (SmartEdit, its client's deepgrow).
"""

from collections.abc import Sequence
from typing import Any

Clicks = Sequence[Sequence[float]]


def slicer(clicks: Clicks, options: dict[str, str], background: Clicks = ()) -> dict[str, Any]:
    """Slicer rounds to voxels, and always sends every option of its table."""
    return {
        "label": "nodule",
        "foreground": [[round(value) for value in click] for click in clicks],
        "background": [list(click) for click in background],
        **options,
        "reset_state": True,
        "client_id": "user-xyz",
    }


def ohif(clicks: Clicks, options: dict[str, str] | None = None) -> dict[str, Any]:
    """OHIF 3 rounds too, and sends the options that its user changed."""
    return {
        **(options or {}),
        "foreground": [[round(value) for value in click] for click in clicks],
        "background": [],
        "result_extension": ".nrrd",
        "result_dtype": "uint8",
        "result_compress": False,
        "restore_label_idx": False,
    }


def ohif2(clicks: Clicks) -> dict[str, Any]:
    """OHIF 2 sends fractions of pixels, and asks for 16 bits."""
    return {
        "foreground": [list(click) for click in clicks],
        "background": [],
        "result_extension": ".nrrd",
        "result_dtype": "uint16",
        "result_compress": False,
    }
