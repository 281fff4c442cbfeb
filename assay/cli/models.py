"""`assay engine` and `assay model list|info|pull|use`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay import compose
from assay.assistant import settings as table
from assay.assistant.settings import Settings
from assay.cli import out
from assay.cli.adapters import listed
from assay.engine import backends, dialects, hub, processes, weights
from assay.engine.api import EngineError, EngineUnavailable
from assay.engine.launch import Beside, Launch
from assay.engine.service import SLOTS
from assay.folders import Folders, folders

if TYPE_CHECKING:
    from assay.team.gate.nodes import Nodes

AFTER_S = 600.0  # so long an engine that was shared for ever is kept without a request; the next one starts it again
SHARED: Mapping[backends.Backend, int] = {"llamacpp": SLOTS, "torch": 2}  # requests that are with the engine at once

app = typer.Typer(help="The models on this machine.", no_args_is_help=True)


def engine(
    model: Annotated[
        str, typer.Option(help="GGUF file or folder of safetensors; by default what the settings name.")
    ] = "",
    idle: Annotated[float, typer.Option(help="Seconds without a request after which it ends; 0 keeps it.")] = -1.0,
    folder: Annotated[
        str, typer.Option(help="Private folder for the socket; by default one for this model.", hidden=True)
    ] = "",
    backend: Annotated[str, typer.Option(help="llamacpp, torch or vllm; by default what the settings choose.")] = "",
    quantisation: Annotated[
        str, typer.Option(help="bf16, int8, fp8 or int4, on torch; by default what the settings choose.")
    ] = "",
    program: Annotated[
        str, typer.Option(help="Environment with vLLM in it, or its Python; by default `engine.vllm`.", hidden=True)
    ] = "",
    adapters: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="LoRA adapters to serve by their folders' names; by default `engine.adapters`.",
        ),
    ] = None,
    cache: Annotated[
        str,
        typer.Option(
            help="auto, bf16 or fp8: how vLLM holds keys and values; by default `engine.kv_cache`.", hidden=True
        ),
    ] = "",
    listen: Annotated[
        str,
        typer.Option(
            metavar="HOST:PORT", help="Share it at this address, behind a file of keys; for a team: assay serve."
        ),
    ] = "",
    key_file: Annotated[str, typer.Option(help="With --listen: a file of lines NAME KEY, readable only by you.")] = "",
    cert: Annotated[str, typer.Option(help="With --listen: the certificate, PEM. Needed off loopback.")] = "",
    cert_key: Annotated[str, typer.Option(help="With --listen: the certificate's key, PEM.")] = "",
    install: Annotated[
        str, typer.Option(metavar="vllm", help="Fetch vLLM into an environment of its own (some gigabytes), and end.")
    ] = "",
    bench: Annotated[
        bool,
        typer.Option(
            "--bench", help="Measure each backend on this machine instead, and use the faster one from now on."
        ),
    ] = False,
) -> None:
    """Serve one model to all windows of this machine, on a Unix socket that speaks the OpenAI API.

    The first `assay lsp` starts it by itself; start it by hand to keep it running or to use it with other clients.
    """
    from assay.engine import service

    where = folders()
    settings = out.settings(where)
    if install:
        _install(install, settings, where)
        return
    idle_s = settings.number("engine.idle_s") if idle < 0 else idle
    try:
        path = weights.resolve(model or settings.text("engine.model"), where.cache)
        if bench:
            held = choice("engine.quantisation", quantisation, settings)
            _bench(path, backend, held, where, program or settings.text("engine.vllm"))
            return
        if choice("engine.backend", backend, settings) == "remote":
            out.fail(
                "usage",
                "`engine.backend` is remote: the model is served at `engine.url`, not here. Name another with --backend.",
            )
        named = program or settings.text("engine.vllm")
        wanted = choice("engine.backend", backend, settings)
        chosen = backends.choose(wanted, path, where.cache, program=named, is_shared=bool(listen))
        held = choice("engine.quantisation", quantisation, settings)
        wished = compose.adapters_folder(settings, where) if adapters is None else compose.expanded(adapters)
        if wished and chosen.backend == "torch":
            out.say(f"The adapters in {wished} are not served: llama.cpp and vLLM have them, and this is torch.")
        found = Beside(chosen.program, chosen.version, wished, choice("engine.kv_cache", cache, settings))
        launch = processes.launch_for(path, where.runtime, idle_s, chosen.backend, held, found)
        launch = replace(launch, folder=Path(folder)) if folder else launch
    except EngineUnavailable as error:
        out.fail("no-model", str(error))
    if listen:
        _share(listen, key_file, (cert, cert_key), lambda: of_this_machine(launch, chosen.rows))
        return
    raise typer.Exit(service.serve(launch, where.cache))


def _install(name: str, settings: Settings, where: Folders) -> None:
    """vLLM, for a GPU where there is one."""
    from assay.engine.vllm_backend import install

    if name != "vllm":
        out.fail("usage", f"{name} cannot be installed so; `--install vllm` can.")
    if settings.is_on("offline"):
        out.fail("offline", "`offline` is on: nothing is fetched. Name an environment with vLLM in `engine.vllm`.")
    try:
        found = install.install(where.cache, out.say, for_gpu=Path("/dev/nvidia0").exists())
    except EngineUnavailable as error:
        out.fail("no-model", str(error))
    typer.echo(
        f"vLLM {found.version} is in {found.python.parent.parent}. It is used with `engine.backend` = vllm, for a shared engine, and where there is a GPU."
    )


def _share(listen: str, key_file: str, certificate: tuple[str, str], behind: Callable[[], Nodes]) -> None:
    """Serve what is behind it to others until interrupted."""
    from assay.team import door, serving

    try:
        if not listen:
            raise door.NotShared("Not shared: say where with --listen HOST:PORT.")
        host, port = door.address(listen)
        path = Path(key_file).expanduser() if key_file else None
        cert, cert_key = (Path(one).expanduser() if one else None for one in certificate)
        made = door.Door(host, port, door.keys_of(path) if path else {}, cert, cert_key, path)
        asyncio.run(serving.share(behind(), made, out.say))
    except door.NotShared as error:
        out.fail("not-shared", str(error))


def of_this_machine(launch: Launch, rows: int) -> Nodes:
    """The engine process, which ends after this one, and not while anybody asks."""
    from assay.engine.local import Local
    from assay.team.gate.nodes import Nodes
    from assay.team.gate.upstream import Here

    out.say(f"starting {weights.name_of(launch.model)} on {backends.TITLES[launch.backend]}")
    launch = replace(launch, idle_s=launch.idle_s or AFTER_S)
    return Nodes([Here(Local(launch), rows or SHARED[launch.backend])])


def elsewhere(urls: Sequence[str], key_file: str, ca_file: str, requests: int = 0) -> Nodes:
    """Servers of others, each with so many requests at once. Raises NotShared."""
    from assay.engine.vllm_backend import place
    from assay.team import door
    from assay.team.gate.nodes import Nodes
    from assay.team.gate.upstream import There

    key = door.key_of(Path(key_file).expanduser()) if key_file else ""
    return Nodes([There(door.url(one, key), key, ca_file, requests or place.ROWS) for one in urls])


def _bench(path: Path, backend: str, quantisation: str, where: Folders, program: str) -> None:
    """Print a table, and keep it."""
    from assay.engine import bench

    able = [one for one in map(partial(_able, path, where, program), backends.TITLES) if one is not None]
    chosen = [one for one in able if backend in ("", "auto", one.backend)]
    if not chosen:
        names = " and ".join(one.backend for one in able)
        out.fail("usage", f"{backend} cannot run {path.name} here: {names or 'nothing'} can.")
    found = asyncio.run(bench.measure(path, chosen, quantisation, out.say))
    typer.echo(
        f"{'':10} {'tokens':>7} {'read/s':>8} {'first token':>12} {'kept':>9} {'written/s':>10} {'suggestion':>11} {'memory':>9}"
    )
    for one in found:
        name = backends.TITLES[one.backend]
        for row in one.rows:
            typer.echo(
                f"{name:10} {row.tokens:7} {row.read_per_s:8.0f} {row.new_s * 1000:9.0f} ms {row.kept_s * 1000:6.0f} ms "
                f"{row.tokens_per_s:10.1f} {row.suggestion_s * 1000:8.0f} ms {row.memory / 1e6:6.0f} MB"
            )
        if one.rows:
            typer.echo(f"{name:10} {bench.STREAMS} texts at once: {one.streams_per_s:.1f} tokens/s together")
        if one.why:
            typer.echo(f"{name:10} {one.why}")
    bench.record(where.cache, path, found)
    if absent := backends.missing():
        typer.echo(f"torch was not measured: {absent[0]} is not installed. {backends.INSTALL}")
    if "vllm" not in [one.backend for one in able]:
        typer.echo("vLLM was not measured: it is not here. `assay engine --install vllm` fetches it.")
    if (sooner := bench.faster(found)) and len(found) >= bench.SEVERAL:
        typer.echo(
            f"A suggestion is there sooner with {backends.TITLES[sooner]}: `engine.backend` = auto takes it for {path.name} from now on."
        )


def _able(path: Path, where: Folders, program: str, backend: backends.Backend) -> backends.Choice | None:
    """What would run these weights with a backend; None where it cannot here."""
    if backend == "llamacpp" and not path.is_file():
        return None
    try:
        return backends.choose(backend, path, where.cache, program=program)
    except EngineUnavailable:
        return None


def choice(name: str, given: str, settings: Settings) -> str:
    """What an option says, held to the setting's own choices, else what the setting says."""
    if not given:
        return settings.text(name)
    try:
        return str(table.check(name, given))
    except table.SettingsError as error:
        out.fail("usage", str(error))


