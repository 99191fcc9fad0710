from csfnet_bundle.core.alarm import CHECK_INPUT, CHECK_POINT, alarms, is_alarm, notes

FINDINGS = (f"t0: {CHECK_POINT}: nothing is there.", "Left out 1 localizer.", f"{CHECK_INPUT}: too large.")


def test_what_must_be_seen_before_the_number_is_parted_from_the_rest():
    assert alarms(FINDINGS) == (FINDINGS[0], FINDINGS[2])
    assert notes(FINDINGS) == (FINDINGS[1],)
    assert is_alarm(f"{CHECK_POINT}S: t0's point lies 20 mm away")
