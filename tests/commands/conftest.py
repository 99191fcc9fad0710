"""Fixtures of the command tests; the synthetic DICOM series are those of tests/dicom."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "dicom"))
