"""A team's conventions: what is written in the guide is read, what breaks it is found and named, what does not is left alone, and no guide can do harm."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analyzers.conventions import breaches, guide
from analyzers.conventions.guide import Guide
from analyzers.text import Snapshot, changed_span
from assay.assistant.drafting import prompt
from assay.assistant.drafting.ask import Ask
from assay.assistant.hints import static
from assay.assistant.nouns import Failed
from assay.assistant.proof.verdict import begin, patient
from assay.assistant.world.change import Change, one_file
from assay.assistant.world.guides import Guides
from assay.assistant.world.world import World
from assay.cli.commands import app
from lsp_server import telling
from tests.unit.conftest import Make

GUIDE = """# Our conventions

We are few. What a program can look at stands in the blocks.

## Nothing is printed
The log tells where it comes from. More prose.

```rule
banned-calls = ["print", "pprint.pprint"]
use = "shop.log.tell"
not-in = ["scripts/**", "tests/*"]
```

## Names
```rule
[names]
function = "snake_case"
class = "PascalCase"
argument = ["snake_case", "T_*"]
variable = ["snake_case", "UPPER_CASE"]
```

## HTTP by one client
```rule
banned-imports = ["requests", "urllib.request"]
banned-calls = ["socket.create_connection", ".urlopen"]
```

## No default that is shared
```rule
query = "(default_parameter value: [(list) (dictionary)]) @breach"
```

