"""Measure how hard the phantom is, write the figures as JSON: ``python scripts/measure_phantom.py [FILE]``."""

import json
import sys
from pathlib import Path

from csfnet_bundle.cohorts.phantom.calibration import measure_phantom
from csfnet_bundle.core.files import write_atomically

if __name__ == "__main__":
    figures = json.dumps(measure_phantom(), indent=1) + "\n"
    if len(sys.argv) > 1:
        write_atomically(Path(sys.argv[1]), figures)
    print(figures, end="")
