"""The phantom cohort that stands in for data that nobody has given, known before it is made."""

from __future__ import annotations

from csfnet_bundle.cohorts.phantom.cohort import CohortSettings, stratified_sections

PHANTOMS = CohortSettings(subjects=96, seed=2026)
"""Made in about two minutes."""


def pairs_in_section(section: str, settings: CohortSettings = PHANTOMS) -> int:
    """Return how many pairs a section will have; 0 for a section that the cohort does not have."""
    labels = [subject.label for subject in settings.all_subjects()[: settings.subjects]]
    sections = stratified_sections(labels, settings.split) + ["inference"] * settings.inference
    return sections.count(section) * (settings.screens - 1)
