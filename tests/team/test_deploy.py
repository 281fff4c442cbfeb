"""What is given for deployment fits the program: what it starts is there, what it names is served, and linters have nothing to say where they are at hand."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from assay.cli.commands import app
from assay.team import config

DEPLOY = Path(__file__).parents[2] / "deploy"


def test_the_service_starts_what_there_is() -> None:
    text = (DEPLOY / "assay.service").read_text()
    command = re.search(r"ExecStart=\S+/assay (.+)", text)
    assert command is not None
    _starts(command[1].split())
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here")
    done = subprocess.run(
        ["systemd-analyze", "verify", str(DEPLOY / "assay.service")], capture_output=True, text=True, check=False
    )
    said = [
        line
        for line in done.stderr.splitlines()
        if "assay.service" in line and "/opt/assay/bin/assay is not executable" not in line
    ]
    assert said == []


def test_the_compose_file_names_what_there_is() -> None:
    told = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    server = told["services"]["server"]
    assert set(told["services"]) == {"server", "database", "proxy"}
    assert (DEPLOY / server["build"]["context"] / "Dockerfile").exists()
    assert "ASSAY_DATABASE_URL" in server["environment"] and "ASSAY_DATABASE_URL" in Path(config.__file__).read_text()
    assert {mount.split(":")[0] for mount in server["volumes"]} <= set(told["volumes"])
    head = (DEPLOY / "compose.yaml").read_text()
    for command in re.findall(r"run --rm server (.+?)(?:  |\n)", head):
        _starts(command.split())
    for name in re.findall(r"(?:url|listen) = ", head):
        assert f"server.{name.partition(' ')[0]}" in {one.name for one in config.TABLE}
    assert told["services"]["database"]["environment"]["POSTGRES_PASSWORD"].startswith("${"), "none stands in it"


def test_the_image_is_for_nobody_special_and_asks_what_is_served() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert re.search(r"^USER 65534", text, re.M) and "/healthz" in text
    _starts([one.strip('"') for one in re.findall(r'^CMD \["(.+)"\]$', text, re.M)[0].split('", "')])


def _starts(words: list[str]) -> None:
    """Fails where the command line knows no such command or option."""
    command = get_command(app)
    for word in words:
        if word.startswith("--"):
            assert any(word in getattr(one, "opts", ()) for one in command.params), word
        elif word in getattr(command, "commands", {}):
            command = command.commands[word]  # type: ignore[attr-defined]
