"""The demonstration: the gaps of a small project, completed by the real model and proved in a real container."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import typer

from analyzers import files
from assay import compose
from assay.assistant import shapes
from assay.assistant.complete.path import complete
from assay.assistant.complete.way import Typing
from assay.assistant.drafting.ask import Ask
from assay.assistant.nouns import Completion, Passed
from assay.assistant.record.trace_text import oneline
from assay.assistant.workbench import Workbench
from assay.cli import out, place
from assay.folders import folders

SHOWN = 2  # texts that were held back, of each gap: all of it fits on one screen
WIDTH = 80  # characters of such a text


@dataclass(frozen=True, slots=True)
class Gap:
    """An unfinished place of the example project, found by the line that it follows."""

    file: str
    after: str
    typed: str
    asked: str


GAPS = (
    Gap("shop/stats.py", '    """Return the smallest amount."""', "    ", "the body of smallest()"),
    Gap("shop/circle.py", '    """Return the area of a circle."""', "    return math.", "the rest of a line whose import is missing"),
    Gap("shop/geometry.py", '    """Return math.sqrt of the sum of both squares."""', "    ", "the body of diagonal()"),
    Gap("shop/cart.py", '        """Take `name` out of the cart."""', "        ", "the body of Cart.remove()"),
)  # fmt: skip


@dataclass(slots=True)
class Shown:
    """What the demonstration came to, for its last lines."""

    proved: int = 0
    contradicted: int = 0
    trace_id: str = ""


def show() -> int:
    """Run it; returns 0 when every gap was answered for, whatever the model was able to do."""
    source = Path(__file__).parents[2] / "examples" / "shop"
    if not source.is_dir():
        typer.echo(
            "assay: the example project comes with the source; clone the repository for the demonstration.", err=True
        )
        return 2
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "shop"
        shutil.copytree(source, root, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        told = asyncio.run(_all(root))
    typer.echo(
        f"\n{told.proved} of {len(GAPS)} gaps were filled with code that its tests prove, "
        f"{told.contradicted} texts were held back because tests contradict them, in {time.monotonic() - started:.0f} s."
    )
    _what_next(told)
    return 0


async def _all(root: Path) -> Shown:
    where = folders()
    settings = out.settings(where, root=root)
    bench = compose.workbench(settings, where)
    told = Shown()
    try:
        engine = await bench.engine.health()
        typer.echo(f"model    {engine.model or engine.engine}{'' if not engine.why else ': ' + engine.why}")
        state = await bench.projects.state(root)
        await asyncio.gather(bench.sandbox.warm(state.project), bench.names.warm(str(root)))
        typer.echo(f"sandbox  {bench.sandbox.health().image or bench.sandbox.health().why}")
        for gap in GAPS:
            await _one(bench, root, gap, told)
        return told
    finally:
        await compose.close(bench)


async def _one(bench: Workbench, root: Path, gap: Gap, told: Shown) -> None:
    snapshot = place.read(root / gap.file)
    offset = snapshot.text.index(gap.after) + len(gap.after) + 1 + len(gap.typed)
    started = time.monotonic()
    answer = await complete(
        bench, Typing(), Ask(snapshot, offset, bench.projects.world(files.project_root(root / gap.file)))
    )
    typer.echo(f"\n{gap.file}:{snapshot.line_of(offset) + 1}  {gap.asked}  ({time.monotonic() - started:.1f} s)")
    for line in lines(answer, gap.typed):
        typer.echo(f"   {line}")
    told.proved += any(isinstance(s.verdict, Passed) for s in answer.suggestions)
    told.contradicted += sum(one.stage == "tests" for one in answer.dropped)
    told.trace_id = answer.trace_id if not answer.suggestions else told.trace_id


def lines(answer: Completion, typed: str) -> Iterator[str]:
    """What became of one gap behind `typed`: what was held back with its reason, and what is offered with its proof."""
    repairs = [one.reason for one in answer.dropped if one.stage == "repaired"]
    held_back = [one for one in answer.dropped if one.stage not in ("repaired", "superseded")]
    for one in held_back[:SHOWN]:
        what = "contradicted by its test" if one.stage == "tests" else f"stopped by {one.stage}"
        yield f"✗ {what}: {oneline(one.text, WIDTH)}"
        yield f"    {one.reason}"
    if len(held_back) > SHOWN:
        yield f"✗ and {len(held_back) - SHOWN} more"
    for suggestion in answer.suggestions:
        for statement in suggestion.imports:
            yield f"│ {statement}   (at the top of the file)"
        yield from (f"│ {line}" for line in (typed + suggestion.text).split("\n"))
        how = f"repaired ({'; '.join(repairs)}), then " if repairs else ""
        state = shapes.state(suggestion.verdict)
        proving = next((check.detail for check in suggestion.verdict.checks if check.name == "tests"), "")
        yield f"{shapes.SIGNS[state]} offered, {how}{state}: {suggestion.verdict.why}"
        if state == "passed":
            yield f"    {proving}"
    if not answer.suggestions:
        yield "nothing is offered" if held_back else f"nothing is offered: {answer.why}"


def _what_next(told: Shown) -> None:
    program = Path(sys.argv[0]).absolute()
    typer.echo("\nWhat next")
    if told.trace_id:
        typer.echo(f"  {program} why {told.trace_id}     the whole story of a silence")
    typer.echo(
        f"  {program} lsp     what an editor starts for Python files: README.md has the lines for VS Code and Neovim, docs/editors.md those for others"
    )
    typer.echo(
        f"  {program} model pull qwen2.5-coder-1.5b     a better model than this small one (1.7 GB); `model list --known` has others"
    )
