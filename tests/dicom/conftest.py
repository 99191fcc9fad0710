"""Fixtures of the DICOM tests; the module ``synthetic`` beside it makes the folders."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
