"""The composition root: from settings to an engine, a sandbox and a Workbench; whatever lives long is built here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from analyzers.environment import Told
from analyzers.names import Names
from assay.assistant import settings as table
from assay.assistant.record.coverage import Maps
from assay.assistant.record.ledger import Ledger
from assay.assistant.record.outbox import Outbox
from assay.assistant.record.trace import Traces
from assay.assistant.settings import Settings
from assay.assistant.workbench import Workbench
from assay.assistant.world.projects import Projects
from assay.chosen import Chosen
from assay.engine import adapters, backends, local, processes, scripted, weights
from assay.engine.api import Engine, EngineError
from assay.engine.by_url import Server
from assay.engine.client import Client
from assay.engine.launch import Beside
from assay.engine.missing import Missing
from assay.engine.ollama import Terms
from assay.folders import Folders
from sandbox.absent import Absent
from sandbox.api import Sandbox
from sandbox.engine import Allowed
from sandbox.pool import Pool

if TYPE_CHECKING:
    from sandbox.images import Room

KEY_LIMIT = 4096  # bytes of an API key file


def load_settings(
    where: Folders, *, root: Path | None = None, editor: object = None
) -> tuple[Settings, tuple[str, ...]]:
    """The merged settings and what could not be used of them."""
    roots = [root] if root is not None else []
    return with_adapter(where, roots, *table.load(where.settings_file, roots=roots, editor=editor))


def with_adapter(
    where: Folders, roots: Sequence[Path], settings: Settings, complaints: tuple[str, ...]
) -> tuple[Settings, tuple[str, ...]]:
    """The settings with the adapter that was chosen for a project (`assay model use`), where none is set: for the innermost of `roots` that has a choice of its own, else for all."""
    chosen = Chosen(where.chosen_file)
    root = next((one for one in reversed(roots) if chosen.history(one)), None)
    if settings.text("engine.adapter") or not chosen.history(root):
        return settings, complaints
    return replace(settings, values={**settings.values, "engine.adapter": chosen.of(root) or adapters.NONE}), complaints


def engine(settings: Settings, where: Folders) -> Engine:
    """The engine that the settings ask for; a Missing one, with the sentence that mends it, where it cannot be."""
    try:
        if script := settings.text("engine.script"):
            return scripted.load(Path(script).expanduser())
        backend = settings.text("engine.backend")
        if (url := settings.text("engine.url")) and backend in ("auto", "remote"):
            return Server(
                url,
                model=settings.text("engine.model"),
                api_key=_api_key(settings),
                terms=_terms(settings),
                ca_file=expanded(settings.text("engine.ca_file")),
            )
        if backend == "remote":
            raise EngineError("Engine off: `engine.backend` is remote, and no server is named. Set `engine.url`.")
        model = weights.resolve(settings.text("engine.model"), where.cache)
        adapter, named = _adapter(settings, where, model), settings.text("engine.vllm")
        choice = backends.choose(backend, model, where.cache, program=named, adapter=adapter)
        idle_s, quantisation = settings.number("engine.idle_s"), settings.text("engine.quantisation")
        beside = Beside(
            choice.program, choice.version, adapters_folder(settings, where), settings.text("engine.kv_cache")
        )
        launch = processes.launch_for(model, where.runtime, idle_s, choice.backend, quantisation, beside)
        return local.Local(launch, adapter)
    except EngineError as error:
        return Missing(str(error))


def _adapter(settings: Settings, where: Folders, model: Path) -> str:
    """What is set, or chosen for the project; else the embedded model's own where llama.cpp runs it. Raises EngineError where it is another model's, as far as their sizes tell."""
    given = settings.text("engine.adapter")
    told = adapters.manifest(adapters_folder(settings, where), model, given) if given else None
    if told is not None and told.base_size != adapters.size_of(model):
        back = (
            ""
            if "engine.adapter" in settings.sources
            else " Or go back to what was used before it: `assay model rollback`."
        )
        raise EngineError(f"Engine off: {adapters.other(told, model)}{back}")
    if given or not weights.is_fallback(model) or settings.text("engine.backend") not in ("auto", "llamacpp"):
        return "" if given == adapters.NONE else given
    own = adapters.today(model)
    return own.name if own is not None else ""


def adapters_folder(settings: Settings, where: Folders) -> str:
    """Where adapters are: as it is set, else the user's own; "" where nobody has any."""
    return expanded(settings.text("engine.adapters")) or (str(where.adapters) if where.adapters.is_dir() else "")


def sandbox(settings: Settings, where: Folders, *, is_brief: bool = False) -> Sandbox:
    """A pool on the container engine, or the absent sandbox. Nothing is contacted before it is first used. `is_brief`: this process ends with the answer to one request, and keeps nothing ready for another."""
    if not settings.is_on("sandbox.enabled"):
        return Absent("Sandbox off: it is switched off (`sandbox.enabled`).", off=True)
    from sandbox import build
    from sandbox import engine as containers

    url, allowed = settings.text("sandbox.engine_url"), containers_allowed(settings)
    image = settings.text("sandbox.image") or build.image_name()
    may_fetch = settings.is_on("project.fetch") and not settings.is_on("offline")
    size = int(settings.number("sandbox.pool"))
    connect = partial(containers.connect, url, allowed=allowed)
    return Pool(connect, image, size=size, may_fetch=may_fetch, room=room(settings, where), refills=not is_brief)


def room(settings: Settings, where: Folders) -> Room:
    """What images may take, by the user's settings."""
    from sandbox.images import Room

    return Room(where.images_used_file, int(settings.number("sandbox.images_gb") * 1e9))


