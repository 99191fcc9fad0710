import pytest

from csfnet_bundle.core.addresses import is_web_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://127.0.0.1:8042/dicom-web", True),
        ("https://pacs.example/dicom-web", True),
        ("/data/studies", False),
        ("https", False),
        ("studies/http://x", False),
        ("HTTP://PACS", False),  # MONAI Label would take it for a folder
    ],
)
def test_an_address_is_told_from_a_folder(text: str, expected: bool) -> None:
    assert is_web_address(text) is expected
