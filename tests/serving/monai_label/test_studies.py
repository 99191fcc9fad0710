from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.serving.monai_label.studies import MissingScanError, StudiesFolder, scan_stem


def test_files_and_folders_inside_are_found_by_either_path(studies: Path) -> None:
    (studies / "patient" / "t1").mkdir(parents=True)
    folder = StudiesFolder(studies)
    assert folder.find("t1.nii", "image") == Path("t1.nii")
    assert folder.find(str(studies / "t1.nii"), "image") == Path("t1.nii")
    assert folder.find("patient/t1", "image") == Path("patient/t1")


@pytest.mark.parametrize(
    "name",
    ["", ".", "nothing.nii", "list.csv", "../outside.nii", "/etc/passwd", "/", "t1.nii/..", "a\0b", "x" * 5000],
)
def test_what_is_no_scan_inside_is_missing_whether_it_exists_or_not(studies: Path, name: str) -> None:
    with pytest.raises(MissingScanError, match="the studies hold no scan"):
        StudiesFolder(studies).find(name, "t0")


def test_a_link_out_of_the_studies_leads_nowhere(studies: Path) -> None:
    (studies / "link.nii").symlink_to(studies.parent / "outside.nii")
    (studies / "ring.nii").symlink_to(studies / "ring.nii")
    for name in ("link.nii", "ring.nii"):
        with pytest.raises(MissingScanError):
            StudiesFolder(studies).find(name, "t0")


@given(st.lists(st.sampled_from(["..", ".", "t0.nii", "studies", "outside.nii", "/", "~", "%2e%2e"]), min_size=1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_path_leads_out(studies: Path, parts: list[str]) -> None:
    try:
        found = StudiesFolder(studies).find("/".join(parts), "t0")
    except MissingScanError:
        return
    assert (studies / found).resolve().is_relative_to(studies.resolve())


@pytest.mark.parametrize("name", [None, 5, ["t0.nii"], {"path": "t0.nii"}])
def test_a_path_is_a_text(studies: Path, name: object) -> None:
    with pytest.raises(BundleError, match="expected a path"):
        StudiesFolder(studies).find(name, "t0")


@pytest.mark.parametrize("folder", [None, "nowhere"])
def test_a_server_without_studies_says_what_makes_it(folder: str | None) -> None:
    with pytest.raises(BundleError, match="label-app"):
        StudiesFolder(folder)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("t1.nii.gz", "t1"),
        ("T1.NII.GZ", "T1"),
        ("t1.mha", "t1"),
        ("smith.2001.nii", "smith.2001"),
        ("1.2.840.113654.2.55.7", "1.2.840.113654.2.55.7"),
        (".nii", "scan"),
    ],
)
def test_a_scan_is_named_by_all_but_its_ending(name: str, stem: str) -> None:
    """Two series' UIDs, or two dates of a patient, differ only after a dot; their heat maps must not share a file."""
    assert scan_stem(Path("patient") / name) == stem
