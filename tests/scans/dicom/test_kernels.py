import pytest

from csfnet_bundle.scans.dicom.kernels import Sharpness, kernel_sharpness


@pytest.mark.parametrize(
    ("kernel", "sharpness"),
    [
        # The kernels that the NLST series of NLSTx name, and their relatives.
        ("STANDARD", Sharpness.SOFT),
        ("BONE", Sharpness.SHARP),
        ("LUNG", Sharpness.SHARP),
        ("B30f", Sharpness.SOFT),
        ("B50f", Sharpness.SHARP),
        ("B70f", Sharpness.SHARP),
        ("FC01", Sharpness.SOFT),
        ("FC10", Sharpness.SOFT),
        ("FC51", Sharpness.SHARP),
        ("C", Sharpness.SHARP),
        ("B", Sharpness.SOFT),
        ("Br40d\\3", Sharpness.SOFT),
        ("I70f\\2", Sharpness.SHARP),
        (" standard ", Sharpness.SOFT),
        ("", Sharpness.UNKNOWN),
        ("HOUSE SPECIAL", Sharpness.UNKNOWN),
    ],
)
def test_sharpness(kernel: str, sharpness: Sharpness) -> None:
    assert kernel_sharpness(kernel) is sharpness


def test_every_kernel_of_the_real_nlst_table_is_known(shared_data) -> None:  # type: ignore[no-untyped-def]
    pandas = pytest.importorskip("pandas")
    table = pandas.read_parquet(shared_data / "nlst" / "idc_series_for_nlstx.parquet")
    kernels = set(table["SeriesDescription"].str.split(",").str[4])
    assert not [kernel for kernel in kernels if kernel_sharpness(kernel) is Sharpness.UNKNOWN]
