"""Where candidates come from, by case files: what the code nearby predicts, and what a model would be asked."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from analyzers import phrases, site
from analyzers.text import Snapshot
from assay.assistant.complete.path import complete
from assay.assistant.complete.way import Typing
from assay.assistant.drafting import likely, sources
from assay.assistant.drafting.anchor import DOCUMENT_LIMIT, Anchor, Anchors, Form, Lead
from assay.assistant.drafting.ask import Ask
from assay.assistant.drafting.prompt import Definitions, Prompt, Snippet, build, leading
from assay.assistant.world.world import World
from assay.engine import dialects
from assay.engine.api import Chunk, Request
from assay.engine.scripted import Answer, Scripted
from tests.conftest import Case, cases, cursor
from tests.unit.conftest import Make
from tests.unit.test_path import ask


@pytest.mark.parametrize("case", cases("nearby"))
def test_nearby_case(case: Case, update: bool) -> None:
    """The text in its place, and of each cut how likely it is in words: the coefficients may be fitted anew."""
    text, offset = cursor(case.sections["text"])
    found = sources.nearby(Ask(Snapshot("", "", 0, text), offset, World(Path("/")), trigger="automatic"))
    came_out = {"nearby": case.sections["text"].replace("‸", f"├{found.text}┤").strip("\n")}
    case.golden(("nearby",), came_out, update=update)
    assert [cut.probability for cut in found.cuts] == sorted((c.probability for c in found.cuts), reverse=True)
    assert all(len(found.text[: cut.length].rstrip()) == cut.length for cut in found.cuts)


@pytest.mark.parametrize("case", cases("prompt"))
def test_prompt_case(case: Case, update: bool) -> None:
    given = case.sections
    text, offset = cursor(given["text"])
    source, _, code = given.get("snippets", "").partition("\n")
    snippets = (Snippet(code, source), Snippet("x" * 5000, "long.py:1")) if code else ()
    limit = int(given.get("tokens", "1000"))
    form = Form(
        dialects.choose(given["dialect"], ""), leading(snippets, token_limit=limit), limit, "guides" not in given
    )

    def of(text: str, offset: int, older: Anchor | None = None) -> Prompt:
        made = Snapshot("", "", 0, text)
        return build(made, offset, site.at(made, offset), form, older)

    older = of(*cursor(given["before"])).anchor if "before" in given else None
    found = of(text, offset, older)
    if "without" in given:
        assert given["without"] not in found.text
        return
    came_out = {"prompt": found.text, "healed": repr(found.healed)}
    if older is not None:
        came_out["anchor"] = "holds" if found.anchor is older else "moved"
    if found.sources:
        came_out["sources"] = " ".join(found.sources)
    if found.suffix is not None:
        came_out["suffix"] = found.suffix
    case.golden(("prompt", "healed", "sources", "suffix", "anchor"), came_out, update=update)
    assert len(found.text) <= limit * 3 + 100


def test_a_prompts_id_is_that_of_its_text() -> None:
    def of(text: str) -> str:
        snapshot = Snapshot("", "", 0, text)
        form = Form(dialects.LEFT_TO_RIGHT, Lead(), 99)
        return build(snapshot, len(text), site.at(snapshot, len(text)), form).id

    assert of("x = 1\ny = ") == of("x = 1\ny = ")
    assert of("x = 1\ny = ") != of("x = 2\ny = ")


def test_new_definitions_wait_until_there_is_time() -> None:
    """All of a prompt is read anew with them: after a rest, or for somebody who asked."""
    snapshot = Snapshot("", "", 0, "x = 1\n")
    made = build(snapshot, 6, site.at(snapshot, 6), Form(dialects.LEFT_TO_RIGHT, Lead(), 99)).anchor
    anchors, more = Anchors(), Lead("# a.py\n", ("a.py:1",))
    assert anchors.older("u", Lead(), 0.0, is_asked=False) is None
    anchors.put("u", made, 10.0)
    assert anchors.older("u", more, 11.0, is_asked=False) is made
    assert anchors.older("u", more, 11.0, is_asked=True) is None
    assert anchors.older("u", more, 13.0, is_asked=False) is None
    assert anchors.older("u", Lead(), 13.0, is_asked=True) is made
    for number in range(DOCUMENT_LIMIT):
        anchors.put(str(number), made, 14.0)
    assert anchors.older("u", Lead(), 14.0, is_asked=False) is None
    anchors.close_document("0")
    assert anchors.older("0", Lead(), 14.0, is_asked=False) is None


async def test_definitions_of_other_files_lead_the_prompt(make: Make, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "shapes.py").write_text(
        "LIMIT = 1\n\n\ndef area(width, height):\n    return width * height\n\n\nother = 2\n"
    )
    bench, typing = make("2, 3)", verify__policy="static"), Typing()
    request = ask(tmp_path, "from shapes import area, LIMIT\n\nx = area(‸\n")
    (found,) = (await complete(bench, typing, request)).suggestions
    assert found.origin.sources == ("shapes.py:4",)
    assert isinstance(bench.engine, Scripted)
    assert bench.engine.requests[0].prompt.startswith(
        "# shapes.py\ndef area(width, height):\n    return width * height\n\n"
    )
    typing.close()


async def test_definitions_stay_for_their_scope_and_are_bounded(make: Make, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "shapes.py").write_text("def area(width):\n    return width\n")
    bench, kept = make("1"), Definitions()
    request = ask(tmp_path, "from shapes import area\nx = area(‸\n")
    first = await kept.snippets(bench, request, ("f",))
    assert [one.source for one in first] == ["shapes.py:1"]
    other = replace(request, snapshot=replace(request.snapshot, text=" " * 40))
    assert await kept.snippets(bench, other, ("f",)) is first
    assert await kept.snippets(bench, other, ("g",)) == ()
    kept.close()


async def test_samples_come_after_the_greedy_text_and_none_twice(make: Make, tmp_path: Path) -> None:
    bench = make("return a", "return a", "return b", complete__samples=3)
    request = ask(tmp_path, "def f(a, b):\n    ‸\n")
    model, near = sources.Model(), sources.nearby(request)
    at = site.at(request.snapshot, request.offset)
    trace = bench.traces.begin("here")
    found = [one async for one in model.draws(bench, request, at, near, trace)]
    assert [(one.text, one.origin.sampling["temperature"]) for one in found] == [("return a", 0.0), ("return b", 0.6)]
    model.close()


async def test_a_generation_under_way_is_taken_over(make: Make, tmp_path: Path) -> None:
    bench = make("max(values)", logprob=-0.01, verify__policy="static")
    typing = Typing()
    begun = ask(tmp_path, "def f(values):\n    return ma‸\n", "automatic")
    fresh = await complete(bench, typing, begun)
    typed = ask(tmp_path, "def f(values):\n    return max‸\n", "automatic")
    typing.offers.forget()
    taken_over = await complete(bench, typing, typed)
    assert isinstance(bench.engine, Scripted)
    assert len(bench.engine.requests) == 1
    assert [s.text for s in fresh.suggestions] == ["x(values)"]
    assert [s.text for s in taken_over.suggestions] == ["(values)"]
    typing.close()


async def test_the_trace_tells_what_the_engine_had_to_read(make: Make, tmp_path: Path) -> None:
    """By the engine's own word, else about, by what the last prompt began with."""
    bench, typing = make("1", verify__policy="static"), Typing()
    start = "def f(values):\n    some = [one for one in values]\n    return "
    for text in ("‸", "so‸"):
        await complete(bench, typing, ask(tmp_path, f"{start}{text}\n"))
        typing.offers.forget()
    reads = [event for record in bench.traces.last(2) for event in record["events"] if event["stage"] == "read"]
    assert all(event["about"] for event in reads)
    assert sorted((event["anew"] < 10, event["kept"] > 10) for event in reads) == [(False, False), (True, True)]
    typing.close()


