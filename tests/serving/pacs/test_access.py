"""Address and credentials of a PACS."""

from pathlib import Path

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.serving.pacs.access import Access

URL = "https://pacs.example/dicom-web"


def test_credentials_come_from_the_environment_and_are_not_shown(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("cert", "key", "ca")}
    for path in files.values():
        path.write_text("PEM")
    environment = {
        "CSFNET_PACS_TOKEN": "very-secret",
        "CSFNET_PACS_CERT": str(files["cert"]),
        "CSFNET_PACS_KEY": str(files["key"]),
        "CSFNET_PACS_CA": str(files["ca"]),
    }
    access = Access.from_environment(f"{URL}/", environment)
    assert access == Access(URL, "very-secret", (files["cert"], files["key"]), files["ca"])
    assert "very-secret" not in repr(access)


@pytest.mark.parametrize(
    ("url", "environment", "words"),
    [
        ("pacs.example", {}, "no address of a DICOMweb service"),
        ("ftp://pacs.example", {}, "no address of a DICOMweb service"),
        ("https://reader:word@pacs.example", {}, "user name or a password"),
        ("http://pacs.example/dicom-web", {"CSFNET_PACS_TOKEN": "very-secret"}, "without encryption"),
        ("http://pacs.example", {"CSFNET_PACS_USER": "a", "CSFNET_PACS_PASSWORD": "very-secret"}, "without encryption"),
        (URL, {"CSFNET_PACS_PASSWORD": "very-secret"}, "CSFNET_PACS_USER is not"),
        (URL, {"CSFNET_PACS_USER": "a"}, "CSFNET_PACS_PASSWORD is not"),
        (URL, {"CSFNET_PACS_USER": "a:b", "CSFNET_PACS_PASSWORD": "very-secret"}, "holds a colon"),
        (
            URL,
            {"CSFNET_PACS_TOKEN": "t", "CSFNET_PACS_USER": "a", "CSFNET_PACS_PASSWORD": "very-secret"},
            "both CSFNET_PACS_TOKEN and CSFNET_PACS_USER",
        ),
        (URL, {"CSFNET_PACS_CERT": "/nowhere/cert.pem"}, "CSFNET_PACS_CERT: /nowhere/cert.pem is no file"),
    ],
)
def test_what_is_not_safe_or_not_there_is_rejected(url: str, environment: dict[str, str], words: str) -> None:
    with pytest.raises(BundleError, match=words) as caught:
        Access.from_environment(url, environment)
    assert "very-secret" not in str(caught.value)
    assert "word@" not in str(caught.value)


def test_a_token_may_go_to_this_machine_in_clear_text() -> None:
    assert Access.from_environment("http://127.0.0.1:8042/dicom-web", {"CSFNET_PACS_TOKEN": "a"}).token == "a"


def test_a_user_and_a_password_are_taken_and_not_shown() -> None:
    access = Access.from_environment(URL, {"CSFNET_PACS_USER": "reader", "CSFNET_PACS_PASSWORD": "very-secret"})
    assert access.login == ("reader", "very-secret")
    assert "very-secret" not in repr(access)
