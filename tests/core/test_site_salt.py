"""The site's salt: from the environment, else made once."""

from pathlib import Path

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.site_salt import pseudonym, salt_path, salted_digest, site_salt


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CSFNET_SITE_SALT", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path


def test_it_is_made_once_and_for_its_owner_only(home: Path) -> None:
    first = site_salt()
    assert len(first) == 32
    assert site_salt() == first
    assert salt_path().is_relative_to(home)
    assert salt_path().stat().st_mode & 0o077 == 0


def test_the_environment_comes_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSFNET_SITE_SALT", "a word")
    assert site_salt() == "a word"
    assert not salt_path().exists()


def test_a_place_that_cannot_be_written_is_named(home: Path) -> None:
    (home / "csfnet_bundle").write_text("a file in the way")
    with pytest.raises(BundleError, match="CSFNET_SITE_SALT"):
        site_salt()


def test_a_pseudonym_is_the_sites_own(monkeypatch: pytest.MonkeyPatch) -> None:
    here = pseudonym("100042")
    assert here == pseudonym("100042")
    assert "100042" not in here
    assert here != pseudonym("100043")
    monkeypatch.setenv("CSFNET_SITE_SALT", "another")
    assert pseudonym("100042") != here
    assert salted_digest("a", "bc") != salted_digest("ab", "c")
