import math

from csfnet_bundle.report import numbers


def test_one_rule_for_decimals():
    assert numbers.metric(0.12345) == "0.123"
    assert numbers.metric(-0.5) == "−0.500"
    assert numbers.metric(None) == numbers.metric(math.nan) == "undefined"
    assert numbers.interval(0.1, 0.25) == "0.100 to 0.250"
    assert numbers.interval(0.1, None) == "undefined"
    assert numbers.millimetres(7.04).split() == ["7.0", "mm"]
    assert numbers.millimetres(None) == "not known"
    assert numbers.cubic_millimetres(112.6).split() == ["113", "mm³"]
    assert numbers.hounsfield(-23.4).split() == ["−23", "HU"]
    assert numbers.ratio(2.318) == "2.32"
