"""Fetching series from an S3 server on loopback."""

import csv
import shutil

import pydicom
import pytest
from helpers.nlst_files import write_series

from csfnet_bundle.cohorts.nlst.arrival import arrival_problem
from csfnet_bundle.cohorts.nlst.download import NOT_FETCHED, download, not_here, series_folder
from csfnet_bundle.cohorts.nlst.index import open_index
from csfnet_bundle.cohorts.nlst.plan import Plan
from csfnet_bundle.core.errors import BundleError

SLICES = 6


@pytest.fixture
def served(s3, archive, tmp_path, request):
    """Three series on the server, and the plan that needs them."""
    uids = []
    for screen in (0, 1, 2):
        source = tmp_path / "source" / str(screen)
        write_series(source, "100001", screen, slices=SLICES)
        prefix = f"{abs(hash(request.node.name))}-{screen}"
        s3.upload(source, prefix)
        address = f"s3://idc-open-data/{prefix}/*"
        uids.append(archive.add("100001", screen, series_aws_url=address, instanceCount=SLICES))
    found = open_index(archive.index).series(uids)
    return Plan(patients=1, pairs=2, series=tuple(found[uid] for uid in uids))


def prefix_of(series):
    return series.address.split("/")[3]


def test_every_series_arrives_whole_in_its_own_folder(served, s3, tmp_path):
    images = tmp_path / "images"
    download(served, images, endpoint=s3.endpoint)
    for screen, series in enumerate(served.series):
        folder = series_folder(images, series)
        assert folder == images / "100001" / series.uid
        assert arrival_problem(folder, series) is None
        for path in sorted((tmp_path / "source" / str(screen)).iterdir()):
            assert (folder / path.name).read_bytes() == path.read_bytes()
    assert sorted(path.name for path in images.iterdir()) == ["100001"]


def test_what_is_here_is_not_fetched_again(served, s3, tmp_path):
    images = tmp_path / "images"
    download(served, images, endpoint=s3.endpoint)
    download(served, images, endpoint="http://127.0.0.1:9")
    assert not_here(served, images) == []


def test_a_download_goes_on_where_it_stopped(served, s3, tmp_path):
    images = tmp_path / "images"
    staged = images / ".partial" / served.series[0].uid
    staged.mkdir(parents=True)
    source = sorted((tmp_path / "source" / "0").iterdir())
    whole = staged / source[0].name
    whole.write_bytes(source[0].read_bytes())
    (staged / source[1].name).write_bytes(source[1].read_bytes()[:1000])
    before = whole.stat().st_mtime_ns
    download(served, images, endpoint=s3.endpoint)
    folder = series_folder(images, served.series[0])
    assert (folder / source[0].name).stat().st_mtime_ns == before
    assert (folder / source[1].name).read_bytes() == source[1].read_bytes()


def test_a_missing_series_and_a_missing_instance_are_listed_and_the_rest_arrives(served, s3, tmp_path):
    images = tmp_path / "images"
    first, second, third = served.series
    for number in range(1, SLICES + 1):
        s3.remove(prefix_of(first), f"{number:04d}.dcm")
    s3.remove(prefix_of(second), "0005.dcm")
    with pytest.raises(BundleError) as error:
        download(served, images, endpoint=s3.endpoint)
    assert "2 series could not be fetched whole" in str(error.value)
    assert "no object found" in str(error.value)
    assert "5 instances arrived, the index says 6" in str(error.value)
    with (images / NOT_FETCHED).open() as file:
        assert [row["SeriesInstanceUID"] for row in csv.DictReader(file)] == [first.uid, second.uid]
    assert not_here(served, images) == [first, second]
    assert series_folder(images, third).is_dir()
    s3.upload(tmp_path / "source" / "0", prefix_of(first))
    s3.upload(tmp_path / "source" / "1", prefix_of(second))
    download(served, images, endpoint=s3.endpoint)
    assert not_here(served, images) == []
    assert not (images / NOT_FETCHED).exists()


def test_files_of_another_series_are_not_taken_in_and_fetched_anew(served, s3, tmp_path):
    images = tmp_path / "images"
    series = served.series[0]
    s3.upload(tmp_path / "source" / "1", prefix_of(series))
    with pytest.raises(BundleError, match="is of patient 100001 and series"):
        download(served, images, endpoint=s3.endpoint)
    assert not_here(served, images) == [series]
    s3.upload(tmp_path / "source" / "0", prefix_of(series))
    download(served, images, endpoint=s3.endpoint)
    assert not_here(served, images) == []


def test_no_network_is_an_error_and_leaves_nothing_half_made(served, tmp_path):
    images = tmp_path / "images"
    with pytest.raises(BundleError) as error:
        download(served, images, endpoint="http://127.0.0.1:9")
    assert "3 of 3 series are still wanted" in str(error.value)
    assert "connection refused" in str(error.value)
    assert "\n" not in str(error.value)
    assert not (images / "100001").exists()


def test_too_little_room_is_told_before_anything_is_fetched(archive, tmp_path):
    uid = archive.add("100001", 0, series_size_MB=1e12)
    plan = Plan(1, 1, tuple(open_index(archive.index).series([uid]).values()))
    with pytest.raises(BundleError, match="are free"):
        download(plan, tmp_path / "images", endpoint="http://127.0.0.1:9")


@pytest.mark.parametrize("slices", [30, pytest.param(None, marks=pytest.mark.long)])
def test_real_series_in_the_layout_of_the_public_bucket(lidc_series, s3, archive, tmp_path, slices):
    """The first ``slices`` of the LIDC series, or all of them."""
    uids, counts = [], []
    for name in ("LIDC-IDRI-0001", "LIDC-IDRI-0003"):
        folder = tmp_path / name
        folder.mkdir()
        for file in sorted(lidc_series(name).rglob("*.dcm"))[:slices]:
            shutil.copy(file, folder)
        files = sorted(folder.iterdir())
        header = pydicom.dcmread(files[0], stop_before_pixels=True)
        prefix = f"{name.lower()}-{slices}"
        s3.upload(folder, prefix)
        changes = {"SeriesInstanceUID": header.SeriesInstanceUID, "instanceCount": len(files)}
        archive.add(header.PatientID, 0, series_aws_url=f"s3://idc-open-data/{prefix}/*", **changes)
        uids.append(header.SeriesInstanceUID)
        counts.append(len(files))
    assert counts == ([133, 140] if slices is None else [slices, slices])
    plan = Plan(2, 0, tuple(open_index(archive.index).series(uids).values()))
    download(plan, tmp_path / "images", endpoint=s3.endpoint)
    assert not_here(plan, tmp_path / "images") == []


@pytest.mark.parametrize("key", ["../../../escaped.dcm", "a/../../../../escaped.dcm", "deeper/escaped.dcm"])
def test_an_object_key_cannot_leave_the_folder(key, served, s3, tmp_path):
    images = tmp_path / "cohort" / "images"
    first = served.series[0]
    body = (tmp_path / "source" / "1" / "0001.dcm").read_bytes()
    s3.client.put_object(Bucket="idc-open-data", Key=f"{prefix_of(first)}/{key}", Body=body, ACL="public-read")
    with pytest.raises(BundleError, match=r"1 series could not be fetched whole: 100001 .*escaped"):
        download(served, images, endpoint=s3.endpoint)
    assert not list(tmp_path.rglob("escaped.dcm"))
    assert not series_folder(images, first).exists()
