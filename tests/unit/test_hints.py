"""Hints as data: in what order, how they are kept and told, and that a fix's edits are put in where they belong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from analyzers.notebooks import Cells
from analyzers.text import Edit, Snapshot, Span, applied
from assay.assistant.hints import check, kept, shapes, static
from assay.assistant.hints.check import Report, Scope
from assay.assistant.hints.hint import Evidence, Fix, Hint, Kind, ordered
from assay.assistant.proof import verdict
from tests.conftest import ROOT
from tests.unit.conftest import Make

TEXT = "a = 1\nif a == 1 or 2:\n    b = a\n"


def hint(kind: Kind, code: str, start: int, confidence: float = 0.9, fix: Fix | None = None) -> Hint:
    return Hint(
        "m.py", Span(start, start + 1), kind, code, f"{code} is wrong", confidence, Evidence("pattern", code), fix
    )


def test_the_best_come_first() -> None:
    hints = [
        hint("suspected", "s", 0),
        hint("rule", "F401", 3, 1.0),
        hint("proved", "p", 9, 0.3),
        hint("proved", "q", 8, 0.9),
    ]
    assert [one.code for one in ordered(hints)] == ["q", "p", "F401", "s"]


def test_the_same_place_is_told_once() -> None:
    hints = [hint("proved", "p", 4), hint("proved", "p", 4, 0.5), hint("suspected", "s", 4), hint("suspected", "s", 6)]
    assert [(one.code, one.span.start) for one in check.without_doubles(hints)] == [("p", 4), ("s", 6)]


@pytest.mark.parametrize("state", ["passed", "failed", "unverified", ""])
def test_what_is_kept_comes_back(state: str, tmp_path: Path) -> None:
    judged = verdict.recalled(state, "deadline", "Because.") if state else None
    one = hint("proved", "p", 4, 0.6, Fix("Write it", (Edit(Span(1, 2), "ü"),), judged))
    first = kept.Kept(tmp_path, Path("/p"))
    first.put("key", [one], "A note.")
    first.save()
    again = kept.Kept(tmp_path, Path("/p"))
    assert again.get("key") == ([one], "A note.")
    assert again.get("other") is None
    assert kept.Kept(tmp_path, Path("/q")).get("key") is None


def test_a_hint_with_a_secret_is_not_kept_and_comes_again(tmp_path: Path) -> None:
    """A key that is known says that there are no other hints."""
    first = kept.Kept(tmp_path, Path("/p"))
    secret = replace(hint("proved", "p", 4), message="`key = 'AKIAIOSFODNN7EXAMPLE'` fails")
    first.put("key", [secret, hint("proved", "q", 9)])
    first.put("other", [hint("proved", "q", 9)])
    first.save()
    again = kept.Kept(tmp_path, Path("/p"))
    assert again.get("key") is None
    assert again.get("other") == ([hint("proved", "q", 9)], "")
    assert "AKIA" not in "".join(path.read_text() for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    "module",
    [
        "assay/assistant/proof/table.py",
        "assay/assistant/trials/variants.py",
        "sandbox/results.py",
        "sandbox/runner/tracer.py",
        "analyzers/harness.py",
    ],
)
def test_what_was_judged_otherwise_is_found_anew(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, read = Path(__file__).parents[2] / module, Path.read_text
    check._version.cache_clear()
    before = check._version()

    def changed(self: Path, *words: str) -> str:
        return read(self, *words) + ("\n# other\n" if self == path else "")

    check._version.cache_clear()
    monkeypatch.setattr(Path, "read_text", changed)
    after = check._version()
    check._version.cache_clear()
    assert after != before


def test_of_what_nobody_asks_for_the_latest_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look at one file leaves what is known of the others; what is of older versions is forgotten in the end."""
    monkeypatch.setattr(kept, "UNASKED_LIMIT", 2)
    first = kept.Kept(tmp_path, Path("/p"))
    for key in ("oldest", "old", "late"):
        first.put(key, [])
    first.save()
    second = kept.Kept(tmp_path, Path("/p"))
    second.put("new", [])
    second.save()
    third = kept.Kept(tmp_path, Path("/p"))
    assert [third.get(key) is not None for key in ("oldest", "old", "late", "new")] == [False, True, True, True]


