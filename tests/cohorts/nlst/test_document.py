"""Reports as HTML and Markdown."""

from csfnet_bundle.cohorts.nlst.document import Picture, Section, Table, to_markdown, write_report

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
SECTIONS = [
    Section("Numbers", "Some & more.", Table(("a|b", "n"), (("<script>", "1"), ("y", "22")))),
    Section("Picture", picture=Picture("p.png", PNG, "What it shows"), items=("one", "two")),
]


def test_markdown():
    assert to_markdown("T", SECTIONS) == (
        "# T\n\n## Numbers\n\nSome & more.\n\n"
        "| a\\|b     | n  |\n|----------|----|\n| <script> | 1  |\n| y        | 22 |\n\n"
        "## Picture\n\n![What it shows](p.png)\n\nWhat it shows\n\n- one\n- two\n"
    )


def test_html_is_one_file_and_escapes_what_it_shows(tmp_path):
    html, markdown = write_report(tmp_path, "T", SECTIONS)
    text = html.read_text()
    assert "&lt;script&gt;" in text
    assert "<script>" not in text
    assert "data:image/png;base64,iVBOR" in text
    assert "http" not in text.replace("charset", "")
    assert (tmp_path / "p.png").read_bytes() == PNG
    assert "![What it shows](p.png)" in markdown.read_text()
