import re
from importlib import resources

import jinja2
import pytest

from csfnet_bundle.report.page import write_page

READABLE_CONTRAST = 4.5
"""WCAG 2.2, success criterion 1.4.3, for text of normal size."""


def luminance(colour):
    """Relative luminance of ``#rrggbb`` as WCAG 2.2 defines it."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("ink", "ground"),
    [("ink", "ground"), ("soft", "ground"), ("warn", "ground"), ("warn", "warn-ground"), ("ink", "warn-ground")],
)
def test_every_pair_of_colours_that_the_pages_use_is_readable(ink, ground):
    style = resources.files("csfnet_bundle.report").joinpath("templates/style.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", style))
    light, dark = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= READABLE_CONTRAST


def test_a_value_that_was_forgotten_is_an_error_and_nothing_is_written(tmp_path):
    with pytest.raises(jinja2.UndefinedError, match="title"):
        write_page(tmp_path / "page.html", "case.html", {})
    assert list(tmp_path.iterdir()) == []
