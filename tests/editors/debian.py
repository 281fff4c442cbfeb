"""Programs of Debian's newest suite, unpacked beside their libraries and run by their own loader: nothing of them is installed."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

from tests.editors.tools import FOLDER, ROOT


def unpack(name: str, package: str, program: str, *, variable: str) -> str:
    """Have `package` with all it needs in `.editors/NAME`, and there a script of the program's name that starts it, with an environment
    variable `NAME=path below /usr`. Why that could not be done; "" where it is there."""
    folder = FOLDER / name
    started = folder / Path(program).name
    if started.is_file():
        return ""
    skipped = f"{name} could not be had; its scenarios are skipped"
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return f"{skipped}: it is unpacked from Debian's packages, and this is no Debian."
    shutil.rmtree(folder, ignore_errors=True)
    print(f"  Unpacking {name}")
    if why := _fetch(folder, package):
        return f"{skipped}: {why}"
    root = folder / "root" / "usr"
    libraries = root / "lib" / f"{platform.machine()}-linux-gnu"
    loader = next(iter(libraries.glob("ld-linux-*")), None)
    key, _, value = variable.partition("=")
    line = f'{key}="{root / value}" exec "{loader}" --library-path "{libraries}" "{root / program}" "$@"'
    started.write_text(f"#!/bin/sh\n{line}\n", "utf-8")
    started.chmod(0o755)
    if why := run([str(started), "--version"], ROOT):
        started.unlink()
        return f"{skipped}: it does not start here ({why})."
    return ""


def _fetch(folder: Path, package: str) -> str:
    for part in ("lists/partial", "cache/archives/partial", "root"):
        (folder / part).mkdir(parents=True)
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE)"], capture_output=True, text=True, check=False
    )
    if not (mirror := told.stdout.split("\n")[0].strip()):
        return "apt names no mirror."
    # The mirror is the machine's own; its keys are those that apt trusts already.
    (folder / "sources.list").write_text(f"deb {mirror} sid main\n", "utf-8")
    options = {
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": "/dev/null",
        "Dir::Cache": folder / "cache",
        "Debug::NoLocking": "1",
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-qq", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]
    for words in (["update"], ["install", "--download-only", "--yes", "--no-install-recommends", package]):
        if why := run([*apt, *words], ROOT):
            return why
    for archive in (folder / "cache" / "archives").glob("*.deb"):
        if why := run(["dpkg-deb", "-x", str(archive), str(folder / "root")], ROOT):
            return why
    shutil.rmtree(folder / "cache")
    shutil.rmtree(folder / "lists")
    return ""


def run(command: list[str], folder: Path, more: dict[str, str] | None = None) -> str:
    """The last line of what it said, where it failed."""
    environment = {**os.environ, **(more or {}), "PATH": f"{FOLDER / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, check=False)
    said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip() and "log of this run" not in line]
    return "" if done.returncode == 0 else " ".join(said[-3:])[:300] or "no reason given"
