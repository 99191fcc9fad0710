"""Phantom subjects with two nodules in one ROI, of which a clinical value names the one that the label depends on.

On the ordinary phantom the label adds up what one nodule shows, so that attention has nothing to select and a network
with uniform attention is as good. Here it has: what both nodules show together says far less than what the named one
shows. The naming variable is `scr_iso0`, whose two codes stand for the patient's right and left; no other clinical
variable has an effect.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from csfnet_bundle.cohorts.phantom.anatomy import Outline
from csfnet_bundle.cohorts.phantom.label_model import ATTENUATION_EFFECTS, draw_latents
from csfnet_bundle.cohorts.phantom.nodule import Nodule, NoduleShape, draw_shape
from csfnet_bundle.cohorts.phantom.streams import Purpose, stream
from csfnet_bundle.cohorts.phantom.subject import Subject

OFFSET_MM = 8.0
"""Of each nodule from the point between them, along the patient's left-right axis: half of the way to the edge of a ROI
of 32 mm."""
LARGEST_DIAMETER_MM = 13.0
"""At both screens: the two bodies then leave a gap, and each stays in its half of the ROI."""
TOWARDS_MIDDLE = 0.75
"""Where the point lies between the lung's middle (0) and the place of a single nodule (1): both need room."""
EFFECT_SCALE = 2.0
"""Factor on the effects of :func:`csfnet_bundle.cohorts.phantom.label_model.malignancy_score`: the label then depends
on one nodule's picture about as clearly as the ordinary one on picture and record together."""
INTERCEPT = 0.5
"""Brings the share of malignant pairs near one half."""
SIDES = ("right", "left")
"""Of the patient, by the level of ``isolation``: 0 and 1 (codes 2 and 3 of scr_iso0)."""
OTHER = "other_"
"""Begins the names of the latents of the nodule that is not named."""
SHOWN = ("diameter_t0", "diameter_t1", "spiculation_t0", "spiculation_t1", "growth", "attenuation")
FIT_DRAWS, FIT_SEED = 50_000, 20_240_229


def draw_two_latents(count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw subjects with two nodules, and labels by the named one.

    Returns:
        One row a subject: the columns of :func:`csfnet_bundle.cohorts.phantom.label_model.draw_latents`, which are
        those of the named nodule, with ``isolation`` its side, and :data:`SHOWN` of the other nodule after
        :data:`OTHER`.
    """
    named, other = (_limited(draw_latents(count, rng)) for _ in range(2))
    named["isolation"] = rng.integers(0, 2, count)
    named["score"] = named_score(named)
    named["label"] = (rng.random(count) < expit(named["score"])).astype(int)
    return pd.concat([named, other[list(SHOWN)].add_prefix(OTHER)], axis=1)


def named_score(latents: pd.DataFrame) -> NDArray[np.float64]:
    """Return the log odds of malignancy, shape (N,): size, growth, spiculation and attenuation of the named nodule."""
    return np.asarray(
        EFFECT_SCALE
        * (
            1.6 * (np.log(latents["diameter_t1"]) - 2.26) / 0.35
            + 2.0 * (latents["growth"] - 0.57) / 0.6
            + 1.0 * (latents["spiculation_t1"] - 0.46) / 0.26
            + ATTENUATION_EFFECTS[latents["attenuation"]]
        )
        + INTERCEPT
    )


def two_nodule_oracle(latents: pd.DataFrame, *, named: bool = True) -> NDArray[np.float64]:
    """Return the best log odds of malignancy, shape (N,), fitted on a draw of its own.

    Args:
        latents: of :func:`draw_two_latents`.
        named: whether the side is known; if not, what both nodules show is added up.
    """
    return np.asarray(_fitted(named).decision_function(_visible(latents, named)))


@dataclass(frozen=True)
class TwoNoduleSubject(Subject):
    """A subject whose ROI holds two nodules, side by side around its point; :meth:`nodule` is the named one."""

    @cached_property
    def latents(self) -> pd.Series[float]:
        """The drawn quantities and the label, see :func:`draw_two_latents`."""
        return draw_two_latents(1, stream(self.seed, self.number, Purpose.LATENTS)).iloc[0]

    @property
    def side(self) -> int:
        """Index into :data:`SIDES` of the named nodule."""
        return int(self.latents["isolation"])

    @cached_property
    def outline(self) -> Outline:
        """As of one nodule, with the point moved into the lung."""
        outline = super().outline
        lung = np.array(outline.lungs[0 if outline.nodule[0] < 0 else 1].center)
        return replace(outline, nodule=lung + TOWARDS_MIDDLE * (outline.nodule - lung))

    @cached_property
    def other_shape(self) -> NoduleShape:
        """What the nodule that is not named keeps from screen to screen."""
        return draw_shape(stream(self.seed, self.number, Purpose.SHAPE, 1))

    def nodules(self, screen: int) -> list[tuple[Nodule, NDArray[np.float64]]]:
        """Return both nodules with their centres, anatomy mm; the named one first."""
        latents = self.latents
        other = Nodule(
            shape=self.other_shape,
            diameter=float(latents[f"{OTHER}diameter_t{screen}"]),
            spiculation=float(latents[f"{OTHER}spiculation_t{screen}"]),
            attenuation=int(latents[f"{OTHER}attenuation"]),
        )
        # LPS: x grows towards the patient's left.
        along = np.array([OFFSET_MM if self.side else -OFFSET_MM, 0.0, 0.0])
        return [(self.nodule(screen), self.outline.nodule + along), (other, self.outline.nodule - along)]


def _limited(latents: pd.DataFrame) -> pd.DataFrame:
    """Return the latents with both diameters limited, and the growth that is left of it."""
    first, second = (np.minimum(latents[f"diameter_t{screen}"], LARGEST_DIAMETER_MM) for screen in (0, 1))
    return latents.assign(diameter_t0=first, diameter_t1=second, growth=3 * np.log(second / first))


def _visible(latents: pd.DataFrame, named: bool) -> NDArray[np.float64]:
    prefixes = ("",) if named else ("", OTHER)
    parts = []
    for prefix in prefixes:
        attenuation = latents[f"{prefix}attenuation"].to_numpy()[:, None] == np.array([1, 2])
        numbers = [np.log(latents[f"{prefix}diameter_t{screen}"]) for screen in (0, 1)]
        numbers += [latents[f"{prefix}spiculation_t{screen}"] for screen in (0, 1)]
        parts.append(np.column_stack([*numbers, attenuation.astype(float)]))
    return np.asarray(sum(parts[1:], start=parts[0]))


@cache
def _fitted(named: bool) -> LogisticRegression:
    latents = draw_two_latents(FIT_DRAWS, np.random.default_rng(FIT_SEED))
    return LogisticRegression(C=1e6, max_iter=1000).fit(_visible(latents, named), latents["label"])
