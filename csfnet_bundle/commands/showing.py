"""What commands print of a prediction."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from csfnet_bundle.core.alarm import is_alarm

if TYPE_CHECKING:
    from csfnet_bundle.nodule.pair import PairMeasurements
    from csfnet_bundle.prediction.prediction import Prediction


def print_alarms(prediction: Prediction) -> None:
    """Print to standard error what a reader must know before the number."""
    for finding in prediction.findings:
        if is_alarm(finding):
            print(finding, file=sys.stderr)


def print_prediction(prediction: Prediction) -> None:
    """Print the number with its band, how t0's point was found, missing clinical values, and the measurements."""
    print(f"malignancy probability of {prediction.pair.name}: {prediction.probability:.3f}")
    if prediction.caveat:
        print(prediction.caveat)
    if prediction.band is not None:
        print(f"27 clicks within 2 mm give {prediction.band[0]:.3f} to {prediction.band[1]:.3f}")
    _print_inputs(prediction)
    if prediction.measured is not None:
        _print_measurements(prediction.measured)
    members = prediction.member_probabilities
    if members:
        print(f"mean of {len(members)} networks, which say {min(members):.3f} to {max(members):.3f}")


def print_origin(prediction: Prediction, report: Path) -> None:
    """Print what the weights were trained on, and where the report lies."""
    print(f"weights trained on: {prediction.trained_on}. Not a medical device.")
    print(f"report: {report}")


def _print_inputs(prediction: Prediction) -> None:
    """Print where t0's point came from if it was matched, and which clinical values the network was not given."""
    from csfnet_bundle.inputs.matching import match_findings
    from csfnet_bundle.records.clinical import missing_variables
    from csfnet_bundle.records.clinical_words import everyday_name

    for finding in match_findings(prediction.pair.t0) if prediction.pair.t0 else ():
        if not is_alarm(finding):
            print(f"t0: {finding}")
    missing = missing_variables(prediction.pair.clinical, prediction.code_book)
    if not prediction.sees_clinical:
        print("these weights look at no clinical value")
    elif missing:
        print(f"missing clinical values: {', '.join(map(everyday_name, missing))}")


def _print_measurements(measured: PairMeasurements) -> None:
    """Print a line for each scan measured with its doubts, then growth and notes."""
    for name, one in (("t0", measured.t0), ("t1", measured.t1)):
        if one is not None:
            axes = f"{one.long_axis_mm:.1f} x {one.short_axis_mm:.1f} mm"
            flags = "".join(f" {flag.text}" for flag in one.flags)
            print(f"measured in {name}: {one.volume_mm3:.0f} mm³, axes {axes}, {one.attenuation}.{flags}")
    if measured.growth is not None:
        print(measured.growth.text)
    for note in measured.notes:
        print(note)
