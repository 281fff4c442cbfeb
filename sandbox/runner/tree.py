"""The project's files inside the container: write a step's changes, notice who else wrote."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

HARNESS_SUFFIXES = (".py", ".pyi", ".pth", ".ini", ".cfg", ".toml", ".so", ".pyc")

COOKIE = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")  # PEP 263

Fingerprint = dict[str, tuple[int, int, int]]


def write(files: dict[str, str | None], root: Path) -> None:
    """Write texts by relative POSIX path; None removes the file."""
    for name, text in files.items():
        path = root / name
        if not path.resolve().is_relative_to(root):
            continue
        if text is None:
            path.unlink(missing_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_encoded(text))


def _encoded(text: str) -> bytes:
    """A text in the encoding that its first lines name, as Python will read it."""
    for line in text[:400].splitlines()[:2]:
        found = COOKIE.match(line)
        if found:
            try:
                return text.encode(found[1])
            except (LookupError, UnicodeError):
                break
    return text.encode("utf-8", "surrogatepass")


def fingerprint(root: Path) -> Fingerprint:
    """Inode, size and change time of every file that can steer a test run. A change time cannot be set back."""
    found: Fingerprint = {}
    devices = {os.stat(root).st_dev: True}
    folders = [""]
    while folders:
        folder = folders.pop()
        with contextlib.suppress(OSError), os.scandir(os.path.join(root, folder)) as entries:
            for entry in entries:
                name = f"{folder}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    device = entry.stat(follow_symlinks=False).st_dev
                    if device not in devices:  # what is mounted for reading, nobody can write
                        devices[device] = not os.statvfs(entry.path).f_flag & os.ST_RDONLY
                    if not devices[device]:
                        continue
                    folders.append(f"{name}/")
                elif name.endswith(HARNESS_SUFFIXES) and not _is_unread(name):
                    status = entry.stat(follow_symlinks=False)
                    found[name] = (status.st_ino, status.st_size, status.st_ctime_ns)
    return found


def _is_unread(name: str) -> bool:
    """Byte code of sources that are here is not read by what runs the tests; pytest's own is."""
    return "__pycache__/" in name and name.endswith(".pyc") and "-pytest-" not in name


def changed(before: Fingerprint, after: Fingerprint) -> list[str]:
    """Paths that a step added, removed or rewrote; at most 20."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))[:20]
