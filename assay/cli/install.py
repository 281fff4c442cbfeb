"""Make a machine ready, saying each step; nothing of the system is touched where ASSAY_SETUP=no or consent is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from assay.assistant.settings import Settings
from assay.cli import out, sandboxes
from assay.engine import service, weights
from assay.engine.api import EngineUnavailable
from assay.folders import Folders
from sandbox.api import SandboxUnavailable

OPENMP = "libgomp.so.1"
START_S = 30.0  # dockerd answers after 0.7 s here; a cold disk takes longer


def install(settings: Settings, where: Folders, *, model: bool, sandbox: bool) -> tuple[str, ...]:
    """Do what is missing; returns one sentence for each part that could not be had."""
    problems: list[str] = []
    offline = settings.is_on("offline")
    if model and not settings.text("engine.url"):
        try:
            if offline and not weights.fallback_path(where.cache).is_file():
                raise EngineUnavailable("No model: `offline` is on and the fallback model is not here.")
            weights.fetch_fallback(where.cache, out.say)
            _library(settings)
        except EngineUnavailable as error:
            problems.append(str(error))
    if sandbox and settings.is_on("sandbox.enabled"):
        try:
            _engine(settings)
            sandboxes.build_quietly(settings)
        except SandboxUnavailable as error:
            problems.append(str(error))
    return tuple(problems)


def _library(settings: Settings) -> None:
    """See that llama.cpp's library loads; on a bare Debian the one system library that it needs is missing."""
    if not (why := service.load_trouble()):
        return
    if OPENMP not in why or not _may_install():
        raise EngineUnavailable(why)
    if not _agreed(f"The local engine needs {OPENMP}.", "libgomp1", settings):
        raise EngineUnavailable(why)
    try:
        _install("libgomp1")
    except SandboxUnavailable as error:
        raise EngineUnavailable(str(error)) from error
    if why := service.load_trouble():
        raise EngineUnavailable(why)


def _engine(settings: Settings) -> None:
    url = settings.text("sandbox.engine_url")
    try:
        sandboxes.reachable(settings)
    except SandboxUnavailable:
        if url or not _may_touch_the_system():
            raise
        if shutil.which("dockerd") is None and not _agreed("No container engine is here.", "docker.io", settings):
            raise
        if shutil.which("dockerd") is None:
            _install("docker.io")
        _start_docker(settings)
        sandboxes.reachable(settings)


def _may_touch_the_system() -> bool:
    is_ours = os.environ.get("ASSAY_SETUP") != "no" and sys.platform == "linux" and os.geteuid() == 0
    return is_ours and "DOCKER_HOST" not in os.environ and (shutil.which("dockerd") is not None or _may_install())


def _may_install() -> bool:
    return os.environ.get("ASSAY_SETUP") != "no" and os.geteuid() == 0 and shutil.which("apt-get") is not None


def _agreed(what: str, package: str, settings: Settings) -> bool:
    """Consent to install a Debian package: asked for on a terminal, told elsewhere."""
    if settings.is_on("offline"):
        return False
    if sys.stdin.isatty():
        answer = input(
            f"  {what} Install Debian's {package}{' and start it' if package == 'docker.io' else ''}? [y/N] "
        )
        return answer.strip().lower() in ("y", "yes")
    out.say(f"{what} Installing Debian's {package} (ASSAY_SETUP=no prevents this)")
    return True


def _install(package: str) -> None:
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package],
    ):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode:
            last = (done.stderr.strip() or "no reason given").splitlines()[-1]
            raise SandboxUnavailable(f"{package} was not installed: `{' '.join(command[:2])}` failed ({last}).")


def _start_docker(settings: Settings) -> None:
    """By systemd where it runs, else the daemon itself, in a session of its own."""
    if Path("/run/systemd/system").is_dir():
        out.say("starting Docker")
        subprocess.run(["systemctl", "start", "docker"], capture_output=True, check=False)
    else:
        out.say("starting dockerd (there is no systemd here)")
        Path("/var/run/docker.pid").unlink(missing_ok=True) if not _is_running() else None
        with open("/var/log/assay-dockerd.log", "ab") as log:
            subprocess.Popen(
                ["dockerd"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/"
            )
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            sandboxes.reachable(settings)
            return
        except SandboxUnavailable:
            time.sleep(0.2)  # tidy: allow-sleep  polling a daemon that has no other sign of life
    raise SandboxUnavailable("Sandbox off: dockerd did not answer. Its log is /var/log/assay-dockerd.log.")


def _is_running() -> bool:
    try:
        pid = int(Path("/var/run/docker.pid").read_text())
        return "dockerd" in Path(f"/proc/{pid}/comm").read_text()
    except (OSError, ValueError):
        return False
