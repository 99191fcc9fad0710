"""Looking series up in an index file."""

from importlib.util import find_spec

import pytest
from helpers.nlst_files import nlstx_row

from csfnet_bundle.cohorts.nlst.agreement import disagreement, split_by_agreement
from csfnet_bundle.cohorts.nlst.index import open_index
from csfnet_bundle.cohorts.nlst.lists import file_digest
from csfnet_bundle.cohorts.nlst.nlstx import read_nlstx
from csfnet_bundle.core.errors import BundleError


def test_series_are_found_by_uid(archive):
    uid = archive.add("100001", 1, kernel="BONE", instanceCount=151, TransferSyntaxUID="1.2.840.10008.1.2,1.2.3")
    archive.add("100002", 0)
    found = open_index(archive.index).series([uid, "1.2.3.4"])
    assert set(found) == {uid}
    series = found[uid]
    assert (series.patient, series.date, series.instances) == ("100001", "20000102", 151)
    assert (series.nlst.kernel, series.nlst.screen) == ("BONE", 1)
    assert series.transfer_syntaxes == ("1.2.840.10008.1.2", "1.2.3")
    assert series.licence == "CC BY 4.0"


def test_all_series_of_nlstx_are_in_the_shared_index_and_agree(shared_data):
    sightings = read_nlstx(shared_data / "nlst" / "nlstx_dataset.csv")
    index = open_index(shared_data / "nlst" / "idc_series_for_nlstx.parquet")
    found = index.series(sighting.series_uid for sighting in sightings)
    assert len(found) == 1229
    agreeing, refused = split_by_agreement(sightings, found)
    assert (len(agreeing), refused) == (1232, [])


@pytest.mark.skipif(find_spec("idc_index_data") is None, reason="the extra [nlst] is not installed")
def test_the_installed_index_has_them_too(shared_data):
    sightings = read_nlstx(shared_data / "nlst" / "nlstx_dataset.csv")
    found = open_index().series(sighting.series_uid for sighting in sightings)
    assert len(split_by_agreement(sightings, found)[0]) == 1232


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"PatientID": "100009"}, ["100001", "100009"]),
        ({"StudyDate": "2000-01-02"}, ["19990102", "20000102"]),
        ({"SeriesDescription": "2,OPA,GE,LS16,STANDARD,370,2.5,140,60,0.1,1.4"}, ["study year 0", "description 2"]),
        ({"SeriesInstanceUID": "1.9"}, ["not in the index"]),
    ],
)
def test_a_disagreement_is_told_with_both_values(archive, make_table, changes, words):
    archive.add("100001", 0, **changes)
    (sighting,) = read_nlstx(make_table("nlstx", [nlstx_row("100001", 0)]))
    found = open_index(archive.index).series([sighting.series_uid])
    problem = disagreement(sighting, found)
    assert problem is not None
    assert all(word in problem for word in words)


def test_no_index_and_no_index_file(tmp_path):
    with pytest.raises(BundleError, match=r"csfnet-bundle\[nlst\]"):
        open_index(tmp_path / "none.parquet")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1")
    with pytest.raises(BundleError, match=r"bad\.parquet: the index cannot be read"):
        open_index(tmp_path / "bad.parquet").series(["1.2"])


def test_an_address_that_could_be_a_command_is_refused(archive):
    uid = archive.add("100001", 0, series_aws_url="s3://idc-open-data/a/*\nrm s3://b/*")
    with pytest.raises(BundleError, match="is not s3://BUCKET/FOLDER"):
        open_index(archive.index).series([uid])


def test_the_digest_is_that_of_the_file(archive):
    archive.add("100001", 0)
    index = open_index(archive.index)
    assert index.digest == file_digest(index.path)