def test_who_asks_about_some_files_has_it_from_a_look_at_more(tmp_path: Path) -> None:
    there, other = hint("proved", "p", 4), replace(hint("proved", "q", 9), name="other.py")
    first = kept.Kept(tmp_path, Path("/p"))
    assert kept.Looks(first, "state").find([there.name]) is None
    kept.Looks(first, "state").put([there.name, "other.py", "third.py"], [there, other], "All of it.")
    kept.Looks(first, "state").put(["other.py", "third.py"], [other], "Some of it.")
    first.save()
    looks = kept.Looks(kept.Kept(tmp_path, Path("/p")), "state")
    assert looks.find([there.name]) == ([there], "All of it.")
    assert looks.find(["third.py"]) == ([], "Some of it.")
    assert looks.find(["third.py", "unknown.py"]) is None
    assert kept.Looks(kept.Kept(tmp_path, Path("/p")), "another state").find([there.name]) is None


def test_the_latest_looks_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "LOOKS_LIMIT", 2)
    looks = kept.Looks(kept.Kept(tmp_path, Path("/p")), "state")
    for name in ("a.py", "b.py", "a.py", "c.py"):
        looks.put([name], [], name)
    assert [looks.find([name]) for name in ("a.py", "b.py", "c.py")] == [([], "a.py"), None, ([], "c.py")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"version": 1}',
        '{"version": VERSION, "found": {"key": {"hints": [{"kind": "x"}], "note": ""}}}',
        '{"version": VERSION, "found": {"key": [3]}}',
    ],
)
def test_a_broken_file_is_no_memory(text: str, tmp_path: Path) -> None:
    first = kept.Kept(tmp_path, Path("/p"))
    first.put("key", [])
    first.save()
    (path,) = tmp_path.glob("*.json")
    path.write_text(text.replace("VERSION", str(kept.VERSION)))
    assert kept.Kept(tmp_path, Path("/p")).get("key") is None


def test_edits_are_put_in_from_the_end() -> None:
    assert applied("abcdef", [Edit(Span(0, 1), "xx"), Edit(Span(3, 4), ""), Edit(Span(6, 6), "!")]) == "xxbcef!"


def test_json_has_its_shape() -> None:
    judged = verdict.recalled("passed", None, "It makes 1 test pass.")
    fix = Fix("Write it", (Edit(Span(6, 8), "ü"),), judged, "It differs.")
    told = shapes.report_json(Report({"m.py": (hint("proved", "p", 9, fix=fix),)}, ("A note.",)), {"m.py": TEXT})
    (one,) = told["hints"]
    assert one == {
        "file": "m.py", "line": 2, "column": 4, "endLine": 2, "endColumn": 5, "class": "proved", "code": "p", "message": "p is wrong", "confidence": 0.9,
        "evidence": {"kind": "pattern", "detail": "p", "tests": [], "input": None},
        "fix": {
            "title": "Write it",
            "edits": [{"line": 2, "column": 1, "endLine": 2, "endColumn": 3, "text": "ü"}],
            "verdict": {"state": "passed", "reason": None, "why": "It makes 1 test pass.", "checks": []},
            "note": "It differs.",
        },
    }  # fmt: skip
    assert told["notes"] == ["A note."]


