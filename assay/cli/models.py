"""`assay engine` and `assay model list|info|use`."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from assay import compose
from assay.assistant import settings as table
from assay.assistant.settings import Settings
from assay.cli import out
from assay.engine import backends, dialects, weights
from assay.engine.api import EngineUnavailable

app = typer.Typer(help="The models on this machine.", no_args_is_help=True)


def engine(
    model: Annotated[
        str, typer.Option(help="GGUF file or folder of safetensors; by default what the settings name.")
    ] = "",
    idle: Annotated[float, typer.Option(help="Seconds without a request after which it ends; 0 keeps it.")] = -1.0,
    folder: Annotated[
        str, typer.Option(help="Private folder for the socket; by default one for this model.", hidden=True)
    ] = "",
    backend: Annotated[str, typer.Option(help="llamacpp or torch; by default what the settings choose.")] = "",
    quantisation: Annotated[
        str, typer.Option(help="bf16, int8, fp8 or int4, on torch; by default what the settings choose.")
    ] = "",
) -> None:
    """Serve one model to all windows of this machine, on a Unix socket that speaks the OpenAI API.

    The first `assay lsp` starts it by itself; start it by hand to keep it running or to use it with other clients.
    """
    from assay.engine import local, process

    where = compose.folders()
    settings = out.settings(where)
    idle_s = settings.number("engine.idle_s") if idle < 0 else idle
    try:
        path = weights.resolve(model or settings.text("engine.model"), where.cache)
        chosen = backends.choose(_choice("engine.backend", backend, settings), path, where.cache).backend
        held = _choice("engine.quantisation", quantisation, settings)
        launch = local.launch_for(path, where.runtime, idle_s, chosen, held)
        launch = replace(launch, folder=Path(folder)) if folder else launch
    except EngineUnavailable as error:
        out.fail("no-model", str(error))
    raise typer.Exit(process.serve(launch, where.cache))


def _choice(name: str, given: str, settings: Settings) -> str:
    """What an option says, held to the setting's own choices, else what the setting says."""
    if not given:
        return settings.text(name)
    try:
        return str(table.check(name, given))
    except table.SettingsError as error:
        out.fail("usage", str(error))


@app.command(name="list")
def list_models(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """The GGUF files in the models folder; the one in use is marked."""
    where = compose.folders()
    settings = out.settings(where)
    files = sorted(weights.models_folder(where.cache).glob("*.gguf"))
    try:
        used = weights.resolve(settings.text("engine.model"), where.cache).resolve()
    except EngineUnavailable:
        used = None
    if as_json:
        out.emit({"models": [{"name": f.stem, "path": str(f), "bytes": f.stat().st_size, "used": f.resolve() == used,
                              "fallback": weights.is_fallback(f)} for f in files]})  # fmt: skip
        return
    for file in files:
        mark = "*" if file.resolve() == used and not settings.text("engine.url") else " "
        note = "  fallback model" if weights.is_fallback(file) else ""
        typer.echo(f"{mark} {file.stem:40} {file.stat().st_size / 1e6:8.0f} MB{note}")
    if not files:
        typer.echo(f"No model is in {weights.models_folder(where.cache)}. Run `assay setup`.")
    if url := settings.text("engine.url"):
        typer.echo(f"In use is the server at {url} (`engine.url`).")


@app.command()
def info(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """The model in use: where it runs, its state, and how prompts are written for it."""
    where = compose.folders()
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


@app.command()
def use(
    model: Annotated[
        str, typer.Argument(help='A GGUF file, a name from `assay model list`, or "" for the fallback model.')
    ],
) -> None:
    """Choose the model for the local engine, in your settings file."""
    where = compose.folders()
    try:
        path = weights.resolve(model, where.cache)
    except EngineUnavailable as error:
        out.fail("no-model", str(error))
    compose.save_setting(where, "engine.model", str(path) if model else "")
    typer.echo(f"{path.name} is used from the next start of the engine on.")
