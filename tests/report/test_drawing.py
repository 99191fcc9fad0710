from csfnet_bundle.report.drawing import printable


def test_letters_without_a_glyph_are_replaced():
    assert printable("Ωμέγα 12") == "Ωμέγα 12"
    assert printable("患\n1\N{NO-BREAK SPACE}%") == "??1 %"
