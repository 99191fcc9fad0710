"""Numbers as people say them, and what metrics and plots mean."""

from __future__ import annotations

from datetime import date as Date

from csfnet_bundle.report.attention_map import EVEN_ATTENTION
from csfnet_bundle.report.case import Case, Weights
from csfnet_bundle.report.numbers import metric

GROWTH_MM = 2.0
"""Smallest change of diameter that counts as growth or shrinkage rather than as two readers' or two measurements'
difference (Bankier et al., Recommendations for measuring pulmonary nodules at CT, Radiology 2017)."""

NOT_A_DEVICE = "Not a medical device. For research only; not for diagnosis, triage or treatment."

NOT_KNOWN_TO_SELECT = (
    "Nothing says that training had to select a place, so the map is no evidence of where anything lies."
)

METRIC_WORDS = {
    "auc": ("AUC", "how often a malignant nodule gets a higher probability than a benign one; 0.5 is guessing"),
    "accuracy": ("Accuracy", "share of pairs on the right side of the threshold"),
    "precision": ("Precision", "share of malignant among the pairs called malignant"),
    "recall": ("Recall (sensitivity)", "share of the malignant pairs that are called malignant"),
    "specificity": ("Specificity", "share of the benign pairs that are called benign"),
    "f1": ("F1", "harmonic mean of precision and recall"),
    "brier_score": ("Brier score", "mean squared distance of probability and label; 0 is best"),
    "calibration_error": ("Calibration error", "mean distance of the probability and the share found malignant"),
}
"""Name and meaning of the metrics of ``metrics.json``, by their key."""

PLOT_WORDS = {
    "roc.png": ("ROC", "Receiver operating characteristic: recall over the false positive rate."),
    "precision_recall.png": ("Precision and recall", "Precision over recall."),
    "calibration.png": ("Calibration", "Share found malignant over the predicted probability."),
    "decision_curve.png": ("Decision curve", "Net benefit over the risk from which on one would act."),
    "training.png": ("Training", "Loss and validation metrics over the epochs."),
}
"""Heading and description of an evaluation's plots, by file name, in the order in which the report shows them."""


def percent(probability: float) -> str:
    """Return whole per cent; never 0 % or 100 %, which would claim certainty."""
    whole = round(100 * probability)
    if whole < 1:
        return "under 1\N{NO-BREAK SPACE}%"
    return "over 99\N{NO-BREAK SPACE}%" if whole > 99 else f"{whole}\N{NO-BREAK SPACE}%"


def of_hundred(probability: float) -> str:
    """Return a natural frequency: ``"about 72 of 100"``; never none of 100 or all."""
    whole = round(100 * probability)
    if whole < 1:
        return "fewer than 1 of 100"
    return "more than 99 of 100" if whole > 99 else f"about {whole} of 100"


def days(count: float) -> str:
    """Return whole days, with years where there are at least one: ``"365 days (1.0 years)"``."""
    text = f"{count:.0f}\N{NO-BREAK SPACE}{'day' if round(count) == 1 else 'days'}"
    return f"{text} ({count / 365.25:.1f} years)" if count >= 365 else text


def date_words(day: Date | None) -> str:
    """Return the date as ``2000-01-02``, or that it is unknown."""
    return "date unknown" if day is None else day.isoformat()


def signed(number: float) -> str:
    """Return a whole number with a true minus sign, which does not part from its number at the end of a line."""
    return f"{number:.0f}".replace("-", "\N{MINUS SIGN}")


def training_data(weights: Weights) -> str:
    """Return what the weights were trained on; phantoms are called so whatever the cohort's name."""
    return f"computer-made phantoms ({weights.trained_on})" if weights.phantoms else weights.trained_on


def trained_on(weights: Weights) -> str:
    """Return the plain line on the weights' origin that stands beside every probability."""
    line = f"Weights trained on {training_data(weights)}."
    return f"{line} The probability means nothing for a patient." if weights.phantoms else line


def decision(case: Case) -> str:
    """Say on which side of the evaluation's threshold the probability lies."""
    threshold = case.weights.threshold
    if threshold is None:
        return "No threshold was chosen for these weights."
    side = "At or above" if case.above_threshold else "Below"
    return f"{side} the threshold of {percent(threshold)} that was chosen on {validation_items(case.weights)}."


