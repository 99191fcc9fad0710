"""docs/data.md: its example is a record that the bundle takes, and its tables leave no key out."""

import json
import re
from importlib import resources
from pathlib import Path

import pytest

from csfnet_bundle.records import FollowUpPair, load_datalist


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs" / "data.md").read_text(encoding="utf-8")


def test_the_example_is_a_record_that_loads(page: str, tmp_path: Path) -> None:
    (block,) = re.findall(r"^\{$.*?^\}$", page, flags=re.MULTILINE | re.DOTALL)
    document = {"schema_version": "1.0", "training": [json.loads(block)]}
    (tmp_path / "datalist.json").write_text(json.dumps(document))
    ((_, pair),) = load_datalist(tmp_path)
    assert FollowUpPair.from_record(pair.to_record()) == pair
    assert pair.to_record() == json.loads(block)


def test_every_key_of_the_schema_is_described(page: str) -> None:
    schema = json.loads(resources.files("csfnet_bundle.records").joinpath("datalist.schema.json").read_text())
    keys = {*schema["properties"], *schema["$defs"]["pair"]["properties"], *schema["$defs"]["scan"]["properties"]}
    assert [key for key in sorted(keys) if f"`{key}`" not in page] == []
