"""The files of scripts/container: what can be said of them without Docker."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from csfnet_bundle.commands import COMMANDS

SETTABLE = re.compile(r"\$\{[A-Z_]+(:\?[^}]+|:-[^}]*)\}")


@pytest.fixture(scope="module")
def folder(repository: Path) -> Path:
    return repository / "scripts" / "container"


@pytest.fixture(scope="module")
def steps(folder: Path) -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions and their words."""
    text = re.sub(r"^#.*\n", "", (folder / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in text.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def services(folder: Path) -> dict[str, Any]:
    return dict(yaml.safe_load((folder / "compose.yaml").read_text())["services"])


def test_every_file_that_is_copied_exists_and_reaches_the_builder(
    repository: Path, folder: Path, steps: list[tuple[str, str]]
) -> None:
    copied = [name for word, rest in steps if word == "COPY" and "--from" not in rest for name in rest.split()[:-1]]
    let_through = [
        line[1:] for line in (folder / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"
    ]
    assert copied == let_through
    assert [name for name in copied if not (repository / name).exists()] == []
    lists = re.findall(r"^(?:FOLDERS|FILES) = \(([^)]*)\)", (repository / "setup.py").read_text(), re.MULTILINE)
    built = [name for names in lists for name in re.findall(r'"([\w.]+)"', names)]
    assert sorted([*built, "csfnet_bundle"]) == sorted(copied)


def test_the_last_stage_runs_csfnet_as_a_user_who_is_not_root(steps: list[tuple[str, str]]) -> None:
    last = steps[max(index for index, (word, _) in enumerate(steps) if word == "FROM") :]
    (user,) = [rest for word, rest in last if word == "USER"]
    assert all(part.isdigit() and int(part) > 0 for part in user.split(":"))
    assert dict(last)["ENTRYPOINT"] == '["csfnet"]'
    assert dict(last)["HEALTHCHECK"].endswith('CMD ["csfnet", "--version"]')
    environment = dict(rest.split("=", 1) for word, rest in last if word == "ENV")
    writable = ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "MPLCONFIGDIR", "TORCH_HOME")
    assert all(environment[name].startswith(("/results", "/tmp/")) for name in writable)
    assert dict(last)["WORKDIR"] == dict(last)["VOLUME"] == "/results"


def test_the_trial_and_the_image_share_one_installation(
    repository: Path, folder: Path, steps: list[tuple[str, str]]
) -> None:
    runs = [rest for word, rest in steps if word == "RUN"]
    assert [run for run in runs if "pip" in run and "install.sh" not in run and "apt-get" not in run] == []
    assert sum("/src/scripts/container/install.sh /src /opt/csfnet" in run for run in runs) == 1
    trial = (folder / "try_steps.sh").read_text()
    assert "pip install" not in trial
    # The trial's own expression finds the step.
    (expression,) = re.findall(r"step=\$\(sed -n '(.*)' \"\$dockerfile\"\)", trial)
    found = subprocess.run(["sed", "-n", expression, str(folder / "Dockerfile")], capture_output=True, text=True)
    assert found.stdout.split() == ["/src/scripts/container/install.sh", "/src", "/opt/csfnet"]
    (pinned,) = re.findall(r'"(torch==[\d.]+)"', (repository / "pyproject.toml").read_text())
    assert f" {pinned}\n" in (folder / "install.sh").read_text()


@pytest.mark.parametrize("name", ["install.sh", "try_steps.sh"])
def test_the_scripts_are_programs_that_their_shell_reads(folder: Path, name: str) -> None:
    path = folder / name
    assert path.stat().st_mode & 0o111
    shell = path.read_text().splitlines()[0].removeprefix("#!").split()[-1]
    subprocess.run([shell.rsplit("/", 1)[-1], "-n", str(path)], check=True)


def test_ports_are_on_loopback_and_no_secret_is_written_down(services: dict[str, Any]) -> None:
    for service in services.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SALT|TOKEN|USERS", variable):
                assert SETTABLE.search(value), variable
                assert ":?" in value, f"{variable} has a default"
        words = [*service.get("command", []), *service.get("entrypoint", [])]
        assert [word for word in words if "$" in word] == []


def test_the_follow_up_service_cannot_write_its_root_and_talks_over_loopback(services: dict[str, Any]) -> None:
    service = services["follow-up"]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["network_mode"] == "service:orthanc"
    assert service["depends_on"]["orthanc"]["condition"] == "service_healthy"
    program, command, pacs = service["entrypoint"]
    assert (program, pacs) == ("csfnet", "--pacs=http://127.0.0.1:8042/dicom-web")
    assert command in COMMANDS


def test_what_the_compose_file_builds_is_this_dockerfile(folder: Path, services: dict[str, Any]) -> None:
    build = services["follow-up"]["build"]
    assert (folder / build["context"] / build["dockerfile"]).samefile(folder / "Dockerfile")
    declared = re.findall(r"^ARG (\w+)", (folder / "Dockerfile").read_text(), re.MULTILINE)
    assert sorted(build["args"]) == sorted(declared)


def test_orthancs_health_check_is_python(services: dict[str, Any]) -> None:
    word, program, option, text = services["orthanc"]["healthcheck"]["test"]
    assert (word, program, option) == ("CMD", "python3", "-c")
    assert "$" not in text
    # Nobody listens in this test: it must fail, and by the connection.
    done = subprocess.run(
        [sys.executable, "-c", text.replace(":8042", ":1")],
        env={"CSFNET_PACS_PASSWORD": "secret"},
        capture_output=True,
        text=True,
    )
    assert done.returncode
    assert "Connection refused" in done.stderr
