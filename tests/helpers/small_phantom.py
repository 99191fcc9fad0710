"""Settings of a phantom cohort of three subjects and one without a label."""

from csfnet_bundle.cohorts.phantom.cohort import CohortSettings

SETTINGS = CohortSettings(subjects=3, seed=4, split=(0.4, 0.2, 0.4), inference=1)
