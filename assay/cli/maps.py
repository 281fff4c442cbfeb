"""`assay map`: the coverage map of a project, recorded now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from analyzers import files
from assay.assistant.proof import mapping
from assay.assistant.record.coverage import CoverageMap
from assay.assistant.workbench import Workbench
from assay.cli import out
from assay.cli.ask import Json
from sandbox.api import SandboxUnavailable


def record(
    folder: Annotated[Path, typer.Argument(help="A folder or file of the project.", exists=True)] = Path(),
    as_json: Json = False,
) -> None:
    """Record which test enters which function of a project, so that a change runs the tests that reach it and no others.

    All tests run once in the sandbox; what is known and still holds is not run again. An editor has it done in the background. Exits 0, or 3
    without a sandbox.
    """
    path = folder.absolute()
    root = files.project_root(path / "x.py" if path.is_dir() else path)

    async def work(bench: Workbench) -> CoverageMap:
        bench.projects.open_folder(root)
        return await mapping.record(bench, root, _tell)

    try:
        found = out.with_bench(work, root=root)
    except SandboxUnavailable as error:
        out.fail("no-sandbox", str(error), status=out.UNVERIFIED, as_json=as_json)
    functions = frozenset().union(*(entered for entered in found.entered.values() if entered))
    red = sum(1 for entered in found.entered.values() if entered is None)
    if as_json:
        out.emit(
            {
                "root": str(root),
                "tests": len(found.entered),
                "functions": len(functions),
                "red": red,
                "owed": len(found.owed),
            }
        )
        return
    typer.echo(f"{len(found.entered)} tests of {root.name} enter {len(functions)} functions.")
    if red:
        typer.echo(f"{red} of them are red in the sandbox, or gave no result: they run for every change.")
    if found.owed:
        typer.echo(f"{len(found.owed)} tests or test files are still to be recorded: run it again.")


def _tell(done: int, owing: int) -> None:
    if owing and done < owing:
        out.say(f"recording: {done} of {owing} test files or tests done …")
