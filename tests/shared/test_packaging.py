"""Compose, console script and constraints say the same as the code."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from backend.cli.app import app

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.mark.parametrize("service", ["web", "supervisor"])
def test_each_service_runs_a_command_of_the_console_script(service: str) -> None:
    script, *arguments = COMPOSE["services"][service]["command"]
    assert script in PROJECT["project"]["scripts"]
    assert arguments[0] == service
    answer = CliRunner().invoke(app, [service, "--help"])
    assert answer.exit_code == 0
    options = {word for word in arguments if word.startswith("--")}
    plain = re.sub(r"\x1b\[[0-9;]*m", "", answer.output)
    assert all(option in plain for option in options)


def test_both_services_are_one_image_with_init_on_one_named_volume() -> None:
    services = COMPOSE["services"]
    assert set(services) == {"web", "supervisor"}
    assert len({service["image"] for service in services.values()}) == 1
    assert all(service["init"] is True for service in services.values())
    mounts = {tuple(service["volumes"]) for service in services.values()}
    assert len(mounts) == 1
    assert "galaxyscope:/data" in mounts.pop()
    assert "galaxyscope" in COMPOSE["volumes"]


def test_nothing_is_published_beyond_this_machine() -> None:
    published = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_the_gpu_file_only_adds_to_the_service_that_trains() -> None:
    gpu = yaml.safe_load((ROOT / "compose.gpu.yml").read_text())
    assert set(gpu["services"]) == {"supervisor"}
    [device] = gpu["services"]["supervisor"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]


def test_the_image_starts_a_command_that_exists() -> None:
    [line] = re.findall(r"^CMD (.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    script, command = yaml.safe_load(line)
    assert script in PROJECT["project"]["scripts"]
    assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0


def test_every_dependency_is_pinned_and_torch_goes_with_torchvision() -> None:
    pins = dict(
        re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    )
    pinned = {name.lower().replace("_", "-") for name in pins}
    extras = PROJECT["project"]["optional-dependencies"]["dev"]
    wanted = {
        re.match(r"[A-Za-z0-9_.-]+", line).group().lower().replace("_", "-")  # type: ignore[union-attr]
        for line in PROJECT["project"]["dependencies"] + extras
    }
    assert wanted <= pinned
    assert (pins["torch"], pins["torchvision"]) == ("2.14.1", "0.29.1")


@pytest.mark.parametrize("name", ["run", ".ci/run"])
def test_the_two_commands_are_executable_shell(name: str) -> None:
    path = ROOT / name
    assert path.stat().st_mode & 0o111
    assert shlex.split(path.read_text().splitlines()[0].removeprefix("#!")) == ["/usr/bin/env", "bash"]
