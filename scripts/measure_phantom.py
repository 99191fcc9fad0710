"""Measure how hard the phantom is, write the figures as JSON: ``python scripts/measure_phantom.py [FILE]``."""

import argparse
import json
from pathlib import Path

from csfnet_bundle.cohorts.phantom.calibration import measure_phantom
from csfnet_bundle.core.files import write_atomically

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path, nargs="?", help="where the figures go besides the terminal")
    file = parser.parse_args().file
    figures = json.dumps(measure_phantom(), indent=1) + "\n"
    if file is not None:
        write_atomically(file, figures)
    print(figures, end="")
