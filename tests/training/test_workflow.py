"""A workflow of the bundle's own configs is made without a warning about configs of strangers."""

import json
import warnings
from pathlib import Path

from csfnet_bundle.training.workflow import make_workflow


def test_later_files_win_and_no_warning_is_shown(tmp_path: Path) -> None:
    for name, value in (("base", 1), ("over", 2)):
        (tmp_path / f"{name}.json").write_text(json.dumps({"training": "$0", "value": value, "kept": name}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        workflow = make_workflow("training", [tmp_path / "base.json", tmp_path / "over.json"], kept="given")
    assert workflow.parser.get_parsed_content("value") == 2
    assert workflow.parser.get_parsed_content("kept") == "given"
