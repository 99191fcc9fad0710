"""Two DICOM studies of one patient on disk."""

from pathlib import Path

from helpers.synthetic_series import make_series, write_series


def write_dicom_pair(folder: Path) -> Path:
    """Write patient 100012's t0 with a soft and a sharp series and t1 with a sharp one alone; return the folder."""
    for name, kernel, date in (("t0", "STANDARD", "19990102"), ("t0", "BONE", "19990102"), ("t1", "BONE", "20000102")):
        uids = {"StudyInstanceUID": f"1.2.{date}", "FrameOfReferenceUID": f"1.3.{date}"}
        series = make_series(seed=f"{name} {kernel}", ConvolutionKernel=kernel, StudyDate=date, **uids)
        write_series(folder / name / kernel, series)
    return folder