@app.command(name="list")
def list_models(
    known: Annotated[
        bool, typer.Option("--known", help="Models that are worth a try, instead of those that are here.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """The models in the models folder, GGUF files and folders of safetensors, and your adapters; what is in use is marked."""
    if known:
        _list_known(as_json=as_json)
        return
    where = folders()
    settings = out.settings(where)
    folder = weights.models_folder(where.cache)
    here = sorted([*folder.glob("*.gguf"), *(one for one in folder.glob("*/") if weights.is_folder(one))])
    try:
        used = weights.resolve(settings.text("engine.model"), where.cache).resolve()
    except EngineUnavailable:
        used = None
    if as_json:
        out.emit({"models": [{"name": weights.name_of(f), "path": str(f), "bytes": _size(f), "used": f.resolve() == used,
                              "fallback": weights.is_fallback(f)} for f in here], "adapters": listed(where)})  # fmt: skip
        return
    for one in here:
        mark = "*" if one.resolve() == used and not settings.text("engine.url") else " "
        note = "  fallback model" if weights.is_fallback(one) else ""
        typer.echo(f"{mark} {weights.name_of(one):40} {_size(one) / 1e6:8.0f} MB{note}")
    if not here:
        typer.echo(f"No model is in {folder}. Run `assay setup`.")
    for row in listed(where):
        typer.echo(
            f"  adapter {row['name']:32} for {row['base']}{'; used by ' + ', '.join(row['used_by']) if row['used_by'] else ''}"
        )
    if url := settings.text("engine.url"):
        typer.echo(f"In use is the server at {url} (`engine.url`).")
    typer.echo("`assay model list --known` names models that are worth a try.", err=True)


def _list_known(*, as_json: bool) -> None:
    rows = hub.known()
    if as_json:
        out.emit({"models": [asdict(row) | {"measured": False} for row in rows]})
        return
    for row in rows:
        size = f"{row.gigabytes:5.1f} GB, {row.memory:.1f} GB of memory" if row.repo else "not for this engine"
        typer.echo(f"{row.name:20} {row.parameters:8.8} {row.licence:10} {size}\n{'':20} {row.runs_on}")
    typer.echo(
        "By the models' own cards, not measured here. `assay model pull NAME` fetches one, or any OWNER/NAME[:FILE] of the hub."
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else sum(one.stat().st_size for one in path.iterdir() if one.is_file())


@app.command()
def pull(
    model: Annotated[
        str, typer.Argument(help="A name of `assay model list --known`, or OWNER/NAME[:FILE] of the hub.")
    ],
    use_it: Annotated[
        bool | None,
        typer.Option("--use/--no-use", help="Use it from now on; by default where the fallback model is in use."),
    ] = None,
) -> None:
    """Fetch a model from the hub (huggingface.co, or HF_ENDPOINT): GGUF or safetensors, held against its checksums.

    A download that is cut goes on when the command is run again. HTTPS_PROXY and SSL_CERT_FILE are honoured, HF_TOKEN where a model needs a login.
    Nothing that comes with a model is run.
    """
    where = folders()
    settings = out.settings(where)
    if settings.is_on("offline"):
        out.fail(
            "offline",
            f"`offline` is on: fetch {model} elsewhere, put it into {weights.models_folder(where.cache)}, and run `assay model use NAME`.",
        )
    bars = out.Bars()
    try:
        with hub.Hub() as connection, bars:
            path = hub.pull(connection, model, where.cache, bars.show)
    except EngineError as error:
        out.fail("no-model", str(error))
    except OSError as error:
        out.fail("no-model", f"The model cannot be written: {error}.")
    typer.echo(f"{weights.name_of(path)} is in {path.parent} ({_size(path) / 1e6:.0f} MB), as its checksums say.")
    if use_it or (use_it is None and not settings.text("engine.model") and not settings.text("engine.url")):
        compose.save_setting(where, "engine.model", str(path))
        typer.echo("It is used from the next start of the engine on.")
    else:
        typer.echo(f"Use it: assay model use {weights.name_of(path)}")
    if weights.is_folder(path) and (absent := backends.missing()):
        typer.echo(f"It needs the engine on torch, and {absent[0]} is not installed. {backends.INSTALL}", err=True)


@app.command()
def info(
    model: Annotated[
        str, typer.Argument(help="A name of `assay model list --known`; by default the model in use.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """The model in use: where it runs, its state, and how prompts are written for it. Or what is known of another one."""
    if model:
        _about(model, as_json=as_json)
        return
    where = folders()
    settings = out.settings(where)

    async def ask() -> dict[str, object]:
        chosen = compose.engine(settings, where)
        health = await chosen.health()
        setting = settings.text("engine.dialect")
        is_there = health.state == "ready"
        dialect = await dialects.spoken(chosen, setting) if is_there else dialects.choose(setting, health.model)
        await chosen.close()
        return {"engine": health.engine, "model": health.model, "state": health.state, "why": health.why,
                "fallback": health.is_fallback, "dialect": dialect.name}  # fmt: skip

    answer = asyncio.run(ask())
    if as_json:
        out.emit(answer)
        return
    for name, value in answer.items():
        if value not in ("", False):
            typer.echo(f"{name:9} {value}")


def _about(name: str, *, as_json: bool) -> None:
    row = next((one for one in hub.known() if one.name == name.lower()), None)
    if row is None:
        out.fail("no-model", f"{name} is no name of `assay model list --known`.", as_json=as_json)
    if as_json:
        out.emit(asdict(row) | {"measured": False})
        return
    for part, value in asdict(row).items():
        if value != "":
            unit = " GB" if part in ("gigabytes", "memory") else ""
            typer.echo(f"{part.replace('_', ' '):9} {value}{unit}")
    typer.echo("By the model's own card, not measured here.")
