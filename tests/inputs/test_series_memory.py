import shutil
from pathlib import Path

from csfnet_bundle.inputs.series_memory import SeriesMemory
from csfnet_bundle.scans import dicom


def test_a_folder_is_read_once_while_it_stays_as_it_is(dicom_folders: Path, tmp_path: Path) -> None:
    folder = tmp_path / "t0"
    shutil.copytree(dicom_folders / "t0", folder)
    memory = SeriesMemory()
    first = memory(folder)
    assert [item.uid for item in first] == [item.uid for item in dicom.scan_folder(folder)]
    assert memory(folder)[0] is first[0]
    shutil.rmtree(folder / "BONE")
    assert [item.kernel for item in memory(folder)] == ["STANDARD"]


def test_only_so_many_folders_are_remembered(dicom_folders: Path) -> None:
    memory = SeriesMemory(folders=1)
    first = memory(dicom_folders / "t0")
    memory(dicom_folders / "t1")
    assert memory(dicom_folders / "t0")[0] is not first[0]
