"""The way from a cursor to an offer, by case files: where the cursor is, what the model would write, what is offered and why."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from analyzers.lint import Finding
from analyzers.memo import Bounded
from analyzers.text import Snapshot
from assay.assistant.complete.offers import Offers
from assay.assistant.complete.path import complete
from assay.assistant.complete.way import Typing
from assay.assistant.drafting.ask import Ask
from assay.assistant.nouns import Completion
from assay.assistant.record.ledger import Ledger
from assay.assistant.record.outbox import Outbox
from assay.assistant.shapes import state, title
from assay.assistant.workbench import Memory
from assay.assistant.world.world import World
from assay.engine.scripted import Scripted
from sandbox.api import TestResult
from tests.conftest import Case, cases, cursor
from tests.unit.conftest import Make
from tests.unit.test_verdict import Told, report


def ask(folder: Path, marked: str, trigger: str = "invoked", **more: object) -> Ask:
    text, offset = cursor(marked)
    path = folder / "module.py"
    return Ask(Snapshot(path.as_uri(), str(path), 0, text), offset, World(folder), trigger=trigger, **more)  # type: ignore[arg-type]


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


async def test_a_name_in_a_notebook_is_mended_where_it_stands(make: Make, tmp_path: Path) -> None:
    bench = make("y = textwrap.dedentt(x)", verify__policy="static")
    request = ask(tmp_path, "x = 'a'\n‸\n")
    cell = replace(request.snapshot, preamble="import textwrap\n" + "z = 1\n" * 40)
    (found,) = (await complete(bench, Typing(), replace(request, snapshot=cell))).suggestions
    assert found.text == "y = textwrap.dedent(x)"


async def test_ruff_looks_at_the_text_before_only_where_it_finds_something_and_once(make: Make, tmp_path: Path) -> None:
    asked: list[str] = []

    class Counting(Bounded[tuple[Finding, ...]]):
        def get(self, key: object) -> tuple[Finding, ...] | None:
            asked.append("known" if super().get(key) is not None else "new")
            return super().get(key)

    bench = make("wrong + y", "wrong + x", "wrong", verify__policy="static", complete__samples=3)
    bench = replace(bench, memory=Memory(findings=Counting(1 << 20)))
    marked = "def f(x, y):\n    return ‸\n"
    good = replace(make("x + y", verify__policy="static"), memory=bench.memory)
    assert (await complete(good, Typing(), ask(tmp_path, marked))).suggestions
    assert asked == []
    await complete(bench, Typing(), ask(tmp_path, marked))
    assert asked == ["new", "known", "known"]


@pytest.mark.parametrize(
    ("marked", "model"),
    [
        ("N = (\n    1,\n    ‸\n)  # fmt: skip\n", "2,"),
        ("N = [\n    1,\n    ‸\n]; y = 2\n", "2,"),
        ("KINDS = [\n    'False',\n    'Non‸\n    'True',\n    'and',\n]\nx = 1\n", "e',"),
        ("import pytest\n\n\n‸\ndef test_x():\n    pass\n", "@pytest.mark.slow"),
        ("import os\n\n\ndef f():‸\n", "\n    return json.dumps(os.environ)"),
    ],
)
async def test_what_parses_as_a_whole_is_not_refused_for_its_surroundings(
    make: Make, tmp_path: Path, marked: str, model: str
) -> None:
    found = await complete(make(model, verify__policy="static"), Typing(), ask(tmp_path, marked))
    assert [one.text.strip() for one in found.suggestions] == [model.strip()], found


async def test_a_quoted_line_holds_no_secret(make: Make, tmp_path: Path) -> None:
    marked = 'db.connect("db.example.com", password="Zx81kLmQpW72nVbTy6Re3Wq9uYtR", ‸)\n'
    found = await complete(make("timeout= =3", verify__policy="static"), Typing(), ask(tmp_path, marked))
    assert found.why.startswith("invalid syntax: db.connect")
    assert "Zx81" not in found.why


async def test_a_verdict_that_fails_late_takes_the_offer_back(make: Make, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "test_module.py").write_text("from module import f\n\n\ndef test_f():\n    assert f(1) == 2\n")
    test = "test_module.py::test_f"
    red = report(TestResult(test, "failed", hit=True, detail="assert 1 == 2"))
    sandbox = Told(red, report(TestResult(test, "passed", hit=(0,))))
    bench = replace(make("x + 0", verify__policy="eager"), sandbox=sandbox)
    typing, late = Typing(), list[str]()
    request = ask(
        tmp_path, "def f(x):\n    return ‸\n", tell=lambda number, verdict: late.append(f"{number} {state(verdict)}")
    )
    (offered,) = (await complete(bench, typing, request)).suggestions
    assert typing.offers.held(request, (1, {})) is None or late == []
    sandbox.let()
    while not late:
        await asyncio.sleep(0.005)
    assert late == [f"{offered.id} failed"]
    assert not typing.offers._offers
    typing.close()


async def test_an_offer_rests_on_the_files_as_they_were_before_its_checks(make: Make, tmp_path: Path) -> None:
    """A file that is saved while the checks run: the next key has the offer checked again."""
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "test_module.py").write_text("from module import f\n\n\ndef test_f():\n    assert f(1) == 2\n")
    sandbox = Told(report(TestResult("test_module.py::test_f", "passed", hit=(0,))))
    bench = replace(make("x + 1"), sandbox=sandbox)
    typing, request = Typing(), ask(tmp_path, "def f(x):\n    return ‸\n")
    then = await bench.projects.state(tmp_path)
    asking = asyncio.create_task(complete(bench, typing, request))
    while not sandbox.jobs:
        await asyncio.sleep(0.005)
    (tmp_path / "test_module.py").write_text("from module import f\n\n\ndef test_f():\n    assert f(1) == 3\n")
    bench.projects.forget(tmp_path)
    await bench.projects.state(tmp_path)
    sandbox.let()
    assert len((await asking).suggestions) == 1
    assert typing.offers.held(request, (then.revision, {})) is not None
    state_now = (await bench.projects.state(tmp_path)).revision, {}
    assert typing.offers.held(request, state_now) is None
    typing.close()


async def test_a_cancel_between_a_ruling_and_its_telling_ends_its_container(make: Make, tmp_path: Path) -> None:
    class CutOff(Offers):
        def remember(self, ask: Ask, completion: Completion, world: object = None) -> None:
            raise asyncio.CancelledError

    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "test_module.py").write_text("from module import f\n\n\ndef test_f():\n    assert f(1) == 2\n")
    sandbox = Told(report(TestResult("test_module.py::test_f", "passed", hit=(0,))))
    bench = replace(make("x + 1", verify__deadline_ms__line=50), sandbox=sandbox)
    with pytest.raises(asyncio.CancelledError):
        await complete(bench, Typing(CutOff()), ask(tmp_path, "def f(x):\n    return ‸\n", tell=lambda *_: None))
    assert sandbox.jobs
    while not sandbox.was_cancelled:
        await asyncio.sleep(0.005)


async def test_what_is_not_offered_is_not_proved_on(make: Make, tmp_path: Path) -> None:
    """A line that only its beginning is offered of: the run of the whole is ended."""
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "test_module.py").write_text("from module import f\n\n\ndef test_f():\n    assert f(1, 2, 3)\n")
    sandbox = Told(report(TestResult("test_module.py::test_f", "passed", hit=(0,))))
    line = "count if count > limit_of_it and flags else 0"
    bench = replace(make(line, logprob=-0.35, verify__policy="eager"), sandbox=sandbox)
    request = ask(tmp_path, "def f(count, limit_of_it, flags):\n    return ‸\n", "automatic", tell=lambda *late: None)
    (offered,) = (await complete(bench, Typing(), request)).suggestions
    assert line.startswith(offered.text) and offered.text != line
    while not sandbox.was_cancelled and sandbox.jobs:
        await asyncio.sleep(0.005)


async def test_a_blank_answer_is_no_reason_for_a_second_while_typing(make: Make, tmp_path: Path) -> None:
    bench = make("   ", "x + 1", logprob=-0.1, verify__policy="static")
    found = await complete(bench, Typing(), ask(tmp_path, "def f(x):\n    return (‸\n", "automatic"))
    assert found.suggestions == ()
    assert isinstance(bench.engine, Scripted)
    assert len(bench.engine.requests) == 1


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


async def test_a_teams_silence_holds_for_what_comes_by_itself_and_for_nobody_who_asked(
    make: Make, tmp_path: Path
) -> None:
    """And what was shown is told to its record, by names and numbers."""
    marked = "def area(width, height):\n    return ‸\n"
    box = Outbox(tmp_path / "team")
    bench = make("width * height", logprob=-0.1, verify__policy="static", complete__eagerness=100)
    bench = replace(bench, ledger=Ledger(tmp_path / "ledger.jsonl", box))
    assert (await complete(bench, Typing(), ask(tmp_path, marked, "automatic"))).suggestions
    [[event]] = box.take()
    assert (event["event"], event["kind"], event["verdict"]["state"]) == ("suggestion", "line", "unverified")
    assert "width" not in str(event) and event["confidence"] > 0
    box.keep_silence({"line": 0.95})
    silent = await complete(bench, Typing(), ask(tmp_path, marked, "automatic"))
    assert not silent.suggestions and "likely" in silent.why
    assert (await complete(bench, Typing(), ask(tmp_path, marked))).suggestions
    box.keep_silence({"block": 0.95})
    assert (await complete(bench, Typing(), ask(tmp_path, marked, "automatic"))).suggestions
