"""The wall between what is known before the second scan and what tells the outcome.

The network's inputs come from an allow-list (``CLINICAL_VARIABLES``). This module is the second wall: names of the
participant table that tell the outcome, or that exist only for those who have one, must never be among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from csfnet_bundle.core.errors import BundleError

DENIED = re.compile(
    r"cancer.*|cancyr.*|can.*|candx_days.*|conflc.*|de_.*|loc.*|lesionsize.*|scr_group.*|.*death.*|dcf.*|evp.*|fup_days"
    r"|hasdcf|num_confirmed|ndicd|prog.*|last_prog.*|mra_stat.*|proc.*|biop.*|invas.*|medcomp.*|treatlc|no_proc_reas.*|confirmed_.*",
    re.IGNORECASE,
)
"""Cancer, its diagnosis, stage, place and size; case groups; death; progression; work-up of positive screens."""


def refuse_outcomes(names: Iterable[str]) -> None:
    """Refuse input variables that tell the outcome.

    Raises:
        BundleError: naming the first of them.
    """
    for name in names:
        if DENIED.fullmatch(name.strip()):
            raise BundleError(
                f"variable {name!r} tells the outcome and must not be an input", remedy="Remove it from the inputs."
            )
