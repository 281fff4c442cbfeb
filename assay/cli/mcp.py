"""`assay mcp`: what Assay can say and do, for agents, over the Model Context Protocol; and the line that each client needs to find it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from assay.cli import out
from assay.folders import folders

Client = Literal["claude", "vscode", "zed", "cursor"]
EXTRA = "The server for agents needs the package `mcp`: pip install 'assay[mcp]'."


def mcp(
    http: Annotated[int, typer.Option("--http", metavar="PORT", help="Serve streamable HTTP on 127.0.0.1 at this port instead (0: any that is free), with a key.", min=-1, max=65535)] = -1,
    root: Annotated[Path, typer.Option("--root", help="The folder for clients that name no roots; the current one without.", exists=True, file_okay=False)] = Path(),
    install: Annotated[Client | None, typer.Option("--install", help="Show what a client needs to find this server, and write it after a question.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="With --install, write it without a question.")] = False,
) -> None:  # fmt: skip
    """Serve agents: verdicts on changes, hints, explanations, what is there, functions and tests, as tools of the Model Context Protocol.

    Clients start this on standard input and output; `assay mcp --install claude` says how. What is asked about stays below the roots that the client names. Nothing is written but where a tool is asked to.
    """
    if install is not None:
        _install(install, root.resolve(), is_sure=yes)
        return
    try:
        from mcp_server import serve
    except ImportError:
        out.fail("not-installed", EXTRA)
    from assay.compose import Composition

    where = folders()
    with contextlib.suppress(KeyboardInterrupt):
        if http < 0:
            asyncio.run(serve.on_pipes(Composition(where), root.resolve(), where.state / "mcp.log"))
        else:
            _over_http(Composition(where), root.resolve(), http)


def _over_http(composition: Any, root: Path, port: int) -> None:
    from mcp_server import over_http

    file = folders().state / "mcp.key"
    try:
        key = over_http.key_of(file)
    except OSError as error:
        out.fail("no-key", f"The key cannot be kept in {file} ({error.strerror}).")

    def ready(chosen: int) -> None:
        out.say(f"serving on http://{over_http.HOST}:{chosen}/mcp; the key is in {file}; Ctrl-C ends it")

    asyncio.run(over_http.on_http(composition, root, port, key, ready))


def _install(client: Client, root: Path, *, is_sure: bool) -> None:
    """Show what a client reads, and write it where somebody says so."""
    program = shutil.which("assay") or str(Path(sys.executable).with_name("assay"))
    file, path, entry = _entry(client, root, program)
    typer.echo(f"{file}:")
    typer.echo(json.dumps(_nested(path, {"assay": entry}), indent=2))
    if not is_sure and not (sys.stdin.isatty() and typer.confirm("Write it?", err=True)):
        out.say("nothing is written; `--yes` writes it")
        return
    try:
        known = json.loads(file.read_text("utf-8")) if file.exists() else {}
        is_plain = isinstance(known, dict)
    except (OSError, ValueError):
        is_plain = False
    if not is_plain:
        out.fail("not-written", f"{file} is no plain JSON, so it is left as it is: add the lines above by hand.")
    node = known
    for name in path:
        node = node.setdefault(name, {})
        if not isinstance(node, dict):
            out.fail(
                "not-written", f"`{name}` of {file} is no object, so it is left as it is: add the lines above by hand."
            )
    node["assay"] = entry
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(known, indent=2, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        out.fail("not-written", f"{file} cannot be written ({error.strerror}).")
    out.say(f"{file} is written; start {client} anew")


def _entry(client: Client, root: Path, program: str) -> tuple[Path, tuple[str, ...], dict[str, Any]]:
    """The file that a client reads, where in it servers stand, and what stands there for ours."""
    plain: dict[str, Any] = {"command": program, "args": ["mcp"]}
    match client:
        case "claude":
            return root / ".mcp.json", ("mcpServers",), plain
        case "cursor":
            return root / ".cursor" / "mcp.json", ("mcpServers",), plain
        case "vscode":
            return root / ".vscode" / "mcp.json", ("servers",), {"type": "stdio", **plain}
        case "zed":
            return root / ".zed" / "settings.json", ("context_servers",), plain


def _nested(path: tuple[str, ...], value: dict[str, Any]) -> dict[str, Any]:
    for name in reversed(path):
        value = {name: value}
    return value