async def test_samples_after_a_generation_was_taken_over_know_what_was_typed(make: Make, tmp_path: Path) -> None:
    bench, model = make(" max(a)", "b", complete__samples=2), sources.Model()
    begun = ask(tmp_path, "def f(a, b):\n    return ‸\n", "automatic")
    typed = ask(tmp_path, "def f(a, b):\n    return m‸\n", "automatic")
    trace = bench.traces.begin("here")
    for request in (begun, typed):
        near, at = sources.nearby(request), site.at(request.snapshot, request.offset)
        async for _ in model.draws(bench, request, at, near, trace):
            if request is begun:
                break
    assert isinstance(bench.engine, Scripted)
    greedy, sample = bench.engine.requests
    assert (greedy.must_start, sample.must_start) == (" ", "m")
    model.close()


async def test_calm_does_not_lose_a_generation_under_way(make: Make, tmp_path: Path) -> None:
    """Whoever passed many over waits longer before the model is asked; what it was asked already is taken over at once."""
    bench, typing = make("max(values)", logprob=-0.01, verify__policy="static", complete__pace_ms=200), Typing()
    await complete(bench, typing, ask(tmp_path, "def f(values):\n    return ma‸\n", "automatic"))
    typing.offers.forget()
    trace_before = len(bench.traces.last(9))
    await complete(bench, typing, ask(tmp_path, "def f(values):\n    return max‸\n", "automatic"))
    assert len(bench.traces.last(9)) == trace_before + 1
    assert "pace" not in bench.traces.last()[0]["waited_ms"]
    typing.close()


