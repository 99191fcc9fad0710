"""Phantom cohorts: computed chest CT of nodules whose malignancy follows a label model with a known best AUC."""

from csfnet_bundle.cohorts.phantom.cohort import CohortSettings, make_cohort
from csfnet_bundle.cohorts.phantom.label_model import draw_latents
from csfnet_bundle.cohorts.phantom.oracle import SUBSETS, oracle_aucs, oracle_scores
from csfnet_bundle.cohorts.phantom.render import Region, RenderedScan, render_pair, render_scan
from csfnet_bundle.cohorts.phantom.subject import Subject

__all__ = [
    "SUBSETS",
    "CohortSettings",
    "Region",
    "RenderedScan",
    "Subject",
    "draw_latents",
    "make_cohort",
    "oracle_aucs",
    "oracle_scores",
    "render_pair",
    "render_scan",
]
