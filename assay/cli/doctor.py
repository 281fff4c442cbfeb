"""What is here, what is missing, and the sentence that mends it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from analyzers import environment, files, locked, workspaces
from assay import __version__, compose
from assay.assistant.settings import Settings
from assay.assistant.world import around
from assay.engine import backends, dialects, hub, memory, service, weights
from assay.engine.api import Engine
from assay.engine.by_url import Server
from assay.engine.local import Local
from assay.folders import Folders
from sandbox import build, dependencies, engine
from sandbox.api import Packages, SandboxUnavailable

OTHER_SERVERS = (("Ollama", "http://127.0.0.1:11434"), ("llama.cpp", "http://127.0.0.1:8080"))
LOOK_S = 1.5  # for a server on this machine that may not be there


@dataclass(frozen=True, slots=True)
class Finding:
    """One part: its state, what was seen, and what to do about it ("" when nothing)."""

    part: str
    state: Literal["ok", "missing", "note"]
    detail: str
    fix: str = ""


def examine(settings: Settings, where: Folders, complaints: tuple[str, ...]) -> tuple[Finding, ...]:
    """Look at every part; takes up to a few seconds."""
    found = [Finding("assay", "ok", f"{__version__} on Python {sys.version.split()[0]}")]
    found += [
        Finding("settings", "note", complaint, "It was left out; `assay settings` shows what holds.")
        for complaint in complaints
    ]
    found += asyncio.run(_engine(settings, where))
    found += _sandbox(settings, where)
    found.append(_program("ruff"))
    if settings.is_on("offline"):
        found.append(Finding("offline", "note", "on: no socket but loopback and Unix is opened"))
    return tuple(found)


async def _engine(settings: Settings, where: Folders) -> list[Finding]:
    chosen = compose.engine(settings, where)
    health = await chosen.health()
    found = []
    if isinstance(chosen, Local):
        found.append(_backend(settings, where))
    if (
        isinstance(chosen, Local)
        and chosen.name == "llama.cpp"
        and (why := await asyncio.to_thread(service.load_trouble))
    ):
        what, _, mend = why.rpartition("). ")
        found.append(Finding("llama.cpp", "missing", f"{what})", mend))
    if health.state in ("ready", "starting"):
        rest = await _prompts(chosen, settings) if health.state == "ready" else ", starts when it is first needed"
        found.append(Finding("model", "ok", f"{health.model or 'unnamed'} at {health.engine}{rest}"))
    else:
        what, mend = _parted(health.why) if settings.text("engine.url") else (health.why, "")
        found.append(Finding("model", "missing", what, mend or "Run `assay setup`, or set `engine.url`."))
    await chosen.close()
    if (health.is_fallback or health.state == "absent") and not settings.text("engine.url"):
        others = await asyncio.gather(*(_other(name, url) for name, url in OTHER_SERVERS))
        found += [one for one in others if one is not None]
        if health.is_fallback:
            advice = f"A real code model is far better: {_advised()}, or set `engine.url` to a server."
            found.append(
                Finding("model quality", "note", "the fallback model is small; its suggestions are often poor", advice)
            )
    return found


def _parted(why: str) -> tuple[str, str]:
    """What is wrong, and the last sentence, which says what to do about it."""
    what, stop, mend = why.rpartition(". ")
    return (f"{what}.", mend) if stop else (why, "Start that server, or correct `engine.url`.")


def _backend(settings: Settings, where: Folders) -> Finding:
    """What runs the model, and why."""
    model = weights.resolve(settings.text("engine.model"), where.cache)
    choice = backends.choose(
        settings.text("engine.backend"),
        model,
        where.cache,
        program=settings.text("engine.vllm"),
        adapter=settings.text("engine.adapter"),
    )
    is_measured = model.name in backends.recorded(where.cache)
    fix = (
        ""
        if is_measured or backends.missing() or choice.backend == "vllm"
        else "`assay engine --bench` measures which one is faster here."
    )
    return Finding("backend", "ok", f"{backends.TITLES[choice.backend]}: {choice.why}", fix)


def _advised() -> str:
    """The largest model of the table that this machine has memory for."""
    free = memory.free_here() / 1e9
    fitting = [row for row in hub.known() if row.file and row.memory < free * 0.6]
    if not fitting:
        return "set `engine.model` to a GGUF file"
    best = max(fitting, key=lambda row: row.memory)
    return f"`assay model pull {best.name}` ({best.gigabytes:.1f} GB, {best.licence})"


async def _prompts(chosen: Engine, settings: Settings) -> str:
    """How the model is told what stands on both sides of the cursor."""
    dialect = await dialects.spoken(chosen, settings.text("engine.dialect"))
    if dialect is dialects.LEFT_TO_RIGHT:
        return ", which reads what stands before the cursor"
    how = "by the server's template" if dialect is dialects.SUFFIX else f"with the markers of {dialect.name}"
    return f", which fills in the middle {how}"


async def _other(name: str, url: str) -> Finding | None:
    server = Server(url)
    try:
        async with asyncio.timeout(LOOK_S):
            health = await server.health()
    except TimeoutError:
        return None
    finally:
        await server.close()
    if health.state != "ready":
        return None
    fix = f'Use it: put `url = "{url}"` under [engine] in your settings file, or set ASSAY_ENGINE_URL={url}.'
    return Finding(
        name, "note", f"a server answers at {health.engine}{f' with {health.model}' if health.model else ''}", fix
    )


def _sandbox(settings: Settings, where: Folders) -> list[Finding]:
    if not settings.is_on("sandbox.enabled"):
        return [Finding("sandbox", "note", "switched off by `sandbox.enabled`")]
    try:
        client, url = engine.reach(settings.text("sandbox.engine_url"), allowed=compose.containers_allowed(settings))
    except SandboxUnavailable as error:
        return [Finding("container engine", "missing", error.what, error.mend)]
    with contextlib.closing(client):
        version = client.version()
        found = [Finding("container engine", "ok", f"{version.get('Version', '?')} at {url}")]
        image = settings.text("sandbox.image") or build.image_name()
        if not client.images(name=image):
            return [*found, Finding("sandbox image", "missing", f"{image} is not built", "Run `assay sandbox build`.")]
        python = build.python_version(client, image)
        found.append(Finding("sandbox image", "ok", f"{image}, Python {python or '?'}"))
        found.append(_images(client, settings, where))
        return [*found, *_project(settings, where, partial(_labels, client), python)]


def _images(client: Any, settings: Settings, where: Folders) -> Finding:
    """How much room they take."""
    room = compose.room(settings, where)
    images, size = room.found(client)
    detail = f"{len(images)}, {size / 1e9:.1f} of {room.budget / 1e9:.0f} GB (`sandbox.images_gb`)"
    if size <= room.budget:
        return Finding("images", "ok", detail)
    return Finding("images", "note", detail, "`assay sandbox prune` removes those that nobody used for a week.")


def _labels(client: Any, name: str) -> Mapping[str, str] | None:
    """Of an image; None where it is not there."""
    found = client.images(name=name)
    return (found[0].get("Labels") or {}) if found else None


def _project(
    settings: Settings, where: Folders, labels: Callable[[str], Mapping[str, str] | None], python: str
) -> list[Finding]:
    """Whether the tests of the project in the current folder find their dependencies in a container."""
    root = files.project_root(Path.cwd() / "x.py")
    if not files.has_root_mark(root):
        return []
    if layer := dependencies.image_for(root, where.images_file):
        if labels(layer) is not None:
            return [Finding("dependencies", "ok", f"{layer} for {root}")]
        return [Finding("dependencies", "missing", f"{layer} is gone", f"Make it again: {_BUILD}")]
    top = workspaces.top(root)
    told = environment.Told(settings.text("project.environment"), settings.text("project.interpreter"))
    found = environment.find(root, top, told)
    if found is None and (asked := locked.of(root)) is not None:
        if settings.is_on("project.fetch") and not settings.is_on("offline"):
            base = settings.text("sandbox.image") or build.image_name()
            packages = Packages(asked.wanted, asked.versions, asked.source)
            made = labels(dependencies.layer_name(packages, found.python if found else python, base))
            if made is not None:
                lacks = ", ".join(made.get(dependencies.LEFT_OUT, "").split())
                detail = f"{root} has none: a layer of the image holds the packages of {asked.source}"
                if lacks:
                    why = (
                        f"{detail}, without {lacks}, which has no wheel"
                        if " " not in lacks
                        else f"{detail}, without {lacks}, which have no wheels"
                    )
                    return [Finding("environment", "note", why, _WAYS)]
                return [Finding("environment", "ok", detail)]
            detail = f"{root} has none: the packages of {asked.source} are made a layer of the image when it is first checked"
            return [Finding("environment", "ok", detail)]
        detail = f"{root} has none, and the packages of {asked.source} are not fetched (`project.fetch`, `offline`)"
        return [Finding("environment", "note", detail, _WAYS)]
    if found is None:
        detail = (
            f"{root} has no virtual environment, so its tests see the standard library and pytest, on Python {python}"
        )
        return [Finding("environment", "note", detail, _WAYS)]
    if not found.is_here:
        detail = f"{root} needs Python {found.python} ({found.why}), and none is installed here"
        if labels(build.image_name(found.python)) is not None or python == found.python:
            return [Finding("environment", "ok", f"{detail}: an image of it runs the tests")]
        mend = f"Install it, or make an environment for the project; else an image is made from python:{found.python}-slim when it is first checked."
        return [Finding("environment", "missing", detail, mend)]
    detail = found.told
    if found.flaw:
        return [Finding("environment", "missing", f"{detail}: {found.flaw}", "Make the environment anew.")]
    near = around.of(root, top, found)
    others = ", ".join(one.relative_to(near.top).as_posix() for one in near.projects) if near is not None else ""
    brought = f"; of {near.top} comes along: {others}" if near is not None and others else ""
    own = [*(near.projects if near is not None else ()), root, found.home]
    lost = [str(one) for one in found.paths if not any(one.is_relative_to(there) for there in own)]
    findings = [Finding("environment", "ok", f"{detail}, mounted read-only{brought}")]
    if lost:
        far = f"{', '.join(lost[:3])}: outside of the workspace, so no container gets it"
        findings.append(
            Finding("editable install", "note", far, "Open the folder that holds both, or install it as a package.")
        )
    return findings


_BUILD = "`assay sandbox build --requirements FILE` makes a layer from a lock or requirements file."
_WAYS = (
    f"Where it needs more: make a .venv in it, name one by `project.environment`, or {_BUILD[0].lower()}{_BUILD[1:]}"
)


def _program(name: str) -> Finding:
    from ruff import find_ruff_bin

    try:
        return Finding(name, "ok", str(find_ruff_bin()))
    except FileNotFoundError:
        return Finding(name, "missing", shutil.which(name) or "not found", "Install Assay again.")
