from csfnet_bundle.cohorts.nlst.images import find_series


def test_series_are_found_in_any_layout(tmp_path):
    ours, theirs = tmp_path / "100001" / "1.2.3", tmp_path / "nlst" / "100002" / "1.9" / "CT_1.2.4"
    for folder in (ours, theirs, tmp_path / ".partial" / "1.2.5", tmp_path / "100003" / "1.2.6"):
        folder.mkdir(parents=True)
    assert find_series(tmp_path, ["1.2.3", "1.2.4", "1.2.5", "1.2.7"]) == {"1.2.3": ours, "1.2.4": theirs}
    assert find_series(tmp_path / "none", ["1.2.3"]) == {}
