"""The demonstration: the gaps of a small project, completed by the real model and proved in a real container."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import typer

from analyzers import files
from assay import compose
from assay.assistant.complete.path import Typing, complete
from assay.assistant.nouns import Ask, Completion, Passed
from assay.assistant.shapes import verdict_json
from assay.assistant.workbench import Workbench
from assay.cli import out, place
from assay.cli.trace_text import oneline


@dataclass(frozen=True, slots=True)
class Gap:
    """An unfinished place of the example project, found by the line that it follows."""

    file: str
    after: str
    typed: str
    asked: str


GAPS = (
    Gap("shop/stats.py", '    """Return the smallest amount."""', "    ", "the body of smallest()"),
    Gap("shop/prices.py", '    """Add two amounts."""', "    ", "the body of add()"),
    Gap("shop/geometry.py", '    """Return math.sqrt of the sum of both squares."""', "    ", "a body that may need an import"),
    Gap("shop/circle.py", '    """Return the length of the way round a circle."""', "    return math.", "the rest of a line whose import is missing"),
    Gap("shop/cart.py", '        """Take `name` out of the cart."""', "        ", "the body of Cart.remove()"),
)  # fmt: skip


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
        passed = asyncio.run(_all(root))
    typer.echo(
        f"\n{passed} of {len(GAPS)} gaps were filled with code that its tests prove, in {time.monotonic() - started:.0f} s."
    )
    _connect()
    return 0


async def _all(root: Path) -> int:
    where = compose.folders()
    settings = out.settings(where, root=root)
    bench = compose.workbench(settings, where)
    try:
        engine = await bench.engine.health()
        typer.echo(f"model    {engine.model or engine.engine}{'' if not engine.why else ': ' + engine.why}")
        state = await bench.workspace.state(root)
        await asyncio.gather(bench.sandbox.warm(state.project), bench.names.warm(str(root)))
        typer.echo(f"sandbox  {bench.sandbox.health().image or bench.sandbox.health().why}")
        return sum([await _one(bench, root, gap) for gap in GAPS])
    finally:
        await compose.close(bench)


async def _one(bench: Workbench, root: Path, gap: Gap) -> bool:
    snapshot = place.read(root / gap.file)
    offset = snapshot.text.index(gap.after) + len(gap.after) + 1 + len(gap.typed)
    started = time.monotonic()
    answer = await complete(bench, Typing(), Ask(snapshot, offset, files.project_root(root / gap.file)))
    where = f"{gap.file}:{snapshot.line_of(offset) + 1}"
    typer.echo(f"\n── {where}: {gap.asked}  ({time.monotonic() - started:.1f} s)")
    typer.echo(f"   {gap.after.strip()}")
    _tell(answer, gap)
    return any(isinstance(s.verdict, Passed) for s in answer.suggestions)


def _tell(answer: Completion, gap: Gap) -> None:
    for one in answer.dropped:
        word = {"repaired": "repaired", "superseded": "not better than the one kept"}.get(
            one.stage, f"dropped by {one.stage}"
        )
        typer.echo(f"   {word}: {oneline(one.text)}\n     {one.reason}")
    for suggestion in answer.suggestions:
        verdict = verdict_json(suggestion.verdict)
        typer.echo(f"   offered, {verdict['state']}: {verdict['why']}")
        for line in (gap.typed + suggestion.text).split("\n"):
            typer.echo(f"     │ {line}")
        for statement in suggestion.imports:
            typer.echo(f"     │ at the top of the file: {statement}")
        for check in verdict["checks"]:
            typer.echo(f"     {check['name']:6} {check['state']:10} {check['ms']:5.0f} ms  {check['detail'][:90]}")
    if not answer.suggestions:
        typer.echo(f"   nothing offered: {answer.why}")
    typer.echo(f"   (assay why {answer.trace_id})")


def _connect() -> None:
    program = Path(sys.argv[0]).absolute()
    typer.echo(
        f"\nConnect an editor: have it start `{program} lsp` for Python files. "
        "README.md has the lines for VS Code, Neovim, Helix and Emacs."
    )
