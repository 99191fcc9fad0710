"""What a plan tells."""

from csfnet_bundle.cohorts.nlst.index import open_index
from csfnet_bundle.cohorts.nlst.plan import Plan


def plan(archive, *uids):
    return Plan(1, 1, tuple(open_index(archive.index).series(uids).values()))


def test_sizes_and_licences(archive):
    uids = [
        archive.add("100001", 0, series_size_MB=1500.0),
        archive.add("100001", 1, license_short_name="CC BY-NC 3.0"),
    ]
    lines = plan(archive, *uids).lines()
    assert "series    2 with 48 instances" in lines
    assert "size      1.5 GB" in lines
    assert "licence   CC BY 4.0 (1 series), CC BY-NC 3.0 (1 series)" in lines
    assert len(lines) == 5


def test_series_that_the_reader_refuses_are_told_before_they_are_fetched(archive):
    uids = [archive.add("100001", 0, TransferSyntaxUID="1.2.840.10008.1.2,1.2.840.10008.1.2.4.51")]
    uids.append(archive.add("100001", 1))
    assert plan(archive, *uids).lines()[-1].startswith("refused   1 series, by their transfer syntax")


def test_nothing_to_fetch():
    assert Plan(1, 1, ()).lines()[-1] == "licence   none: nothing is fetched"
