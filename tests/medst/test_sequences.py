from pathlib import Path

from csfnet_bundle.medst import RadiographFiles, Study, StudySequence, all_studies


def _sequence(patient: str, *days: str) -> StudySequence:
    files = RadiographFiles(Path("frontal.png"), None)
    return StudySequence(patient, patient, tuple(Study(f"{patient}/{day}", patient, "", files) for day in days))


def test_studies_stay_in_the_order_of_their_sequences() -> None:
    """Neither names nor lengths order them: what is embedded is joined to them by place."""
    sequences = [_sequence("p2", "2020", "2019", "2021"), _sequence("p1", "2018")]
    names = ["p2/2020", "p2/2019", "p2/2021", "p1/2018"]
    assert [study.name for study in all_studies(sequences)] == names
    assert [study.name for study in all_studies(tuple(sequences))] == names
    assert all_studies([]) == []
