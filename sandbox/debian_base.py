"""Make a base image out of Debian packages, for machines that can reach a package mirror but no image registry."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .api import SandboxUnavailable

if TYPE_CHECKING:
    from docker import APIClient

REPOSITORY, TAG = "localhost/assay-base", "debian"
NAME = f"{REPOSITORY}:{TAG}"
SEEDS = ("python3", "dash", "coreutils", "libstdc++6", "tzdata")
# Needed only to install packages or to read mail types, which nobody does in the sandbox.
LEFT_OUT = re.compile(
    r"perl|libperl|libgdbm|mailcap|mime-support|install-info|dpkg$|tar$|debianutils|debconf|cdebconf|libmd0|libdebconf"
)
FILES = {
    "etc/passwd": "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


def make(client: APIClient, say: Callable[[str], None]) -> str:
    """Fetch, unpack and import the packages; returns the image's name. Raises SandboxUnavailable."""
    for program in ("apt-get", "apt-cache", "dpkg-deb"):
        if shutil.which(program) is None:
            raise SandboxUnavailable(
                f"Sandbox image not built: no base image can be pulled and {program} is not here to make one. "
                "Name one with `assay sandbox build --base IMAGE`."
            )
    with tempfile.TemporaryDirectory() as folder:
        packages = _closure()
        say(f"making a base image from {len(packages)} Debian packages")
        _run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", *packages], cwd=folder)
        root = Path(folder) / "root"
        root.mkdir()
        for package in sorted(Path(folder).glob("*.deb")):
            _run(["dpkg-deb", "-x", str(package), str(root)])
        archive = _pack(root)
    client.import_image_from_data(archive.getvalue(), repository=REPOSITORY, tag=TAG)
    if not client.images(name=NAME):
        client.tag(f"{REPOSITORY}:latest", REPOSITORY, TAG)  # Podman 4.3 imports without the tag
    return NAME


def _closure() -> list[str]:
    flags = [f"--no-{kind}" for kind in ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")]
    names: set[str] = set()
    for attempt in range(2):
        found = _run(["apt-cache", "depends", "--recurse", *flags, *SEEDS], may_fail=True)
        names = {line.strip() for line in found.splitlines() if re.match(r"[a-z0-9]", line)}
        if "python3" in names or attempt or os.geteuid() != 0 or os.environ.get("ASSAY_SETUP") == "no":
            break
        _run(["apt-get", "update", "-qq"])
    chosen = sorted(name for name in names if not LEFT_OUT.match(name) and ":" not in name)
    if "python3" not in chosen:
        raise SandboxUnavailable("Sandbox image not built: the package lists are empty. Run `apt-get update` first.")
    return chosen


def _pack(root: Path) -> io.BytesIO:
    for folder in ("tmp", "work", "proc", "sys", "dev", "etc", "bin"):
        (root / folder).mkdir(exist_ok=True)
    shell = root / "bin" / "sh"
    if not shell.exists() and not shell.is_symlink():
        shell.symlink_to("dash")
    for name, text in FILES.items():
        (root / name).write_text(text)
    for waste in ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/lintian"):
        shutil.rmtree(root / waste, ignore_errors=True)
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.add(root, ".", filter=_as_root)
    return data


def _as_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    if member.name in ("./tmp", "./work"):
        member.mode = 0o1777
    return member


def _run(command: list[str], cwd: str | None = None, *, may_fail: bool = False) -> str:
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)
    if done.returncode and not may_fail:
        last = (done.stderr.strip() or f"{command[0]} failed").splitlines()[-1]
        raise SandboxUnavailable(f"Sandbox image not built: {command[0]} failed ({last}).")
    return done.stdout
