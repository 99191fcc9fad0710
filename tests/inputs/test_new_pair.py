from pathlib import Path

import pytest
from helpers.predicted_pair import POINTS, write_pair
from helpers.series_edits import another
from helpers.synthetic_series import landmarks_lps, make_affine, make_series, write_series

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Point, Space
from csfnet_bundle.inputs import RoiSettings, describe_pair, locate_pair, read_pair
from csfnet_bundle.records import Datalist, load_datalist, save_datalist

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


def test_any_patient_id_is_an_identity(tmp_path: Path) -> None:
    for name in ("UK/2010 0815^A", "Müller 7", "=1+1", "患者"):
        folder = tmp_path / str(abs(hash(name)))
        series = {
            when: make_series(seed=when, PatientID=name, StudyDate=date, SpecificCharacterSet="ISO_IR 192")
            for when, date in (("t0", "19990102"), ("t1", "20000102"))
        }
        for when, slices in series.items():
            write_series(folder / when, slices)
        point = Point(tuple(landmarks_lps(make_affine())[0].tolist()), Space.LPS)
        pair = describe_pair(folder, t0=("t0", point), t1=("t1", point))
        assert pair.subject == name
        save_datalist(Datalist(folder, {"inference": (pair,)}))
        assert load_datalist(folder).section("inference")[0].subject == name
        assert locate_pair(pair, folder)[1].series is not None


def test_how_the_series_was_chosen_goes_with_the_record(tmp_path: Path) -> None:
    series = make_series(StudyDate="20000102")
    write_series(tmp_path / "t1", series)
    mip = another(series, "mip", SliceThickness="0.6", ImageType=["DERIVED", "SECONDARY", "MIP"])
    write_series(tmp_path / "t1", mip, prefix="mip")
    write_series(tmp_path / "t1", another(series, "bone", ConvolutionKernel="BONE"), prefix="bone")
    point = Point(tuple(landmarks_lps(make_affine())[0].tolist()), Space.LPS)
    pair = describe_pair(tmp_path, t1=("t1", point))
    assert pair.t1.series_uid == series[0].SeriesInstanceUID
    rois = read_pair(pair, tmp_path, RoiSettings(size=(4, 8, 8)), repeat_missing_prior=True)
    told = " ".join(rois.findings)
    assert all(words in told for words in ("Chosen by the rule", "kernel BONE", "Passed over", "MIP"))
    assert rois.series[1] is not None
    assert len(rois.series[1].others) == 2
