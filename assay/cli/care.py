"""`assay setup`, `assay doctor`, `assay demo`, `assay settings`."""

from __future__ import annotations

from typing import Annotated

import typer

from assay import compose
from assay.assistant import settings as table
from assay.cli import doctor as checks
from assay.cli import out
from assay.cli.install import install
from assay.cli.show import show
from assay.folders import folders


def setup(
    model: Annotated[bool, typer.Option(help="Fetch the fallback model.")] = True,
    sandbox: Annotated[bool, typer.Option(help="Find or install a container engine and build the image.")] = True,
) -> None:
    """Make this machine ready: the fallback model, the container engine, the sandbox image. Safe to repeat.

    ASSAY_SETUP=no keeps it from installing or starting system services.
    """
    where = folders()
    problems = install(out.settings(where), where, model=model, sandbox=sandbox)
    for problem in problems:
        typer.echo(f"not done: {problem}", err=True)
    typer.echo("Ready." if not problems else "Ready, with less: suggestions will say what could not be checked.")


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Look at every part, and name each missing one with the sentence that mends it. Exits 1 when one is missing."""
    where = folders()
    settings, complaints = compose.load_settings(where)
    found = checks.examine(settings, where, complaints)
    if as_json:
        out.emit({"parts": [{"part": f.part, "state": f.state, "detail": f.detail, "fix": f.fix} for f in found]})
    else:
        for finding in found:
            sign = {"ok": "✓", "missing": "✗", "note": "·"}[finding.state]
            typer.echo(f"{sign} {finding.part:16} {finding.detail}")
            if finding.fix:
                typer.echo(f"  {'':16} → {finding.fix}")
    raise typer.Exit(1 if any(f.state == "missing" for f in found) else 0)


def demo() -> None:
    """Complete the gaps of a small project with the real model and a real container, and tell what happened to each."""
    raise typer.Exit(show())


def settings(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema that editors use.")] = False,
) -> None:
    """Every setting with its value and where that came from."""
    where = folders()
    merged, complaints = compose.load_settings(where)
    if schema:
        out.emit({"properties": table.schema()})
        return
    if as_json:
        out.emit({"file": str(where.settings_file), "values": dict(merged.values), "sources": dict(merged.sources),
                  "complaints": list(complaints)})  # fmt: skip
        return
    typer.echo(f"your file: {where.settings_file}\n")
    for setting in table.TABLE:
        source = merged.sources.get(setting.name, "")
        typer.echo(f"{setting.name:28} {merged.values[setting.name]!r:14} {f'from {source}' if source else ''}")
        typer.echo(f"{'':28} {setting.summary}")
    for complaint in complaints:
        typer.echo(f"! {complaint}", err=True)
