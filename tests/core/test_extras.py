"""A library of an extra that is not installed is named with the extra."""

import pytest

from csfnet_bundle.core.errors import BundleError
from csfnet_bundle.core.extras import import_extra


def test_an_installed_library_is_imported() -> None:
    assert import_extra("json.decoder", "export").JSONDecoder


def test_an_absent_library_is_named_with_its_extra() -> None:
    with pytest.raises(BundleError, match=r"no_such_library.*csfnet-bundle\[export\]"):
        import_extra("no_such_library.part", "export")
