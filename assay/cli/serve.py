"""`assay serve`, and what stands beside it: init, backup, restore, drain."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli import out
from assay.folders import folders

if TYPE_CHECKING:
    from assay.team.config import Config, Folder
    from assay.team.gate.nodes import Nodes
    from assay.team.server import Store

INSTALL = "The team's server is an extra: pip install 'assay[team]'."
AFTER_S = 86_400.0  # so long an engine of this machine is kept without a request; the next one starts it again

EVERYWHERE = "0.0.0.0"  # noqa: S104  # with TLS and tokens alone

app = typer.Typer(help="Serve a team: accounts, fair turns, a record, a page. docs/team.md.", no_args_is_help=False)
FolderOption = Annotated[
    str, typer.Option("--folder", envvar="ASSAY_SERVER", metavar="FOLDER", help="The server's folder; by default one of this user's.")
]  # fmt: skip


@app.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    folder: FolderOption = "",
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where; by default `server.listen`.")] = "",
    upstream: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL", help="An engine to stand before, instead of one of this machine; may be given several times."
        ),
    ] = None,
    model: Annotated[str, typer.Option(help="For an engine of this machine, as `assay engine --model`.")] = "",
    backend: Annotated[str, typer.Option(help="For an engine of this machine: llamacpp, torch or vllm.")] = "",
    log: Annotated[
        str, typer.Option(help="text or json: how requests are logged, on standard error; without a word of them.")
    ] = "text",
) -> None:
    """Serve a team until interrupted. `assay serve init` makes its folder, `assay user add` lets people in."""
    context.obj = folder
    if context.invoked_subcommand is not None:
        return
    from assay.team import door, server, serving

    _log(log)
    given = {"server.listen": listen, "engine.upstreams": upstream or []}
    with _opened(folder, given) as (place, config, store):
        try:
            at = server.door_of(config)
            made = server.Server(place, config, store, *_behind(config, model, backend))
            served = serving.Served(
                made.application(),
                at,
                out.say,
                made.beside(),
                ends=made.ends,
                patience_s=config.number("server.drain_s"),
            )
            asyncio.run(serving.serve(served))
        except door.NotShared as error:
            out.fail("not-shared", str(error))


@app.command()
def init(
    context: typer.Context,
    host: Annotated[
        list[str], typer.Argument(metavar="HOST…", help="Names and addresses by which people reach this machine.")
    ],
    port: Annotated[int, typer.Option(help="Where it listens.", min=1, max=65535)] = 8443,
    folder: FolderOption = "",
) -> None:
    """Make the server's folder: a configuration, and a certificate by an authority of the team's own."""
    from assay.team import certificates
    from assay.team.config import Folder

    path = _path(folder or context.obj)
    if (path / "serve.toml").exists():
        out.fail("exists", f"{path / 'serve.toml'} is there already: nothing was changed.")
    try:
        authority = certificates.make(path, host)
    except (OSError, ValueError) as error:
        out.fail("not-shared", f"No certificate can be made in {path} ({error}).")
    first = f"[{host[0]}]" if ":" in host[0] else host[0]
    here = all(_is_here(one) for one in host)
    lines = [
        "[server]",
        f'listen = "{"127.0.0.1" if here else EVERYWHERE}:{port}"',
        f'url = "https://{first}:{port}"',
        'certificate = "cert.pem"',
        'certificate_key = "key.pem"',
    ]
    Folder(path).config.write_text("\n".join(lines) + "\n")
    typer.echo(f"{path} is made. Everybody gets {authority} (never ca-key.pem).")
    typer.echo(
        f"Next: assay user add NAME --role admin, then assay serve; people: assay login https://{first}:{port} --ca ca.pem"
    )


@app.command()
def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What is written; it must not be there.")],
    folder: FolderOption = "",
) -> None:
    """Write the whole database into one file, while the server runs. Keep `source.key` of the folder apart, if texts are kept."""
    from assay.team.store import backup as saved
    from assay.team.store.database import StoreUnavailable

    with _opened(folder or context.obj) as (place, _, store):
        try:
            count = saved.save(store.database, place.key("record"), file)
        except (saved.NoBackup, StoreUnavailable) as error:
            out.fail("no-backup", str(error))
    typer.echo(f"{count} rows are in {file}, which only you can read.")


@app.command()
def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `assay serve backup` wrote.")],
    folder: FolderOption = "",
) -> None:
    """Bring a backup back, into an empty database: of either kind, so this also moves from SQLite to PostgreSQL."""
    from assay.team.config import load
    from assay.team.door import NotShared
    from assay.team.store import backup as saved
    from assay.team.store.chain import Chain, Note
    from assay.team.store.database import Database, StoreUnavailable

    try:
        place = _folder(folder or context.obj)
        database = Database(load(place).text("server.database") or place.database)
        key_file = place.path / "record.key"
        had = key_file.read_text("ascii").strip() if key_file.exists() else ""
        key = saved.key_of(file)
        if had != key.hex():  # before the rows: they are of no use without it
            if had:
                os.replace(key_file, place.path / "record.key.before")
            with os.fdopen(os.open(key_file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as written:
                written.write(key.hex())
        try:
            count = saved.load(database, file)
        except (saved.NoBackup, StoreUnavailable):
            if had and had != key.hex():
                os.replace(place.path / "record.key.before", key_file)
            raise
        chain = Chain(key, place.record_end)
        with database.writing() as session:
            chain.anew(session)
            chain.append(session, [Note("restored", {"rows": count})])
        database.close()
    except (saved.NoBackup, StoreUnavailable, NotShared, OSError) as error:
        out.fail("no-backup", str(error))
    typer.echo(f"{count} rows were brought back. `assay audit verify` looks at the record's chain.")


@app.command()
def drain(
    context: typer.Context,
    urls: Annotated[
        list[str] | None,
        typer.Argument(metavar="URL…", help="Engines that get nothing new; none: all get requests again."),
    ] = None,
    folder: FolderOption = "",
) -> None:
    """Have a running server send nothing new to an engine, so that it can be taken away once its answers are over."""
    from assay.team.identity.people import By
    from assay.team.record import told

    with _opened(folder or context.obj) as (_, config, store):
        for one in urls or ():
            if one not in config.values["engine.upstreams"]:
                out.say(f"{one} is none of `engine.upstreams`: it counts where the server was started with it.")
        with store.database.writing() as session:
            told.write(session, By(store.chain), told.DRAINED, json.dumps(urls or []))
    typer.echo(f"Nothing new goes to {', '.join(urls)}." if urls else "All engines get requests.")


@app.command()
def calibrate(
    context: typer.Context,
    days: Annotated[int, typer.Option(help="Of the record, up to today.", min=10, max=3650)] = 90,
    apply: Annotated[bool, typer.Option("--apply", help="Switch on what is better, and off what is not.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Switch all of it off.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    folder: FolderOption = "",
) -> None:
    """Find from the record how likely a suggestion has to be kept before it is worth showing; nothing is switched on that is not better on days that were held out."""
    from assay.team.identity.people import By, now_ms
    from assay.team.record import silence, told

    with _opened(folder or context.obj) as (_, _, store):
        with store.database.reading() as session:
            found = silence.calibrated(silence.shown(session, now_ms() - days * 86_400_000))
            before = silence.read(told.read(session, told.SILENCE))
        wanted = {one.kind: one.least for one in found if one.is_better}
        if clear or apply:
            with store.database.writing() as session:
                told.write(session, By(store.chain), told.SILENCE, json.dumps({} if clear else wanted))
    if as_json:
        out.emit({"kinds": [{"kind": one.kind, "count": one.count, "least": one.least, "gain": one.gain, "interval": list(one.interval), "better": one.is_better, "why": one.why} for one in found], "on": {} if clear else wanted if apply else dict(before)})  # fmt: skip
        return
    for one in found:
        if one.why:
            typer.echo(f"{one.kind:10} {one.why}")
            continue
        low, high = one.interval
        typer.echo(f"{one.kind:10} from {one.least:.2f} on: {one.gain:+.2f} characters a suggestion ({low:+.2f} to {high:+.2f}) on held-out days; of what was accepted {one.accepted_kept:.0%} is shown still, of the rest {one.others_kept:.0%}: {'better' if one.is_better else 'not better'}")  # fmt: skip
    if not found:
        typer.echo("The record has no suggestion with a probability in that time.")
    typer.echo(
        "All of it is switched off."
        if clear
        else f"Switched on: {wanted or 'nothing'}."
        if apply
        else "Nothing was changed: --apply switches on what is better."
    )


@contextmanager
def _opened(folder: str, given: Mapping[str, Any] | None = None) -> Iterator[tuple[Folder, Config, Store]]:
    """The folder, what it says, and its database. Ends the command with a sentence where that cannot be."""
    try:
        from assay.team import config as configured
        from assay.team import server
        from assay.team.door import NotShared
    except ImportError as error:
        out.fail("not-installed", f"{error.name} is not installed. {INSTALL}")
    try:
        place = _folder(folder)
        config = configured.load(place, given)
        store = server.opened(place, config, out.say)
    except NotShared as error:
        out.fail("not-shared", str(error))
    try:
        yield place, config, store
    finally:
        store.close()


opened = _opened


def _folder(folder: str) -> Folder:
    from assay.team.config import Folder

    return Folder(_path(folder))


def _path(folder: str) -> Path:
    return Path(folder).expanduser().absolute() if folder else folders().state / "server"


def _is_here(host: str) -> bool:
    from assay.engine.client import is_loopback

    return is_loopback(host)


def _behind(config: Config, model: str, backend: str) -> tuple[Nodes, Path | None]:
    """What answers: servers elsewhere, or the engine of this machine, with its weights. Raises NotShared."""
    from assay import compose
    from assay.cli import models
    from assay.engine import backends, processes, weights
    from assay.engine.api import EngineUnavailable
    from assay.engine.launch import Beside

    key_file, ca = config.path("engine.upstream_key_file"), config.path("engine.upstream_ca")
    if urls := config.values["engine.upstreams"]:
        return models.elsewhere(
            urls, str(key_file or ""), str(ca or ""), config.number("engine.upstream_requests")
        ), None
    where = folders()
    settings = out.settings(where)
    try:
        path = weights.resolve(model or settings.text("engine.model"), where.cache)
        wanted = models.choice(
            "engine.backend", backend or ("auto" if settings.text("engine.backend") == "remote" else ""), settings
        )
        chosen = backends.choose(wanted, path, where.cache, program=settings.text("engine.vllm"), is_shared=True)
        found = Beside(
            chosen.program, chosen.version, compose.adapters_folder(settings, where), settings.text("engine.kv_cache")
        )
        launch = processes.launch_for(
            path, where.runtime, AFTER_S, chosen.backend, settings.text("engine.quantisation"), found
        )
    except EngineUnavailable as error:
        out.fail("no-model", str(error))
    return models.of_this_machine(launch, chosen.rows), path


class _Lines(logging.Formatter):
    """A line of JSON for each."""

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        told = json.loads(text) if text.startswith("{") else {"message": text}
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps({"level": record.levelname.lower()} | told)


def _log(form: str) -> None:
    if form not in ("text", "json"):
        out.fail("usage", "--log is text or json.")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines() if form == "json" else logging.Formatter("  %(message)s"))
    logging.basicConfig(level=logging.INFO if form == "json" else logging.WARNING, handlers=[handler])
    for name in ("httpx", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
