"""The figures of docs/nlst.md are those that the command gives."""

from csfnet_bundle.cohorts.nlst.document import markdown_table
from csfnet_bundle.cohorts.nlst.making import plan_cohort
from csfnet_bundle.cohorts.nlst.options import CohortOptions
from csfnet_bundle.cohorts.nlst.report import flow_section, plan_section


def test_the_flow_of_nlstx(shared_data, repository, tmp_path):
    nlst = shared_data / "nlst"
    options = CohortOptions("nlstx", nlst / "nlstx_dataset.csv", index=nlst / "idc_series_for_nlstx.parquet")
    choice = plan_cohort(options, tmp_path)
    page = (repository / "docs" / "nlst.md").read_text(encoding="utf-8")
    table = flow_section(choice.flow).table
    assert table is not None
    assert markdown_table(table) in page
    assert "\n".join(f"- {item}" for item in plan_section(choice.plan).items) in page
    assert markdown_table(table) in (tmp_path / "report.md").read_text(encoding="utf-8")
