import dataclasses

from csfnet_bundle.core.alarm import CHECK_POINT
from csfnet_bundle.report import NodulePage, write_case_report, write_patient_report


def test_several_nodules_of_a_patient_share_a_page(tmp_path, case, images, read_page):
    other = dataclasses.replace(case, nodule="2", findings=(f"{CHECK_POINT}: odd.",))
    pages = [
        NodulePage(write_case_report(tmp_path, one, images), one.nodule, one.probability, one is other)
        for one in (case, other)
    ]
    path = write_patient_report(tmp_path, case.subject, pages, "Weights trained on phantoms.")
    assert path.name == "100012_all.html"
    page = read_page(path)
    page.assert_self_contained_and_accessible()
    assert "2 nodules of patient 100012" in page.text
    assert page.text.count("check the input") == 1
    assert len(set(page.identifiers)) == len(page.identifiers)
    assert 'href="#nodule_2"' in page.source
    assert "nodule_2" in page.identifiers
    assert page.text.count("t0 1999-01-02, t1 2000-01-02") == 2  # each nodule's own scans
