"""What makes a classic series refused makes an Enhanced multi-frame one refused too."""

from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.reader_cases import enhanced
from helpers.synthetic_series import make_series, write_slice
from pydicom.dataset import Dataset

from csfnet_bundle.core.errors import Refusal, RefusalCode
from csfnet_bundle.scans.dicom import read_volume, scan_folder, select_series


def set_spacing(*mm: float) -> Callable[[Dataset], None]:
    return lambda data: setattr(shared(data).PixelMeasuresSequence[0], "PixelSpacing", list(mm))


def set_transformation(**elements: object) -> Callable[[Dataset], None]:
    def edit(data: Dataset) -> None:
        for frame in data.PerFrameFunctionalGroupsSequence:
            for name, value in elements.items():
                setattr(frame.PixelValueTransformationSequence[0], name, value)

    return edit


def drop_transformation(data: Dataset) -> None:
    del data.PerFrameFunctionalGroupsSequence[3].PixelValueTransformationSequence


def drop_place(data: Dataset) -> None:
    del data.PerFrameFunctionalGroupsSequence[3].PlanePositionSequence


def turn_one_frame(data: Dataset) -> None:
    frame = data.PerFrameFunctionalGroupsSequence[3]
    frame.PlaneOrientationSequence = [Dataset()]
    frame.PlaneOrientationSequence[0].ImageOrientationPatient = [1, 0, 0, 0, -1, 0]


def damage_the_orientation_of_the_last_frame(data: Dataset) -> None:
    """Not another view that could be left out: nothing shows that it is one."""
    places = [frame.PlanePositionSequence[0].ImagePositionPatient[2] for frame in data.PerFrameFunctionalGroupsSequence]
    frame = data.PerFrameFunctionalGroupsSequence[places.index(max(places))]
    frame.PlaneOrientationSequence = [Dataset()]
    frame.PlaneOrientationSequence[0].ImageOrientationPatient = [23601, 23600, 23600, 23600, 23601, 8240]


def two_frames_at_one_place(data: Dataset) -> None:
    frames = data.PerFrameFunctionalGroupsSequence
    frames[3].PlanePositionSequence = frames[4].PlanePositionSequence


def shared(data: Dataset) -> Dataset:
    return data.SharedFunctionalGroupsSequence[0]


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (set_spacing(0, 0), RefusalCode.NO_GEOMETRY),
        (set_spacing(1e-9, 1e-9), RefusalCode.NO_GEOMETRY),
        (set_spacing(1000, 1000), RefusalCode.NO_GEOMETRY),
        (set_transformation(RescaleType="OD"), RefusalCode.NOT_HU),
        (set_transformation(RescaleSlope=0), RefusalCode.NOT_HU),
        (set_transformation(RescaleIntercept=0), RefusalCode.NOT_HU),
        (drop_transformation, RefusalCode.NOT_HU),
        (drop_place, RefusalCode.NO_GEOMETRY),
        (turn_one_frame, RefusalCode.INCONSISTENT_GEOMETRY),
        (damage_the_orientation_of_the_last_frame, RefusalCode.INCONSISTENT_GEOMETRY),
        (two_frames_at_one_place, RefusalCode.DUPLICATE_POSITION),
    ],
)
def test_refused(edit: Callable[[Dataset], None], code: RefusalCode, tmp_path: Path) -> None:
    data = enhanced(make_series())
    edit(data)
    write_slice(tmp_path / "enhanced.dcm", data)
    with pytest.raises(Refusal) as caught:
        read_volume(select_series(scan_folder(tmp_path)))
    assert caught.value.code is code
