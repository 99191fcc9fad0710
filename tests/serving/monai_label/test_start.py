from pathlib import Path

import pytest

from csfnet_bundle.serving.monai_label.start import STARTS_WITHIN_SECONDS, patient, server_words


def test_it_listens_on_this_machine_alone_unless_told_otherwise() -> None:
    words = server_words(Path("app"), "STUDIES", ["--port", "8123"])
    assert words[1:] == [
        "start_server",
        "--app",
        "app",
        "--studies",
        "STUDIES",
        "--host",
        "127.0.0.1",
        "--port",
        "8123",
    ]


@pytest.mark.parametrize("given", [["--host", "10.0.0.7"], ["-i", "10.0.0.7"], ["--host=10.0.0.7"]])
def test_another_address_is_taken(given: list[str]) -> None:
    words = server_words(Path("app"), "STUDIES", given)
    assert "127.0.0.1" not in words
    assert words[-len(given) :] == given


def test_workers_have_time_to_start() -> None:
    def run(app: str, timeout_worker_healthcheck: int = 5) -> tuple[str, int]:
        return app, timeout_worker_healthcheck

    def older(app: str) -> str:
        return app

    assert patient(run)("app") == ("app", STARTS_WITHIN_SECONDS)
    assert patient(older) is older