## No assert but in tests
```rule
ruff = ["S101"]
not-in = ["tests/*"]
```
"""


@pytest.fixture
def ours() -> Guide:
    return guide.read(GUIDE)


def test_a_guide_is_read_with_its_headings_and_reasons(ours: Guide) -> None:
    assert [rule.name for rule in ours.rules] == [
        "Nothing is printed",
        "Names",
        "HTTP by one client",
        "No default that is shared",
        "No assert but in tests",
    ]
    assert ours.rules[0].why == "The log tells where it comes from"
    assert (ours.complaints, len(ours.version)) == ((), 12)
    assert [rule.name for rule in ours.of("scripts/a.py")] == [rule.name for rule in ours.rules[1:]]
    assert (
        guide.read(GUIDE + " ").version != ours.version and guide.read(GUIDE.replace("\n", "\r\n")).rules == ours.rules
    )


@pytest.mark.parametrize(
    ("text", "rule", "what"),
    [
        ("print(1)", "Nothing is printed", "print() is called"),
        ("import pprint as p\np.pprint(1)", "Nothing is printed", "pprint.pprint() is called"),
        ("from pprint import pprint as show\nshow(1)", "Nothing is printed", "pprint.pprint() is called"),
        ("def f():\n    if x:\n        print ( 1 )", "Nothing is printed", "print() is called"),
        ("def getTotal(): pass", "Names", "the function `getTotal` is not snake_case"),
        ("class price: pass", "Names", "the class `price` is not PascalCase"),
        ("def f(aB, *, cD=1, **eF): pass", "Names", "the argument `aB` is not snake_case or T_*"),
        ("f = lambda xY: 1", "Names", "the argument `xY` is not snake_case or T_*"),
        ("def f(x: int, yZ: int = 3): pass", "Names", "the argument `yZ` is not snake_case or T_*"),
        ("theTotal = 1", "Names", "the variable `theTotal` is not snake_case or UPPER_CASE"),
        ("a, bC = 1, 2", "Names", "the variable `bC` is not snake_case or UPPER_CASE"),
        ("import requests", "HTTP by one client", "requests is imported"),
        ("import os, requests.adapters as r", "HTTP by one client", "requests.adapters is imported"),
        ("from urllib import request", "HTTP by one client", "urllib.request is imported"),
        ("from urllib.request import urlopen", "HTTP by one client", "urllib.request is imported"),
        ("import socket\nsocket.create_connection(1)", "HTTP by one client", "socket.create_connection() is called"),
        ("anything.urlopen(1)", "HTTP by one client", "anything.urlopen() is called"),
        ("def f(a=[]): pass", "No default that is shared", "`a=[]`"),
        ("def f(a: dict = {}): pass", None, ""),
        ("def f(", None, ""),
        ("x = print", None, ""),
        ("self.print(1)", None, ""),
        ("def __init__(self): pass", None, ""),
        ("def f(T_max, _, __): pass", None, ""),
        ("# print(1)\n'print(1)'", None, ""),
        ("import requests_mock", None, ""),
        ("MAX = 3; total_2 = 1", None, ""),
        ("class HTTPServer: pass\nclass _Own: pass", None, ""),
    ],
)
def test_what_breaks_a_rule_is_found_and_what_does_not_is_left_alone(
    ours: Guide, text: str, rule: str | None, what: str
) -> None:
    found = breaches.found(ours, text, "src/a.py")
    if rule is None:
        assert found == ()
        return
    assert (found[0].rule, found[0].what) == (rule, what)
    assert found[0].message == f"{rule}: {what}" + ("; use shop.log.tell" if rule == "Nothing is printed" else "")
    assert breaches.found(ours, text, "scripts/a.py") == (() if rule == "Nothing is printed" else found)


def test_where_it_is_is_told_in_code_points(ours: Guide) -> None:
    [one] = breaches.found(ours, "äö = 'ü'; print(1)", "a.py")[-1:]
    assert (one.line, one.column, one.end) == (1, 11, (1, 16))


async def test_rules_of_ruff_have_the_guides_name(ours: Guide) -> None:
    [one] = await breaches.of_ruff(ours, "x = 1\nassert x\n", "src/a.py")
    assert (one.rule, one.line, one.what.split(" ")[0]) == ("No assert but in tests", 2, "S101")
    assert await breaches.of_ruff(ours, "assert 1", "tests/a.py") == ()


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("banned-calls = 3", "a list of texts"),
        ("banned-calls = ['a b']", "a list of texts"),
        ("nonsense", "line 3"),
        ("colour = 'red'", "has no `colour`"),
        ("", "nothing that can be checked"),
        ("names = {function = '^(a+)+$'}", "each a style"),
        ("names = {module = 'snake_case'}", "`names` has"),
        ("query = '((('", "`query`"),
        ("query = '((identifier) @a (#match? @a \"(a+)+$\"))'", "regular expressions are not taken"),
        ("query = '(identifier)'", "captures nothing"),
        ("query = '(no_such_node) @a'", "`query`"),
        ("ruff = ['--fix']", "a list of texts"),
        ("banned-calls = ['f']\nuse = 'rm -rf'", "a name with dots"),
    ],
)
def test_what_is_no_rule_is_a_complaint_and_the_others_hold(block: str, said: str) -> None:
    found = guide.read(f"# G\n## One\n```rule\n{block}\n```\n## Two\n```rule\nbanned-calls = ['eval']\n```\n")
    assert [rule.name for rule in found.rules] == ["Two"]
    assert said in found.complaints[0]


def test_no_guide_takes_for_ever() -> None:
    """Shapes with many stars, deep texts, many rules: a workspace is hostile."""
    shape = "*a" * 30
    text = (
        f"## N\n```rule\n[names]\nfunction = '{shape}b'\n```\n"
        + "## Q\n```rule\nquery = '(_ (_ (_ (_ (_) @breach))))'\n```\n" * 30
    )
    code = f"def {'a' * 200}(): pass\n" * 300 + "x = " + "(" * 150 + ")" * 150
    began = time.process_time()
    found = breaches.found(guide.read(text), code, "a.py")
    assert time.process_time() - began < 20 and found
    assert len(guide.read("## R\n```rule\nbanned-calls = ['f']\n```\n" * 400).rules) == guide.RULES_LIMIT
    assert guide.read("`" * 300_000).rules == () and guide.read("\x00\ud800").rules == ()


def test_a_model_hears_what_to_do_in_a_few_words(ours: Guide) -> None:
    words = ours.words("src/a.py", 600)
    assert words.splitlines()[0] == "Nothing is printed: do not use print, pprint.pprint, use shop.log.tell"
    assert "function names are snake_case; class names are PascalCase" in words
    assert len(ours.words("src/a.py", 80)) <= 80 and guide.NOTHING.words("a.py", 80) == ""


def test_a_projects_own_guide_goes_before_the_teams(tmp_path: Path) -> None:
    team, root = tmp_path / "team.md", tmp_path / "project"
    root.mkdir()
    guides = Guides(team)
    assert guides.of(root) == guide.NOTHING
    team.write_text("## T\n```rule\nbanned-calls = ['eval']\n```\n")
    assert [rule.name for rule in guides.of(root).rules] == ["T"]
    (root / "CONVENTIONS.md").write_text(GUIDE)
    assert len(guides.of(root).rules) == 5
    (root / "CONVENTIONS.md").write_text("nothing to check")
    assert guides.of(root).rules == (), "a project may have none of its own"
    (root / "CONVENTIONS.md").unlink()
    (root / "CONVENTIONS.md").mkdir()
    assert [rule.name for rule in guides.of(root).rules] == ["T"]


def change_of(root: Path, before: str, after: str) -> Change:
    file = root / "src" / "a.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text(before)
    _, span = changed_span(before, after)
    return one_file(World(root), Snapshot(file.as_uri(), str(file), 0, before), after, span)


async def test_a_verdict_names_the_rule_and_what_was_broken_before_is_nobodys(make: Make, tmp_path: Path) -> None:
    (tmp_path / "CONVENTIONS.md").write_text(GUIDE)
    old = "print(0)\n\n\ndef total(a):\n    return a\n\n\nprint(2)\n"
    bench = make("x")
    for after, state in (
        (old + "\n\nprint(1)\n", "failed"),
        (old.replace("return a", "return a + 1"), "passed"),
        (old.replace("def total(a)", "def total(a=[])"), "failed"),
        (old.replace("    return a", "    assert a\n    return a"), "failed"),
        (old.replace("print(0)", "print(0)  # still"), "passed"),
        ("print(1)\n" + old, "failed"),
        (old.replace("    return a", "    print(a)\n    return a") + "\n", "failed"),
    ):
        found = (await begin(bench, change_of(tmp_path, old, after), patient(bench.settings))).now
        [held] = [one for one in found.checks if one.name == "conventions"]
        assert held.state == state, after
        assert isinstance(found, Failed) is (state == "failed")
        if state == "failed":
            assert any(rule.name in found.why for rule in guide.read(GUIDE).rules), found.why
    (tmp_path / "CONVENTIONS.md").unlink()
    found = (await begin(bench, change_of(tmp_path, old, old + "print(2)\n"), patient(bench.settings))).now
    assert not [one for one in found.checks if one.name == "conventions"]


async def test_hints_say_where_a_file_breaks_it_and_a_prompt_what_to_do(make: Make, tmp_path: Path) -> None:
    (tmp_path / "CONVENTIONS.md").write_text(GUIDE)
    text = "def getTotal(a):\n    assert a\n    print(a)\n"
    (tmp_path / "a.py").write_text(text)
    bench = make("x")
    snapshot = Snapshot((tmp_path / "a.py").as_uri(), str(tmp_path / "a.py"), 0, text)
    hints = [
        one for one in await static.of_document(bench, snapshot, "a.py", tmp_path) if one.code == static.CONVENTION
    ]
    assert [(one.kind, text[one.span.start : one.span.end]) for one in hints][:2] == [
        ("rule", "getTotal"),
        ("rule", "print"),
    ]
    assert len(hints) == 3 and all(
        one.message.startswith(("Names:", "Nothing is printed:", "No assert")) for one in hints
    )
    ask = Ask(snapshot, len(text), World(tmp_path))
    [told] = prompt.conventions(bench, ask)
    assert told.source == "conventions" and told.text.startswith("# Nothing is printed: do not use print") and all(line.startswith("# ") for line in told.text.splitlines())  # fmt: skip


def test_the_command_says_each_place_and_exits_by_it(tmp_path: Path) -> None:
    run = CliRunner().invoke
    assert "has no guide" in run(app, ["conventions", "check", str(tmp_path)]).output
    (tmp_path / "CONVENTIONS.md").write_text(GUIDE + "## Odd\n```rule\ncolour = 1\n```\n")
    (tmp_path / "a.py").write_text("def f(a):\n    print(a)\n")
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "b.py").write_text("print(1)\n")
    done = run(app, ["conventions", "check", str(tmp_path)])
    assert (
        done.exit_code == 1
        and "a.py:2:5: Nothing is printed: print() is called; use shop.log.tell" in done.output
        and "b.py" not in done.output
    )
    assert "not a rule: line" in done.output
    told = json.loads(run(app, ["conventions", "check", str(tmp_path), "--json"]).stdout)
    assert [(one["file"], one["rule"]) for one in told["breaches"]] == [("a.py", "Nothing is printed")]
    (tmp_path / "a.py").write_text("def f(a):\n    return a\n")
    assert run(app, ["conventions", "check", str(tmp_path)]).exit_code == 0
    assert "HTTP by one client" in run(app, ["conventions", "show", str(tmp_path)]).output


class Told:
    """A server that tells a guide."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    async def get(self, path: str) -> object:
        assert path == "/v1/conventions"
        return self.answer


async def test_the_teams_guide_is_fetched_and_goes_when_it_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "team" / "conventions.md"
    for answer in ({"text": GUIDE, "version": "x"}, {"text": 3}, [], {"text": "x" * (guide.SIZE_LIMIT + 1)}):
        await telling.fetched(Told(answer), path)  # type: ignore[arg-type]
        assert path.read_text() == GUIDE
    await telling.fetched(Told({"text": "", "version": ""}), path)  # type: ignore[arg-type]
    assert not path.exists()
