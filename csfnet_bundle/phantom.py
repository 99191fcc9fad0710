"""The phantom cohort under the name of version 0.1; moved to ``csfnet_bundle.cohorts.phantom``."""

from csfnet_bundle.cohorts.phantom import (
    SUBSETS,
    CohortSettings,
    Region,
    RenderedScan,
    Subject,
    draw_latents,
    make_cohort,
    oracle_aucs,
    oracle_scores,
    render_pair,
    render_scan,
)

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
