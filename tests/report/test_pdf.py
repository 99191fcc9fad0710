"""PDF pages of words and pictures."""

from matplotlib.figure import Figure

from csfnet_bundle.report.drawing import new_figure, png_bytes
from csfnet_bundle.report.pdf import LINES, pdf_pages


def _picture() -> bytes:
    figure: Figure = new_figure(1, 1)
    return png_bytes(figure)


def test_the_same_input_gives_the_same_bytes() -> None:
    one, other = (pdf_pages("Title", ["A line.", ""], {"picture": _picture()}, "foot") for _ in range(2))
    assert one == other
    assert b"/Count 2" in one


def test_many_lines_take_more_pages() -> None:
    assert b"/Count 2" in pdf_pages("Title", ["line"] * (LINES + 1), {}, "foot")
    assert b"/Count 1" in pdf_pages("Title", ["line"] * LINES, {}, "foot")
    assert b"/Count 1" in pdf_pages("Title", [], {}, "foot")
