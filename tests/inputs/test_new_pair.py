from pathlib import Path

import pytest
from helpers.predicted_pair import POINTS, write_pair

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.inputs import describe_pair
from csfnet_bundle.records import load_datalist

T0, T1 = (("t0", Point(POINTS["t0"], Space.LPS)), ("t1", Point(POINTS["t1"], Space.LPS)))


def test_dicom_tells_the_patient_the_series_and_the_interval(tmp_path: Path) -> None:
    slices = write_pair(tmp_path)
    pair = describe_pair(tmp_path, t0=T0, t1=T1)
    assert pair.t0 is not None
    assert pair.subject == slices["t1"][0].PatientID
    assert (pair.t0.series_uid, pair.t1.series_uid) == tuple(slices[name][0].SeriesInstanceUID for name in slices)
    assert (pair.t0.date, pair.t1.date) == ("19990102", "20000103")
    assert pair.interval_days == 366
    assert describe_pair(tmp_path, t0=T0, t1=T1, interval_days=380.0).interval_days == 380
    alone = describe_pair(tmp_path, t1=T1)
    assert alone.t0 is None
    assert alone.interval_days is None


def test_other_files_tell_none_of_it(small_cohort: Path) -> None:
    scan = load_datalist(small_cohort).section("inference")[0].t1
    pair = describe_pair(small_cohort, t1=(scan.path, scan.point), default_subject="somebody")
    assert (pair.subject, pair.t1.series_uid, pair.interval_days) == ("somebody", None, None)
    with pytest.raises(BundleError, match="carries no PatientID"):
        describe_pair(small_cohort, t1=(scan.path, scan.point))
