"""`assay conventions`: what the team's guide says, and where a tree breaks it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from analyzers import files, lint
from analyzers.conventions import breaches, guide
from analyzers.conventions.breaches import Breach
from analyzers.conventions.guide import Guide
from assay.assistant.world.guides import Guides
from assay.cli import out
from assay.cli.progress import Progress
from assay.folders import folders

app = typer.Typer(
    help="The team's conventions: a guide whose rules are checked. docs/conventions.md.", no_args_is_help=True
)
Root = Annotated[Path, typer.Argument(metavar="FOLDER", help="The project.")]
GuideOption = Annotated[
    str, typer.Option("--guide", metavar="FILE", help="By default the project's CONVENTIONS.md, else the team's.")
]
WORDS = {"files": "holding files against the guide"}


@app.command()
def check(
    root: Root = Path(),
    guide_file: GuideOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say where a tree breaks the guide: exit 0 nowhere, 1 somewhere."""
    root = root.resolve()
    found = _guide(root, guide_file)
    broken = asyncio.run(_broken(root, found))
    if as_json:
        out.emit({"version": found.version, "complaints": list(found.complaints), "breaches": [{"file": name, "line": one.line, "column": one.column, "rule": one.rule, "message": one.message} for name, one in broken]})  # fmt: skip
    else:
        for complaint in found.complaints:
            typer.echo(f"assay: not a rule: {complaint}", err=True)
        for name, one in broken:
            typer.echo(f"{name}:{one.line}:{one.column}: {one.message}")
        typer.echo(
            f"{len(broken)} places break it." if broken else f"Nothing breaks the {len(found.rules)} rules.",
            err=bool(broken),
        )
    raise typer.Exit(out.FAILED if broken else 0)


@app.command()
def show(root: Root = Path(), guide_file: GuideOption = "") -> None:
    """The rules that hold, where, and what of the guide is no rule."""
    found = _guide(root.resolve(), guide_file)
    for rule in found.rules:
        typer.echo(
            f"{rule.name}"
            + (f" ({', '.join(rule.within)})" if rule.within else "")
            + (f": {rule.why}" if rule.why else "")
        )
    for complaint in found.complaints:
        typer.echo(f"not a rule: {complaint}")


def _guide(root: Path, file: str) -> Guide:
    if file:
        try:
            return guide.read(Path(file).expanduser().read_bytes()[: guide.SIZE_LIMIT].decode("utf-8", "replace"))
        except OSError as error:
            out.fail("usage", f"{file} cannot be read ({error.strerror}).")
    if not root.is_dir():
        out.fail("usage", f"{root} is no folder.")
    found = Guides(folders().state / "team" / "conventions.md").of(root)
    if not found.rules and not found.complaints:
        out.fail(
            "no-guide", f"{root} has no guide with rules ({', '.join(guide.NAMES)}), and no team's server told of one."
        )
    return found


async def _broken(root: Path, found: Guide) -> list[tuple[str, Breach]]:
    rules = files.Rules(root)
    every = await asyncio.to_thread(lambda: [one.name for one in files.walk(root, rules)])
    names = sorted(name for name in every if name.endswith((".py", ".pyi")) and found.of(name))
    broken = list[tuple[str, Breach]]()
    with Progress(WORDS) as tell:
        for number, name in enumerate(names):
            tell("files", number, len(names))
            text = (root / name).read_text("utf-8", "replace")
            own = [*breaches.found(found, text, name)]
            try:
                own += await breaches.of_ruff(found, text, name)
            except lint.LintError as error:
                out.fail("no-ruff", f"The rules of ruff could not be checked: {error}.")
            broken += [(name, one) for one in sorted(own, key=lambda one: (one.line, one.column))]
    return broken