async def test_a_suspicion_has_its_edit_where_somebody_can_say(make: Make) -> None:
    document = Snapshot("file:///p/m.py", "/p/m.py", 0, TEXT)
    (one,) = await static.of_document(make(hints__rules=False), document, "m.py", Path("/p"))
    assert (one.kind, one.code) == ("suspected", "constant-condition")
    assert one.fix is not None
    assert applied(TEXT, one.fix.edits) == TEXT.replace("a == 1 or 2", "a in (1, 2)")
    assert (
        await static.of_document(make(hints__rules=False, hints__suspected=False), document, "m.py", Path("/p")) == ()
    )
    assert await static.of_document(make(hints__rules=False, hints__confidence=99), document, "m.py", Path("/p")) == ()


async def test_hints_of_a_notebooks_cell_stand_in_the_cell(make: Make, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    cells = Cells(("import sys\n",))
    cell = Snapshot("cell:1", str(tmp_path / "n.ipynb"), 0, "import os\nx = 1\n", cells.preamble, cells=cells)
    found = await static.of_document(make(), cell, "", tmp_path)
    assert [(one.code, cell.text[one.span.start : one.span.end]) for one in found if one.code == "F401"] == [
        ("F401", "os")
    ]


async def test_without_a_sandbox_static_hints_are_there_and_a_note_says_why(make: Make, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "m.py").write_text(TEXT)
    (tmp_path / "test_m.py").write_text("import m\n\n\ndef test_m():\n    assert False\n")
    report = await check.of_files(
        make(hints__rules=False), Scope(tmp_path, {"m.py": TEXT}, tmp_path / "cache"), lambda what, done, of: None
    )
    assert [one.code for one in report.all] == ["constant-condition"]
    assert any("sandbox.enabled" in note for note in report.notes)


async def test_an_unchanged_file_is_not_looked_at_again(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = Scope(tmp_path, {"m.py": TEXT}, tmp_path / "cache")
    first = await check.of_files(make(verify__policy="static"), scope, lambda what, done, of: None)
    monkeypatch.setattr(static, "patterns", None)  # whoever looks again fails
    assert (
        await check.of_files(make(verify__policy="static"), scope, lambda what, done, of: None)
    ).hints == first.hints
    assert first.hints


def test_lines_of_a_difference_choose_hints() -> None:
    report = Report({"m.py": (hint("rule", "F1", 0), hint("rule", "F2", 9))})
    assert [one.code for one in check.within(report, {"m.py": frozenset({2})}, {"m.py": TEXT}).all] == ["F2"]
    assert check.within(report, {}, {"m.py": TEXT}).all == []


def test_sarif_tells_the_same() -> None:
    hints = tuple(replace(one, name="ü m.py") for one in (hint("proved", "p", 9), hint("rule", "F401", 0)))
    report = Report({"ü m.py": hints}, ("A note.",))
    told = json.loads(json.dumps(shapes.sarif(report, {"ü m.py": TEXT}, "1.0.0")))
    (run,) = told["runs"]
    assert [(one["ruleId"], one["level"]) for one in run["results"]] == [("proved/p", "error"), ("F401", "warning")]
    (location,) = run["results"][0]["locations"]
    assert location["physicalLocation"]["region"] == {"startLine": 2, "startColumn": 4, "endLine": 2, "endColumn": 5}
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "%C3%BC%20m.py"


def test_sarif_keeps_to_its_schema() -> None:
    schema = json.loads((ROOT / "tests" / "schemas" / "sarif-2.1.0.json").read_text("utf-8"))
    judged = verdict.recalled("passed", None, "It makes 1 test pass.")
    fix = Fix("Write it", (Edit(Span(0, 0), "x"), Edit(Span(6, 8), "")), judged)
    hints = (
        replace(hint("proved", "p", 9, fix=fix), name="a b/m.py"),
        replace(hint("rule", "F401", 0), name="a b/m.py", url="https://example/F401"),
    )
    for report in (Report({}), Report({"a b/m.py": hints}, ("A note.",))):
        jsonschema.validate(shapes.sarif(report, {"a b/m.py": TEXT}, "1.0.0"), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"version": "2.1.0"}, schema)
