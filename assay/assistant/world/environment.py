"""A project's own Python as a container gets it: what of this machine is mounted, read-only and by its own path, so that all that its files name is there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from analyzers.environment import Environment
from sandbox.api import DEPENDENCIES, Interpreter

# Folders of the system: nothing of a project's is put over them.
SYSTEM = frozenset({"bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "proc", "run", "sbin", "sys", "usr"})
LIBRARIES_LIMIT = 60


def place(root: Path) -> str:
    """Where a project stands in a container: by its own path, for that is what editable installs and settings name; "" where that cannot be."""
    parts = root.parts
    is_free = os.name == "posix" and len(parts) > 2 and parts[1] not in SYSTEM and parts[1:3] != ("opt", "assay")
    return str(root) if is_free else ""


def interpreter(found: Environment | None, system: str = sys.platform) -> Interpreter | None:
    """What runs an environment in a container; None without one, or where it cannot be run. A Python of another system than the container's does not run there: the image's runs the packages, as far as they are no
    programs of that system."""
    if found is None or found.flaw:
        return None
    if not found.is_here:
        return Interpreter("", found.python, ())
    if system != "linux":
        site = next(iter(found.site_packages), None)
        return Interpreter("", found.python, ((DEPENDENCIES, str(site.resolve())),), found.stamp) if site else None
    mounts: dict[str, str] = {}
    is_conda = (found.home / "conda-meta").is_dir()
    if found.base != (found.home,) or is_conda:
        real = found.home.resolve()
        for name in ("pyvenv.cfg", "bin", "lib" if is_conda else f"lib/python{found.python}"):
            source = (found.home / name).resolve()
            if source.exists() and source.is_relative_to(real):
                mounts[str(found.home / name)] = str(source)
    for base in () if is_conda else found.base:
        mounts |= _of_base(base, found.python)
    for site in found.site_packages:
        if not any(site.is_relative_to(target) for target in mounts):
            mounts[str(site)] = str(site.resolve())
    packages = next((str(one.resolve()) for one in found.site_packages), "")
    return Interpreter(str(found.program), found.python, tuple(sorted(mounts.items())), found.stamp, packages)


def _of_base(base: Path, python: str) -> dict[str, str]:
    """An installed Python: its program, its standard library and the libraries beside it."""
    program = base / "bin" / f"python{python}"
    by_name = [one for name in ("python", "python3") if (one := base / "bin" / name).resolve() == program.resolve()]
    names = [program, *by_name, base / "lib" / f"python{python}"]
    if base not in (Path("/usr"), Path("/usr/local")):
        names += sorted(one for one in (base / "lib").glob("lib*.so*") if one.is_file())[:LIBRARIES_LIMIT]
    return {str(one): str(one.resolve()) for one in names if one.exists()}
