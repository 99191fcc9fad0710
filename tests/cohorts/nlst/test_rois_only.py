"""ROIs of a cohort whose images stay in the archive, against those of the whole series."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from helpers.chest_series import write_series as write_chest
from helpers.nlst_files import NLSTX_HEADER, nlstx_row, write_csv, write_series
from helpers.whole_chest import Move, make_whole_chest, moved_chest
from hypothesis import given
from hypothesis import strategies as st

from csfnet_bundle.cohorts.nlst import rois_only
from csfnet_bundle.cohorts.nlst.hollow_series import _repeated
from csfnet_bundle.cohorts.nlst.index import open_index
from csfnet_bundle.cohorts.nlst.object_ranges import Bucket
from csfnet_bundle.commands import main
from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.geometry import Volume
from csfnet_bundle.inputs import RoiCache, RoiSettings
from csfnet_bundle.inputs.store import open_store
from csfnet_bundle.records import load_datalist

pytest.importorskip("obstore", reason="the extra [s3] is not installed")

PATIENTS = [f"{number}" for number in range(200001, 200007)]
SLICES = 26


@pytest.fixture
def served(s3, archive, tmp_path, request):
    """Six patients with two screens each on the server, and their images here too; their table."""
    rows = []
    for number, patient in enumerate(PATIENTS):
        for screen in (0, 1):
            folder = tmp_path / "whole" / patient / f"{screen}"
            uid = write_series(folder, patient, screen, slices=SLICES)
            folder = folder.rename(folder.with_name(uid))
            prefix = f"{abs(hash(request.node.name))}-{patient}-{screen}"
            s3.upload(folder, prefix)
            archive.add(patient, screen, series_aws_url=f"s3://idc-open-data/{prefix}/*", instanceCount=SLICES)
            rows.append(nlstx_row(patient, screen, malignant=number % 2 == 0))
    return write_csv(tmp_path / "nlstx.csv", NLSTX_HEADER, rows), archive.index


def command(served, out: Path, *more: str, split: str = "0.4,0.3,0.3") -> list[str]:
    table, index = served
    words = ["cohort", "nlstx", "--table", str(table), "--index", str(index), "--out", str(out)]
    return [*words, "--split", split, "--folds", "2", *more]


def assert_same_cohort(store_only: Path, whole: Path, images: Path) -> None:
    """The same lists, and ROIs with their margins that are equal bit for bit."""
    one, other = load_datalist(store_only), load_datalist(whole)
    stored = RoiCache(store_only / "rois", RoiSettings())
    reader = RoiCache(images.parent / "compared", RoiSettings(), keep_headers=False)
    for name, pairs in other.sections.items():
        assert [pair.name for pair in one.sections[name]] == [pair.name for pair in pairs]
        for pair, expected in zip(one.sections[name], pairs, strict=True):
            assert (pair.t1.point, pair.label, pair.strata) == (expected.t1.point, expected.label, expected.strata)
            assert not (store_only / pair.t1.path).exists()
            found, wanted = stored.read(pair, store_only), reader.read(expected, whole)
            np.testing.assert_array_equal(found.array, wanted.array)
            np.testing.assert_array_equal(found.affines, wanted.affines)
            assert found.findings == wanted.findings
    kept, read = ({entry.name: entry for entry in cache.store} for cache in (stored, reader))
    for name, entry in read.items():
        np.testing.assert_array_equal(stored.store.values(kept[name]), reader.store.values(entry))
        assert [source.digest for source in kept[name].sources] == [source.digest for source in entry.sources]


def test_the_rois_are_those_of_the_whole_series_and_no_image_stays(served, s3, tmp_path, capsys) -> None:
    images, out = tmp_path / "whole", tmp_path / "out"
    assert main(command(served, tmp_path / "lists", "--images", str(images))) == 0
    assert main(command(served, out, "--rois_only")) == 0
    told = capsys.readouterr()
    assert "GB of that, for the ROIs alone" in told.out
    assert not (out / "rois").exists()
    more = ("--rois_only", "--download", "--endpoint")
    for part in ("1/2", "2/2"):
        assert main(command(served, out, *more, s3.endpoint, "--shard", part)) == 0
    assert main(command(served, out, *more, "http://127.0.0.1:9")) == 0  # nothing is left to fetch
    assert_same_cohort(out, tmp_path / "lists", images)
    assert not list(out.rglob("*.dcm"))
    assert main(["check", str(out / "rois")]) == 0


def test_a_place_to_be_matched_is_that_of_whole_series(s3, archive, tmp_path) -> None:
    """Of a nodule seen in t1 alone; where t0 does not show it, the pair is counted, as with whole series."""
    nodule, other, move = (-62.0, 12.0, 25.0), (70.0, -20.0, 40.0), Move()
    later = make_whole_chest(nodule=nodule)
    prior = moved_chest(later, move)
    series = {
        ("a", 0): prior,
        ("a", 1): later,
        ("b", 0): Volume(prior.array[20:60, 40:80, 40:70], prior.affine),
        ("b", 1): later,
    }
    images, uids = tmp_path / "whole", {}
    for (patient, time), volume in series.items():
        date, folder = f"202{time}0101", images / patient / f"screen{time}"
        slices = write_chest(volume, folder, PatientID=patient, StudyDate=date)
        uids[patient, time] = uid = str(slices[0].SeriesInstanceUID)
        folder = folder.rename(folder.with_name(uid))
        s3.upload(folder, f"chest-{patient}-{time}")
        archive.add(
            patient, time, SeriesInstanceUID=uid, StudyDate=f"202{time}-01-01", instanceCount=volume.array.shape[2],
            series_aws_url=f"s3://idc-open-data/chest-{patient}-{time}/*",
        )  # fmt: skip
    header = ["subject", "nodule", "date", "series_uid", "x", "y", "z", "space", "label", "scr_iso0"]
    rows = [
        [subject, name, f"202{time}0101", uids[subject, time], *np.round(place, 2), "LPS", "", code]
        for subject, name, time, place, code in (
            ("a", "n1", 0, move.forward(np.array(other)), 13),
            ("a", "n1", 1, np.array(other), ""),
            ("a", "n2", 1, np.array(nodule), ""),
            ("b", "n1", 0, (series["b", 0].affine @ [20, 20, 15, 1])[:3], ""),
            ("b", "n2", 1, np.array(nodule), ""),
        )
    ]
    table = write_csv(tmp_path / "own.csv", header, rows)
    words = ["cohort", "csv", "--table", str(table), "--index", str(archive.index), "--folds", "0"]
    words.append("--carry_nodules_back")
    assert main([*words, "--out", str(tmp_path / "lists"), "--images", str(images)]) == 0
    out = tmp_path / "out"
    assert main([*words, "--out", str(out), "--rois_only", "--download", "--endpoint", s3.endpoint]) == 0
    assert_same_cohort(out, tmp_path / "lists", images)
    found, whole = (load_datalist(folder).sections["inference"] for folder in (out, tmp_path / "lists"))
    assert [pair.t0.point_source for pair in found] == [None, "matched"]
    assert [pair.t0.point for pair in found] == [pair.t0.point for pair in whole]
    assert [pair.t0.extra for pair in found] == [pair.t0.extra for pair in whole]
    assert _flow(out) == _flow(tmp_path / "lists")
    assert _flow(out)["carried back, but not found for sure in the earlier scan"][0] == 1
    assert "scr_iso0 = 13" in _flow(out)["clinical codes that are no answer or read, taken as missing"][2][0]
    read, size = rois_only.bytes_of(out)
    assert read < 0.8 * size  # of 31 kB a slice, 8 are the header


def test_where_the_rows_of_a_roi_have_no_air_whole_slices_are_judged(s3, archive, tmp_path) -> None:
    """A band of tissue from one side of the image to the other, as high as the ROI."""
    random, rows = np.random.default_rng(0), []
    affine = np.diag([2.0, 2.0, 2.5, 1.0])
    for time in (0, 1):
        hu = np.full((100, 140, 30), -850.0)
        hu[:, 48:92] = 40.0
        volume = Volume((hu + random.normal(0, 20, hu.shape)).astype(np.float32), affine)
        date = f"202{time}0101"
        slices = write_chest(volume, tmp_path / f"screen{time}", PatientID="c", StudyDate=date)
        uid = str(slices[0].SeriesInstanceUID)
        folder = (tmp_path / "whole" / "c").joinpath(uid)
        folder.parent.mkdir(parents=True, exist_ok=True)
        s3.upload((tmp_path / f"screen{time}").rename(folder), f"band-{time}")
        archive.add(
            "c", time, SeriesInstanceUID=uid, StudyDate=f"202{time}-01-01", instanceCount=30,
            series_aws_url=f"s3://idc-open-data/band-{time}/*",
        )  # fmt: skip
        rows.append(["c", "n1", date, uid, 100.0, 139.0, 37.0, "LPS", ""])
    header = ["subject", "nodule", "date", "series_uid", "x", "y", "z", "space", "label"]
    words = ["cohort", "csv", "--table", str(write_csv(tmp_path / "own.csv", header, rows)), "--folds", "0"]
    words += ["--index", str(archive.index)]
    assert main([*words, "--out", str(tmp_path / "lists"), "--images", str(tmp_path / "whole")]) == 0
    out = tmp_path / "out"
    assert main([*words, "--out", str(out), "--rois_only", "--download", "--endpoint", s3.endpoint]) == 0
    assert_same_cohort(out, tmp_path / "lists", tmp_path / "whole")


@given(st.binary(min_size=1, max_size=9), st.integers(0, 40), st.integers(0, 60))
def test_bytes_beside_fetched_ones_repeat_them(content: bytes, start: int, more: int) -> None:
    length = start + len(content) + more
    made = _repeated(content, start, length)
    assert len(made) == length
    assert made[start : start + len(content)] == content
    assert all(made[place] == content[(place - start) % len(content)] for place in range(length))


def _flow(folder: Path) -> dict[str, tuple[int, int, list[str]]]:
    """Count, patients and records by step; the two ways have their own words for what they reject."""
    steps = json.loads((folder / "flow.json").read_text())
    own = ("images are not here", "scan, position")
    return {
        step["what"]: (step["count"], step["patients"], step["records"])
        for step in steps
        if not step["what"].startswith(own)
    }


def test_it_resumes_where_it_was_stopped(served, s3, tmp_path, monkeypatch, capsys) -> None:
    """By a kill within a line, and by a server that is gone; what was done is not fetched again."""
    out, fetched = tmp_path / "out", []
    more = ("--rois_only", "--download", "--endpoint", s3.endpoint)
    do = rois_only._do_patient

    def stopped(subject: str, *rest: object) -> object:
        if len(fetched) == 3:
            raise KeyboardInterrupt
        fetched.append(subject)
        return do(subject, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(rois_only, "_do_patient", stopped)
    assert main(command(served, out, *more)) == 130
    assert not list(out.rglob("*.dcm"))
    (lines,) = (out / "rois_only").iterdir()
    lines.write_text(lines.read_text()[:-30])
    monkeypatch.setattr(rois_only, "_do_patient", lambda subject, *rest: fetched.append(subject) or do(subject, *rest))
    assert main(command(served, out, "--rois_only", "--download", "--endpoint", "http://127.0.0.1:9")) == 1
    assert "the images cannot be read" in capsys.readouterr().err
    assert main(command(served, out, *more)) == 0
    assert fetched == [*PATIENTS[:3], PATIENTS[2], *PATIENTS[2:]]
    assert len({entry.name for entry in open_store(out / "rois")}) == len(PATIENTS)


def test_what_is_rejected_is_counted(served, s3, tmp_path, capsys) -> None:
    """A missing object, and a slice of the ROI that is cut off."""
    (tmp_path / "cut").mkdir()
    first, second = (open_index(served[1]).series([uid])[uid] for uid in _uids(served[1])[:3:2])
    s3.remove(first.address.split("/")[3], "0003.dcm")
    whole = next((tmp_path / "whole").rglob(f"{second.uid}/0014.dcm"))
    (tmp_path / "cut" / "0014.dcm").write_bytes(whole.read_bytes()[:-500])
    s3.upload(tmp_path / "cut", second.address.split("/")[3])
    more = ("--rois_only", "--download", "--endpoint", s3.endpoint)
    assert main(command(served, tmp_path / "out", *more)) == 1
    assert "2 refused" in capsys.readouterr().err
    assert main(command(served, tmp_path / "out", *more, "--skip_refused", split="0.5,0,0.5")) == 0
    steps = json.loads((tmp_path / "out" / "flow.json").read_text())
    (step,) = (step for step in steps if "ROI rejected" in step["what"])
    assert step["count"] == 2
    told = " ".join(step["records"])
    assert "the index says 26 instances" in told
    assert "UNREADABLE_SLICE" in told


def _uids(index: Path) -> list[str]:
    import pandas as pd

    return list(pd.read_parquet(index)["SeriesInstanceUID"])


def test_a_part_that_does_not_come_is_an_error(served, s3) -> None:
    series = next(iter(open_index(served[1]).series(_uids(served[1])[:1]).values()))
    bucket = Bucket(s3.endpoint)
    file = bucket.files(series)[0]
    with pytest.raises(BundleError, match=r"bytes of|cannot be read"):
        bucket.read(series, [(file, file.size - 10, file.size + 10)])


@pytest.mark.long  # 270 slices of 512 x 512, uploaded to the server
def test_real_series_need_a_seventh_of_their_bytes(s3, archive, lidc_series, tmp_path, capsys) -> None:
    """Two LIDC series of 2.5 mm, called two screens of one patient; half of the margin lies within slices at hand."""
    header = ["subject", "nodule", "date", "series_uid", "x", "y", "z", "space", "label"]
    rows = []
    for screen, name in enumerate(("LIDC-IDRI-0001", "LIDC-IDRI-0003")):
        folder = tmp_path / "whole" / "300001"
        for number, file in enumerate(sorted(lidc_series(name).rglob("*.dcm"))):
            data = pydicom.dcmread(file)
            data.PatientID, data.StudyDate = "300001", f"200{screen}0101"
            target = folder / data.SeriesInstanceUID / f"{number:04d}.dcm"
            target.parent.mkdir(parents=True, exist_ok=True)
            data.save_as(target)
        place = folder / data.SeriesInstanceUID
        s3.upload(place, f"lidc-{screen}")
        archive.add(
            "300001", screen, SeriesInstanceUID=data.SeriesInstanceUID, StudyDate=f"200{screen}-01-01",
            instanceCount=len(list(place.iterdir())), series_aws_url=f"s3://idc-open-data/lidc-{screen}/*",
        )  # fmt: skip
        x, y, z = map(float, data.ImagePositionPatient)
        z = float(
            np.median([pydicom.dcmread(f, stop_before_pixels=True).ImagePositionPatient[2] for f in _some(place)])
        )
        rows.append(["300001", "1", f"200{screen}0101", data.SeriesInstanceUID, x + 90, y + 170, z, "LPS", ""])
    table = write_csv(tmp_path / "own.csv", header, rows)
    words = ["cohort", "csv", "--table", str(table), "--index", str(archive.index), "--folds", "0"]
    assert main([*words, "--out", str(tmp_path / "lists"), "--images", str(tmp_path / "whole")]) == 0
    out = tmp_path / "out"
    assert main([*words, "--out", str(out), "--rois_only", "--download", "--endpoint", s3.endpoint]) == 0
    assert_same_cohort(out, tmp_path / "lists", tmp_path / "whole")
    read, whole = rois_only.bytes_of(out)
    assert read <= 0.15 * whole
    print(f"{read / 1e6:.1f} of {whole / 1e6:.1f} MB")


def _some(folder: Path) -> Iterator[Path]:
    return iter(sorted(folder.iterdir()))
