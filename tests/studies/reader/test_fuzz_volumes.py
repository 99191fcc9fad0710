"""A few hundred damaged volume files; ``fuzz-reader --kind volumes`` reads more."""

import json
from pathlib import Path

import numpy as np

from csfnet_bundle.commands import main
from csfnet_bundle.scans.volume_files import read_volume
from csfnet_bundle.studies.reader.fuzz_volumes import damage, judge, make_samples

KINDS = {"plain.nii", "packed.nii.gz", "plain.mha", "packed.mha", "parts.mhd"}


def test_damaged_volumes_are_read_or_refused(tmp_path: Path) -> None:
    file = tmp_path / "fuzz.json"
    assert main(["fuzz-reader", "--kind", "volumes", "--files", "400", "--seed", "1", "--json", str(file)]) == 0
    document = json.loads(file.read_text())
    assert document["failures"] == []
    assert set(document["by_syntax"]) == KINDS
    assert {"volume", "UNREADABLE_SLICE", "NO_GEOMETRY", "NOT_HU"} <= set(document["outcomes"])


def test_the_same_seed_damages_alike(tmp_path: Path) -> None:
    samples = make_samples(tmp_path)
    made = [[damage(one, np.random.default_rng([2, n])) for n, one in enumerate(samples)] for _ in range(2)]
    assert made[0] == made[1]
    assert any(data != one.data for one, (_, data) in zip(samples, made[0], strict=True))


def test_wrong_voxels_would_be_noticed(tmp_path: Path) -> None:
    samples = make_samples(tmp_path)
    packed = next(sample for sample in samples if sample.name.endswith(".gz"))
    reference = read_volume(packed.file)
    assert judge(packed, reference, "flip") == ("volume", "")
    other = type(reference)(reference.array + 1, reference.affine)
    assert judge(packed, other, "flip")[0] == "wrong voxels"