async def test_a_prompt_near_the_limit_is_counted_by_the_model(make: Make, tmp_path: Path) -> None:
    bench = make("1", context__tokens=64)
    engine = Scripted([Answer("", ("1",))])
    bench = replace(bench, engine=engine)
    await complete(bench, Typing(), ask(tmp_path, "x = 1  # some more words\n" * 40 + "y = ‸\n"))
    assert await engine.count(engine.requests[0].prompt) <= 64


def test_the_steps_of_a_prediction_are_evidence_for_its_probability() -> None:
    (step, *_) = phrases.continuation(
        ("value = compute(value)\nvalue = com",), "value = compute(value)\nvalue = com", limit=4
    )
    assert (step.token, step.text, step.typed) == ("compute", "pute", 3)
    features = likely.step_features(step, 0)
    assert features["first"] == 1.0
    assert features["is_word"] == 1.0
    assert 0 < likely.probability("phrase", features) < 1


def test_a_text_is_over_where_its_site_ends_or_nobody_waits_for_more() -> None:
    function = site.Site("line", 4, floor=1, is_single=False)
    at_once, patient = (sources.Ending(function, "", seconds) for seconds in (0.0, 60.0))
    assert [at_once(text) for text in ("x = 1", "x = 1\n")] == [False, True]
    assert [patient(text) for text in ("x = 1\n    y", "x = 1\n    y\nz")] == [False, True]
    assert sources.Ending(function, "", 60.0)("x" * 300)
    block = sources.Ending(site.Site("block", 8, floor=1, is_single=False), "", 0.0)
    assert [block(text) for text in ("x = 1\n        y\n", "x = 1\n        y\n    z")] == [False, True]


async def test_a_line_in_which_the_model_was_stopped_is_not_offered(make: Make, tmp_path: Path) -> None:
    class Stopped(Scripted):
        async def generate(self, request: Request) -> AsyncGenerator[Chunk, None]:
            yield Chunk(0, "y = x\n    z = fo", finish="length")

    bench = replace(make("x", verify__policy="static"), engine=Stopped([]))
    found = await complete(bench, Typing(), ask(tmp_path, "def f(x):\n    ‸\n    return y\n"))
    assert [one.text for one in found.suggestions] == ["y = x"]


async def test_somebody_who_types_waits_for_no_lines_that_are_not_offered_to_him(make: Make, tmp_path: Path) -> None:
    """Only what passes its tests is offered beyond the likely beginning of a line, and the policy runs none."""
    told: list[str] = []

    class Slow(Scripted):
        async def generate(self, request: Request) -> AsyncGenerator[Chunk, None]:
            for line in ("y = x\n", "    y += 1\n", "    y += 2\n"):
                told.append(line)
                yield Chunk(0, line)

    bench = replace(make("x", verify__policy="static"), engine=Slow([]))
    marked = "def f(x):\n    ‸\n    return y\n"
    found = await complete(bench, Typing(), ask(tmp_path, marked, "automatic"))
    assert [one.text for one in found.suggestions] == ["y = x"]
    assert told == ["y = x\n"]
    await complete(bench, Typing(), ask(tmp_path, marked))
    assert told[1:] == ["y = x\n", "    y += 1\n", "    y += 2\n"]
