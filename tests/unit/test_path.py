"""The way from a cursor to an offer, by case files: where the cursor is, what the model would write, what is offered and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzers.text import Snapshot
from assay.assistant.complete.path import Typing, complete
from assay.assistant.nouns import Ask, Completion
from assay.assistant.shapes import title
from tests.conftest import Case, cases, cursor
from tests.unit.conftest import Make


def ask(folder: Path, marked: str, trigger: str = "invoked", **more: object) -> Ask:
    text, offset = cursor(marked)
    path = folder / "module.py"
    return Ask(Snapshot(path.as_uri(), str(path), 0, text), offset, folder, trigger=trigger, **more)  # type: ignore[arg-type]


def told(found: Completion, marked: str) -> dict[str, str]:
    """A completion as a case file shows it: the insertion in its place, and what was dropped on the way."""
    came_out = {}
    for one in found.suggestions:
        came_out["offered"] = marked.replace("‸", f"├{one.text}┤").strip("\n")
        came_out["verdict"] = f"{title(one.verdict)}. {one.verdict.why}"
        if one.imports:
            came_out["top"] = "\n".join(one.imports)
    if found.dropped:
        came_out["dropped"] = "\n".join(f"{d.stage}: {d.text.strip()!r}. {d.reason}" for d in found.dropped)
    if found.why:
        came_out["why"] = found.why.split(" in /")[0]
    return came_out


@pytest.mark.parametrize("case", cases("path"))
async def test_path_case(case: Case, update: bool, make: Make, tmp_path: Path) -> None:
    """`model` holds the samples, parted by lines of `---`; `settings` and `asked` are JSON."""
    given = case.sections
    (tmp_path / "pyproject.toml").write_text("")
    for name, text in given.items():
        if name.endswith(".py"):
            (tmp_path / name).write_text(text)
    answers = given["model"].split("\n---\n") if "model" in given else []
    sure = float(given["sure"]) if "sure" in given else None
    bench = make(*answers, logprob=sure, **{"verify__policy": "static"} | json.loads(given.get("settings", "{}")))
    request = ask(tmp_path, given["text"], **json.loads(given.get("asked", "{}")))
    came_out = told(await complete(bench, Typing(), request), given["text"])
    case.golden(("offered", "verdict", "top", "dropped", "why"), came_out, update=update)