def containers_allowed(settings: Settings) -> Allowed:
    """Where a container engine may be, by the user's settings."""
    if settings.is_on("offline"):
        return "offline"
    return "anywhere" if settings.is_on("sandbox.remote") else "here"


def workbench(
    settings: Settings, where: Folders, complaints: tuple[str, ...] = (), *, is_brief: bool = False
) -> Workbench:
    """Everything a feature may use; `is_brief` as for `sandbox`."""
    return Workbench(
        settings=settings,
        engine=engine(settings, where),
        sandbox=sandbox(settings, where, is_brief=is_brief),
        names=Names(where.cache / "jedi"),
        projects=Projects(
            where.images_file,
            Told(settings.text("project.environment"), settings.text("project.interpreter")),
            "redacted" if settings.is_on("sandbox.remote") else "as written",
            where.state / "team" / "conventions.md" if settings.text("engine.url") else None,
        ),
        traces=Traces(where.traces_file, int(settings.number("trace.keep"))),
        ledger=Ledger(where.state / "ledger.jsonl", outbox(settings, where)),
        maps=Maps(where.cache / "coverage"),
        complaints=complaints,
    )


def outbox(settings: Settings, where: Folders) -> Outbox | None:
    """What a team's server is to be told, where the user said so; None else."""
    is_on = settings.is_on("team.record") and settings.text("engine.url") and not settings.is_on("offline")
    return Outbox(where.state / "team", "told" if settings.is_on("team.texts") else "none") if is_on else None


def team(settings: Settings) -> Client | None:
    """The team's server; None where there is none, or it cannot be asked."""
    try:
        return Client(
            settings.text("engine.url"), api_key=_api_key(settings), ca_file=expanded(settings.text("engine.ca_file"))
        )
    except EngineError:
        return None


def tightened(bench: Workbench, settings: Settings, where: Folders, complaints: tuple[str, ...]) -> Workbench:
    """The same services under the settings of another folder of the window, which may have tightened some: an engine of its own where it writes with another adapter, on the same process; and a sandbox, too, where it is offline, and the window is not."""
    if settings.is_on("offline") == bench.settings.is_on("offline"):
        is_same = settings.text("engine.adapter") == bench.settings.text("engine.adapter")
        writes = bench.engine if is_same else engine(settings, where)
        return replace(bench, settings=settings, complaints=complaints, engine=writes)
    own = engine(settings, where), sandbox(settings, where)
    return replace(bench, settings=settings, complaints=complaints, engine=own[0], sandbox=own[1])


async def close(*benches: Workbench) -> None:
    """End what this process started for some benches, what they share once; the engine process goes on for others."""
    for sandbox_ in {id(bench.sandbox): bench.sandbox for bench in benches}.values():
        await sandbox_.close()
    for names in {id(bench.names): bench.names for bench in benches}.values():
        await names.close()
    for engine_ in {id(bench.engine): bench.engine for bench in benches}.values():
        await engine_.close()


@dataclass(frozen=True, slots=True)
class Composition:
    """What a long-lived server makes its services with."""

    where: Folders

    @property
    def cache(self) -> Path:
        """Where what can be found anew is kept."""
        return self.where.cache

    def settings(self, roots: Sequence[Path], editor: object) -> tuple[Settings, tuple[str, ...]]:
        """The merged settings for a window, or for the projects at some roots in it."""
        return with_adapter(self.where, roots, *table.load(self.where.settings_file, roots=roots, editor=editor))

    def bench(self, settings: Settings, complaints: tuple[str, ...]) -> Workbench:
        """Services for these settings."""
        return workbench(settings, self.where, complaints)

    def tightened(self, bench: Workbench, settings: Settings, complaints: tuple[str, ...]) -> Workbench:
        """These services under the settings of one of the window's folders."""
        return tightened(bench, settings, self.where, complaints)

    def team(self, bench: Workbench) -> Client | None:
        """The team's server of these services, to be closed by whoever asks."""
        return team(bench.settings)

    async def close(self, *benches: Workbench) -> None:
        """End them."""
        await close(*benches)


def _terms(settings: Settings) -> Terms:
    hosts: Literal["here", "anywhere"] = "here" if settings.is_on("offline") else "anywhere"
    return Terms(settings.number("engine.idle_s"), int(settings.number("context.tokens")), hosts)


def expanded(path: str) -> str:
    """A path of the settings, from the root of the file system; "" stays so."""
    return str(Path(path).expanduser().absolute()) if path else ""


def _api_key(settings: Settings) -> str:
    """By ASSAY_ENGINE_API_KEY, for editors that keep secrets themselves, else from the file that the settings name."""
    if key := os.environ.get("ASSAY_ENGINE_API_KEY"):
        return key[:KEY_LIMIT].strip()
    if not (name := settings.text("engine.api_key_file")):
        return ""
    path = Path(name).expanduser()
    try:
        status = path.stat()
        if status.st_mode & 0o077:
            raise EngineError(f"Engine off: {path} can be read by others. Run `chmod 600 {path}`.")
        return path.read_text("utf-8")[:KEY_LIMIT].strip()
    except OSError as error:
        raise EngineError(f"Engine off: the API key file {path} cannot be read ({error.strerror}).") from error


def save_setting(where: Folders, name: str, value: table.Value) -> None:
    """Write one setting into the user's file, keeping its comments and order; raises SettingsError."""
    import tomlkit

    _ = table.check(name, value)
    path = where.settings_file
    document = tomlkit.parse(path.read_text("utf-8")) if path.is_file() else tomlkit.document()
    node = document
    *tables, last = name.split(".")
    for part in tables:
        node = node.setdefault(part, tomlkit.table())
    node[last] = value
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(tomlkit.dumps(document), "utf-8")