def validation_items(weights: Weights) -> str:
    """Return what temperature and threshold were chosen on: pairs, or single scans."""
    return "single validation scans" if weights.pair_caveat else "validation pairs"


def lead(weights: Weights) -> str:
    """Return what a page leads with where its number says nothing about patients; else nothing."""
    if not weights.phantoms:
        return ""
    return (
        "For a patient this number means nothing: the network has only ever seen computer-made phantoms, whose labels "
        "come from a made-up rule."
    )


def band(case: Case) -> str:
    """Return the band of the probability over clicks; where there is none, that it was not computed."""
    if case.band is None:
        return "How much the number depends on the click was not computed."
    return f"27 clicks within 2 mm give {metric(case.band[0])} to {metric(case.band[1])}."


def spread(case: Case) -> str:
    """Say how far the networks of an ensemble lie apart; empty for one network."""
    members = case.member_probabilities
    if not members:
        return ""
    return (
        f"Mean of {len(members)} networks, which say {percent(min(members))} to {percent(max(members))}. The spread is "
        "the networks' disagreement, not an interval of confidence."
    )


def growth(case: Case) -> str:
    """Say in one sentence how the diameter changed and what the volume doubling time makes of it."""
    d0, d1 = case.diameter_t0_mm, case.diameter_t1_mm
    if d0 is None or d1 is None:
        return "Growth cannot be computed: a diameter is not known."
    change = f"{d0:.1f} mm to {d1:.1f} mm ({d1 - d0:+.1f} mm)"
    if abs(d1 - d0) < GROWTH_MM:
        change += f"; a change under {GROWTH_MM:.0f} mm is within what two measurements differ by"
    doubling = case.doubling_time_days
    if case.interval_days is None:
        return f"{change}. The doubling time needs the interval, which is not known."
    if doubling is None:
        return f"{change}. No change, so there is no doubling time."
    if doubling < 0:
        return f"{change}. The volume halves in {days(-doubling)} at this rate."
    return f"{change}. Volume doubling time {days(doubling)}."


def attention_focus(highest_share: float, weights: Weights) -> str:
    """Say how strongly the attention is gathered; ``highest_share`` is its largest cell in even shares."""
    if highest_share <= EVEN_ATTENTION:
        return f"Nearly even (highest {highest_share:.1f}): no focus, no evidence of where anything lies."
    told = "Training had to select a place." if weights.attention_selects else NOT_KNOWN_TO_SELECT
    return f"Highest cell: {highest_share:.1f} times the average. {told}"


def meaning(case: Case) -> list[str]:
    """Say in whole sentences what the probability means, as a natural frequency, and what it does not mean.

    Where the calibration does not hold for the case, say that no frequency is known.
    """
    weights = case.weights
    if case.caveat:
        return [
            case.caveat,
            "It is not known how often nodules with this number are malignant or called malignant. It is no diagnosis.",
        ]
    kind = "phantom nodules" if weights.phantoms else "nodules"
    malignant, benign = of_hundred(case.probability), of_hundred(1 - case.probability)
    if weights.opinion:
        said = (
            f"If the calibration holds, radiologists call {malignant} {kind} that get this number malignant and "
            f"{benign} not. That is an opinion from one scan, not a diagnosis; it says how often, not which ones."
        )
    else:
        said = (
            f"If the calibration holds, {malignant} {kind} that get this number are malignant and {benign} are benign. "
            "It says how often, not which ones."
        )
    sentences = [said]
    if weights.phantoms:
        return sentences
    if weights.calibration_pairs and weights.calibration_malignant is not None:
        share = percent(weights.calibration_malignant / weights.calibration_pairs)
        sentences.append(
            f"The calibration was made where {share} of {weights.calibration_pairs} {validation_items(weights)} were "
            f"{'called ' if weights.opinion else ''}malignant. Where malignant nodules are rarer than that, the true "
            "share is lower; where they are more common, higher."
        )
    else:
        sentences.append("How common malignant nodules were where the calibration was made is not known.")
    return sentences
