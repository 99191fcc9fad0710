"""The ROI that every route and every transfer syntax is measured on."""

from __future__ import annotations

CENTER_INDEX = (0.36, 0.55, 0.5)
"""The nodule point, as shares of columns, rows and slices: within a lung of the series made here."""
ROI_SIZE, ROI_SPACING = (16, 64, 64), (1.0, 1.0, 1.0)
"""Voxels along (D, H, W), and mm: that of configs/train.json."""
