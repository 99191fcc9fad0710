"""A folder belongs to one training."""

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.studies.real_nodules import claiming
from csfnet_bundle.studies.real_nodules.claiming import SETTINGS_NAME, claim

MADE = ("network.pt", "state.pt")


def test_the_same_settings_come_back_to_their_folder(tmp_path):
    for _ in range(2):
        claim(tmp_path / "fit", {"rate": 0.1, "epochs": 3}, MADE)
    claim(tmp_path / "fit", {"epochs": 3, "rate": 0.1}, MADE)
    assert [path.name for path in (tmp_path / "fit").iterdir()] == [SETTINGS_NAME]


def test_other_settings_are_rejected_in_one_line(tmp_path):
    claim(tmp_path, {"rate": 0.1}, MADE)
    with pytest.raises(BundleError, match="other settings") as raised:
        claim(tmp_path, {"rate": 0.2}, MADE)
    assert str(tmp_path) in str(raised.value)
    claim(tmp_path, {"rate": 0.1}, MADE)


def test_another_version_is_rejected(tmp_path, monkeypatch):
    claim(tmp_path, 1, MADE)
    monkeypatch.setattr(claiming, "__version__", "99.0")
    with pytest.raises(BundleError, match="another version"):
        claim(tmp_path, 1, MADE)


def test_what_was_made_without_a_note_is_not_taken(tmp_path):
    (tmp_path / "network.pt").write_bytes(b"")
    with pytest.raises(BundleError, match="delete this folder"):
        claim(tmp_path, 1, MADE)
    assert not (tmp_path / SETTINGS_NAME).exists()
