"""`assay sandbox build|check|prune|run`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from analyzers import files
from assay import compose
from assay.assistant.settings import Settings
from assay.assistant.workbench import Workbench
from assay.cli import out
from assay.folders import folders
from sandbox import battery, build, dependencies, engine
from sandbox.api import Job, Project, SandboxUnavailable, Step, StepOutcome

app = typer.Typer(help="The containers in which suggestions are checked.", no_args_is_help=True)

FILE_LIMIT = 1 << 20  # bytes of a script for `run`
TIMEOUT_LIMIT_S = 600
UNUSED_S = 7 * 86400  # another checkout or window may be between two uses


@app.command(name="build")
def build_image(
    base: Annotated[
        str, typer.Option(help="Base image; by default python:3.x-slim, or one made from Debian packages.")
    ] = "",
    python: Annotated[str, typer.Option(help='Python of the base, as "3.12".')] = "",
    force: Annotated[bool, typer.Option("--force", help="Build it even if it is there.")] = False,
    requirements: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also make a layer with these dependencies, for the project that FILE is in."
        ),
    ] = None,
) -> None:
    """Build the image. Quick when it is there already.

    A project's dependencies come from its own virtual environment where that fits the image's Python; where it does not, name its lock or
    requirements file: its packages are fetched as wheels, nothing of them is run here, and the project uses that image from then on.
    """
    where = folders()
    settings = out.settings(where)
    try:
        client = engine.connect(
            settings.text("sandbox.engine_url"), engine.BUILD_TIMEOUT_S, allowed=compose.containers_allowed(settings)
        )
        is_there = build.is_built(client) and not (force or base or python)
        if settings.is_on("offline") and (requirements or not is_there):
            why = "`offline` is on, and building an image fetches packages."
            out.fail("offline", why, status=out.UNVERIFIED)
        if is_there:
            typer.echo(f"{build.image_name()} is there.")
        else:
            typer.echo(f"{build.build(client, out.say, base=base, python=python)} is built.")
        if requirements is not None:
            root = files.project_root(requirements.absolute())
            name = dependencies.make(client, requirements, root, where.images_file, out.say)
            typer.echo(f"{name} is used for {root}.")
    except SandboxUnavailable as error:
        out.fail("no-sandbox", str(error), status=out.UNVERIFIED)


@app.command()
def prune(
    all_: Annotated[bool, typer.Option("--all", help="Also those that were used of late.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Remove images of Assay that are not in use: those that nobody used for a week, with --all every one but this version's own.

    They are made again when a project needs them. Beyond `sandbox.images_gb` the longest unused ones go by themselves.
    """
    where = folders()
    settings = out.settings(where)
    try:
        client = engine.connect(
            settings.text("sandbox.engine_url"), engine.BUILD_TIMEOUT_S, allowed=compose.containers_allowed(settings)
        )
        room = compose.room(settings, where)
        with engine.trouble():
            young = () if all_ else (one.name for one in room.found(client)[0] if time.time() - one.used < UNUSED_S)
            gone = room.prune(client, set(young), 0)
            left, size = room.found(client)
    except SandboxUnavailable as error:
        out.fail("no-sandbox", str(error), status=out.UNVERIFIED, as_json=as_json)
    if as_json:
        out.emit({"removed": [one.name for one in gone], "left": [one.name for one in left], "bytes": size})
        return
    for one in gone:
        typer.echo(f"removed {one.name} ({one.size / 1e6:.0f} MB)")
    typer.echo(f"{len(left)} image{'' if len(left) == 1 else 's'} of Assay left, {size / 1e9:.2f} GB.")


@app.command()
def check(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Prove that the sandbox contains what it must: run the battery of hostile and harmless jobs in it.

    Exits 0 when every case holds, 1 when one does not, 3 without a sandbox.
    """

    async def work(bench: Workbench) -> tuple[battery.Result, ...]:
        return await battery.run(bench.sandbox)

    try:
        results = out.with_bench(work)
    except SandboxUnavailable as error:
        out.fail("no-sandbox", str(error), status=out.UNVERIFIED, as_json=as_json)
    if as_json:
        out.emit({"results": [{"case": r.name, "holds": r.holds, "saw": r.saw, "ms": round(r.ms, 1)} for r in results]})
    else:
        for result in results:
            typer.echo(f"{'holds ' if result.holds else 'FAILS '} {result.name:28} {result.ms:6.0f} ms  {result.saw}")
        typer.echo(f"{sum(r.holds for r in results)} of {len(results)} cases hold.")
    raise typer.Exit(0 if all(r.holds for r in results) else out.FAILED)


@app.command(name="run")
def run_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A Python script.")],
    timeout: Annotated[float, typer.Option(metavar="S", help="Seconds until it is ended.")] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run a script in a fresh container. Exits 0 whenever it ran, 3 without a sandbox."""
    if not 0 < timeout <= TIMEOUT_LIMIT_S:
        out.fail(
            "bad-timeout",
            f"--timeout is {timeout:g}, and must be more than 0 and at most {TIMEOUT_LIMIT_S} seconds.",
            as_json=as_json,
        )
    try:
        data = file.read_bytes()
        if len(data) > FILE_LIMIT:
            out.fail("too-large", f"{file} has over {FILE_LIMIT >> 20} MiB.", as_json=as_json)
        text = data.decode("utf-8")
    except OSError as error:
        out.fail("bad-file", f"{file} cannot be read ({error.strerror}).", as_json=as_json)
    except UnicodeDecodeError:
        out.fail("bad-file", f"{file} is not UTF-8 text.", as_json=as_json)

    async def work(bench: Workbench) -> StepOutcome:
        step = Step("script", timeout, (("script.py", text),), path="script.py")
        return (await bench.sandbox.run(Job(Project("empty", b""), (step,))))[0]

    try:
        done = out.with_bench(work)
    except SandboxUnavailable as error:
        out.fail("no-sandbox", str(error), status=out.UNVERIFIED, as_json=as_json)
    if as_json:
        out.emit(
            {"exit": done.exit, "signal": done.signal, "timedOut": done.timed_out, "oom": done.oom, "stdout": done.stdout,
             "stderr": done.stderr, "truncated": done.truncated, "ms": done.ms}
        )  # fmt: skip
        return
    typer.echo(done.stdout, nl=False)
    typer.echo(done.stderr, nl=False, err=True)
    ending = (
        "ended by its time limit"
        if done.timed_out
        else "ended by its memory limit"
        if done.oom
        else f"exit {done.exit}"
    )
    typer.echo(f"— {ending}, {done.ms:.0f} ms{', output cut' if done.truncated else ''}", err=True)


def build_quietly(settings: Settings) -> str:
    """Build where needed, with progress on stderr; returns the image's name. Raises SandboxUnavailable."""
    client = engine.connect(
        settings.text("sandbox.engine_url"), engine.BUILD_TIMEOUT_S, allowed=compose.containers_allowed(settings)
    )
    return build.image_name() if build.is_built(client) else build.build(client, out.say)


def reachable(settings: Settings) -> str:
    """The engine's URL; raises SandboxUnavailable."""
    client, where = engine.reach(settings.text("sandbox.engine_url"), allowed=compose.containers_allowed(settings))
    client.close()
    return where
