"""`assay mutants`: which small changes of the code no test would notice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from analyzers import reach
from analyzers.mutants import usual
from analyzers.mutants.usual import Usual
from assay.assistant.test import suite
from assay.assistant.test.suite import Fate, Place
from assay.assistant.workbench import Workbench
from assay.cli import out, place
from assay.cli.ask import Json
from assay.cli.check import Progress
from sandbox.api import SandboxUnavailable

MOST = 400  # mutants of one file


def mutants(
    path: Annotated[str, typer.Argument(help="A Python file.")],
    as_json: Json = False,
    lines: Annotated[
        str, typer.Option(metavar="FIRST-LAST", help="Only the code of these lines; without, the whole file.")
    ] = "",
) -> None:
    """Say which small changes of a file no test of the project notices: its mutation score, and what survives.

    Every mutant is held in the sandbox against the tests that execute its statement, and against no others. One that survives may be a gap in the tests, or no change of what the code does.
    Exits 0 whatever survives, 2 on misuse, 3 without a sandbox.
    """
    code = place.code(path, as_json=as_json)
    root, name, text = code.root, code.name, code.text
    first, last = _range(lines, text, as_json=as_json)
    every = usual.of_lines(text, first, last, most=MOST)

    async def work(bench: Workbench) -> tuple[list[Fate], suite.Suite]:
        bench.projects.open_folder(root)
        at = Place(await bench.projects.state(root), name, text)
        if reach.is_test_file(name, at.state.test_files):
            out.fail("bad-input", f"{path} has tests itself.", as_json=as_json)
        with Progress() as tell:
            tell("tests", 0, 0)
            known = await suite.seen(bench, at)
            return await suite.fates(bench, at, every, known, lambda done, of: tell("mutants", done, of)), known

    try:
        fates, known = out.with_bench(work, root=root, patience_s=None)
    except SandboxUnavailable as error:
        out.fail("no-sandbox", str(error), status=out.UNVERIFIED, as_json=as_json)
    survivors = [(one, fate) for one, fate in zip(every, fates, strict=True) if fate != "noticed"]
    if as_json:
        out.emit(
            {
                "file": name,
                "mutants": len(every),
                "noticed": len(every) - len(survivors),
                "tests": len(known.lines),
                "red": list(known.red),
                "survivors": [
                    {"line": one.line, "told": one.told, "reached": fate == "alive"} for one, fate in survivors
                ],
            }
        )
        return
    for line in _told(name, survivors):
        typer.echo(line)
    noticed = len(every) - len(survivors)
    share = f" ({noticed / len(every):.0%})" if every else ""
    typer.echo(
        f"{noticed} of {len(every)} small changes{share} are noticed by the {len(known.lines)} tests that reach {name}."
    )
    if known.red:
        typer.echo(f"{len(known.red)} of its tests are red and notice nothing: {', '.join(known.red[:3])}")


def _told(name: str, survivors: Sequence[tuple[Usual, Fate]]) -> list[str]:
    """One line a survivor; code that no test executes is told once a line."""
    found: dict[str, None] = {}
    for one, fate in survivors:
        what = f"no test notices if {one.told}" if fate == "alive" else "no test executes this"
        found[f"{name}:{one.line}: {what}"] = None
    return list(found)


def _range(lines: str, text: str, *, as_json: bool) -> tuple[int, int]:
    """The lines that are looked at, from 1."""
    count = text.count("\n") + 1
    if not lines:
        return 1, count
    first, _, last = lines.partition("-")
    if not first.isdigit() or not (last or first).isdigit() or not 1 <= int(first) <= int(last or first):
        out.fail("bad-place", f"{lines} are no lines: 10, or 10-20.", as_json=as_json)
    return int(first), min(count, int(last or first))
