"""A pair at the screen: what is understood, answered from facts, kept, and what of a model's words is shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from analyzers import renaming
from analyzers.names import Names
from analyzers.questions.code import Code
from analyzers.renaming import CannotRename, Spot
from assay.assistant.chat import refactorings, shapes, wanted, way, words
from assay.assistant.chat.kept import Conversation
from assay.assistant.chat.reply import Here, Line, Proposed, Reply
from assay.assistant.chat.wanted import Wanted
from assay.assistant.chat.way import Asking
from assay.assistant.record.checkpoints import Checkpoints
from assay.assistant.workbench import Workbench
from evals import handed_in

Make = Callable[..., Workbench]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return handed_in.written("shop", tmp_path / "shop")


async def asked(bench: Workbench, shop: Path, text: str, **more: object) -> Reply:
    bench.projects.open_folder(shop)
    asking = Asking(bench.projects.world(shop), shop.parent / "cache", **more)  # type: ignore[arg-type]
    return await way.reply(bench, asking, text, lambda *_: None)


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("rename Cart.net_total to net", Wanted("rename", "Cart.net_total", to="net")),
        ("please rename the function `with_tax()` to `taxed`", Wanted("rename", "with_tax", to="taxed")),
        ("extract lines 3-9 of src/a.py into total", Wanted("extract", file="src/a.py", to="total", lines=(3, 9))),
        ("extract this into a function called total", Wanted("extract", to="total")),
        ("test discounted", Wanted("test", "discounted")),
        ("write tests for Cart in src/shop/cart.py", Wanted("test", "Cart", "src/shop/cart.py")),
        (
            "write a function that counts vowels in src/a.py",
            Wanted("write", "a function that counts vowels", "src/a.py"),
        ),
        ("implement `parse_header`", Wanted("write", "`parse_header`")),
        ("why does test_member fail?", Wanted("explain", "test_member")),
        ("is Cart.add safe to change?", Wanted("safe", "is Cart.add safe to change?")),
        ("any bugs in prices.py?", Wanted("hints", "any bugs in prices.py?")),
        ("who calls with_tax?", None),
        ("which tests cover parsed?", None),
        ("what does add do", None),
        ("where is the test for Cart.add?", None),
        ("add two numbers in the parser: where is that done?", None),
        ("find where bug reports and problems are stored", None),
        ("extract this into total", Wanted("extract", to="total")),
        ("why does this test fail?", Wanted("explain")),
    ],
)
def test_what_is_to_be_done_is_told_from_questions(text: str, act: Wanted | None) -> None:
    assert wanted.read(text) == act


async def test_a_question_is_answered_from_facts_without_a_model(make: Make, shop: Path) -> None:
    found = await asked(make(), shop, "who calls with_tax?")
    assert [str(one.places[0]) for one in found.lines][:1] == ["src/shop/report.py:12"]
    assert all(one.source == "fact" for one in found.lines)
    assert next(shapes.lines(found)).endswith("src/shop/report.py:12")


async def test_open_documents_are_the_project(make: Make, shop: Path) -> None:
    bench = make()
    bench.projects.open_folder(shop)
    text = (shop / "src/shop/rates.py").read_text() + "\n\ndef taxed(cents):\n    return with_tax(cents, 'de')\n"
    world = bench.projects.world(shop, {"src/shop/rates.py": f"from shop.prices import with_tax\n{text}"})
    found = await way.reply(bench, Asking(world, shop.parent / "cache"), "who calls with_tax?", lambda *_: None)
    assert any("`taxed`" in one.text for one in found.lines)


async def test_this_is_where_somebody_is_and_it_what_was_spoken_of(make: Make, shop: Path) -> None:
    found = await asked(make(), shop, "who calls this function?", here=Here("src/shop/prices.py", 8, 8))
    assert found.about[0] == "with_tax"
    again = await asked(make(), shop, "and which tests name it?", about=found.about)
    assert any("test_with_tax" in one.text for one in again.lines)


async def test_it_in_a_question_that_describes_is_nothing_that_was_spoken_of(make: Make, shop: Path) -> None:
    found = await asked(make(), shop, "where does it join the lines of the report to one text?", about=("with_tax",))
    assert "with_tax" not in found.about
    assert "The question names nothing that is there: these fit its words best." in found.notes


async def test_what_a_model_says_is_held_against_the_code(make: Make, shop: Path) -> None:
    said = [
        "`with_tax` is called by `lines` in `src/shop/report.py`.",
        "`with_tax` is also called by `total_for_member`.",
        "It asks the `TaxService` for the rate.",
        "It is quick enough for most shops.",
    ]
    bench = make(" ".join(said))
    found = await asked(bench, shop, "who calls with_tax?")
    by = {one.text: one.source for one in found.lines}
    assert by[said[0]] == "model"
    assert by[said[3]] == "unchecked"
    assert said[1] not in by and said[2] not in by
    (note,) = [one for one in found.notes if "left out" in one]
    assert note.startswith("2 sentences of the model were left out") and "TaxService" in note
    assert any("nothing here bears it out" in line for line in shapes.markdown(found, str).splitlines())


async def test_a_model_reads_facts_without_secrets_and_a_silent_one_is_told(make: Make, shop: Path) -> None:
    bench = make("")
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    (shop / "src/shop/prices.py").write_text((shop / "src/shop/prices.py").read_text() + f'\nTOKEN = "{token}"\n')
    found = await asked(bench, shop, "where is TOKEN set?")
    assert "The model said nothing." in found.notes
    (request,) = bench.engine.requests  # type: ignore[attr-defined]
    assert "# Facts:" in request.prompt and words.MARK in request.prompt and token not in request.prompt


async def test_what_was_said_is_kept_pinned_and_forgotten(tmp_path: Path) -> None:
    kept = Conversation(tmp_path, tmp_path / "p")
    for number in range(120):
        kept.add(f"question {number}", ["an answer"], ["f"])
        if number == 3:
            assert kept.pin() is not None
    turns = kept.turns()
    assert len(turns) == 101
    assert turns[0].asked == "question 3" and turns[0].is_pinned and turns[-1].asked == "question 119"
    told = kept.for_model()
    assert "question 3" in told and "question 119" in told and "question 60" not in told
    assert [one.stat().st_mode & 0o077 for one in (tmp_path / "chat").iterdir()] == [0]
    assert Conversation(tmp_path, tmp_path / "other").turns() == ()
    assert kept.clear() == 101 and kept.turns() == ()


def test_a_conversation_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    kept = Conversation(tmp_path, tmp_path / "p")
    kept.add("a", ["b"], [])
    (file,) = (tmp_path / "chat").iterdir()
    for text in ("", "[]", '{"version": 1}', '{"version": 1, "turns": [1]}', '{"version": 9, "turns": []}'):
        file.write_text(text)
        assert kept.turns() == ()


@pytest.fixture
async def real(make: Make, tmp_path: Path) -> AsyncIterator[Workbench]:
    """One whose jedi works in a process of its own."""
    names = Names(tmp_path / "jedi")
    yield replace(make(), names=names)
    await names.close()


async def test_a_rename_reaches_every_place_and_says_what_it_left(real: Workbench, shop: Path) -> None:
    (shop / "src/shop/more.py").write_text("def many(cart):\n    return cart.net_total()  # net_total, mind\n")
    found = await asked(real, shop, "rename Cart.net_total to net")
    assert found.change is not None
    assert set(found.change.files) == {
        "src/shop/cart.py",
        "src/shop/more.py",
        "src/shop/report.py",
        "tests/test_cart.py",
    }
    assert "cart.net()  # net_total, mind" in found.change.files["src/shop/more.py"][1]
    assert "def test_net_total(cart):\n    assert cart.net() == 1000" in found.change.files["tests/test_cart.py"][1]
    assert shapes.change_json(found.change)["state"] == "unverified", "nothing was run"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("rename with_tax to parsed", "is there already"),
        ("rename with_tax to len", "is a builtin"),
        ("rename with_tax to class", "cannot be a name"),
        ("rename with_taxes to x", "There is `with_tax`"),
    ],
)
async def test_a_rename_that_cannot_be_is_refused_in_a_sentence(make: Make, shop: Path, text: str, why: str) -> None:
    found = await asked(make(), shop, text)
    assert found.change is None
    assert why in " ".join(found.notes)


async def test_several_of_one_name_are_asked_about(make: Make, shop: Path) -> None:
    (shop / "src/shop/more.py").write_text("def with_tax(cents):\n    return cents\n")
    found = await asked(make(), shop, "rename with_tax to taxed")
    assert found.change is None and len(found.lines) == 2
    assert "say which" in found.notes[0]


def test_a_method_is_renamed_with_those_that_take_its_place() -> None:
    code = Code({"a.py": "class A:\n    def go(self):\n        pass\n\n\nclass B(A):\n    def go(self):\n        super().go()\n\n\nclass C:\n    def go(self):\n        pass\n"})  # fmt: skip
    one = code.by_name["go"][0]
    assert [other.path for other in renaming.family(code, one)] == ["A.go", "B.go"]
    made = renaming.renamed(code, one, "move", [Spot("a.py", 2, 8), Spot("a.py", 7, 8)])
    assert "class C:\n    def go(self)" in made.files["a.py"] and "super().go()" in made.files["a.py"]
    assert [str(one) for one in made.left] == ["a.py:8", "a.py:12"]
    with pytest.raises(CannotRename, match="not as it was read"):
        renaming.renamed(code, one, "move", [Spot("a.py", 3, 8)])


@pytest.mark.parametrize(
    ("texts", "old", "new", "why"),
    [
        ({"a.py": "def foo():\n    pass\n\n\ndef g(bar):\n    return foo()\n"}, "foo", "bar", "means something in a.py already"),
        ({"m.py": "class E:\n    def a(self): pass\n\n\nclass F(E):\n    def a(self): pass\n    def b(self): pass\n"}, "a", "b", "`F.b` is there already"),
        ({"a.py": "from dataclasses import dataclass\n\n\n@dataclass\nclass C:\n    total: int = 0\n"}, "total", "net", "is a field"),
    ],
)  # fmt: skip
def test_a_name_that_would_be_caught_is_refused(texts: dict[str, str], old: str, new: str, why: str) -> None:
    code = Code(texts)
    one = code.by_name[old][0]
    spots = [Spot(each.file, each.line, texts[each.file].split("\n")[each.line - 1].index(old)) for each in renaming.family(code, one)]  # fmt: skip
    with pytest.raises(CannotRename, match=why):
        renaming.check(code, one, new)
        renaming.renamed(code, one, new, spots)


def test_only_what_means_it_is_renamed() -> None:
    texts = {
        "a.py": '__all__ = ["foo", "f" "oo"]  # "foo"\n\n\ndef foo():\n    return "foo"\n',
        "p/__init__.py": 'from .other import foo\n\n__all__ = ["foo"]\n',
        "p/other.py": "def foo():\n    return 2\n",
        "q.py": "import os\nimport lib\n\n\nclass Store:\n    def size_of(self, p):\n        return os.path.size_of(p) and p.size_of() and lib.size_of\n",
    }
    code = Code(texts)
    one = next(one for one in code.by_name["foo"] if one.file == "a.py")
    made = renaming.renamed(code, one, "bar", [Spot("a.py", 4, 4)])
    assert made.files == {"a.py": '__all__ = ["bar", "f" "oo"]  # "foo"\n\n\ndef bar():\n    return "foo"\n'}
    (size,) = code.by_name["size_of"]
    made = renaming.renamed(code, size, "measure", [Spot("q.py", 6, 8)])
    assert "return os.path.size_of(p) and p.measure() and lib.size_of" in made.files["q.py"]
    assert [str(place) for place in made.by_name] == ["q.py:7"]


async def test_lines_become_a_function(real: Workbench, shop: Path) -> None:
    found = await asked(real, shop, "extract lines 21-23 of src/shop/prices.py into as_cents")
    assert found.change is not None, found.notes
    after = found.change.files["src/shop/prices.py"][1]
    assert "def as_cents(whole, rest, text):" in after and "return as_cents(whole, rest, text)" in after
    refused = await asked(real, shop, "extract lines 200-300 of src/shop/prices.py into more")
    assert refused.change is None and "lines" in refused.notes[0]


def test_stars_and_quoted_types_are_renamed_with_a_class() -> None:
    texts = {
        "p/__init__.py": 'from .models import *\n\n__all__ = ["Headers"]\n',
        "p/models.py": "class Headers:\n    pass\n",
        "p/types.py": 'from typing import TYPE_CHECKING, Union\n\nif TYPE_CHECKING:\n    from .models import Headers\n\nKinds = Union["Headers", str]\nNAME = "Headers"\n',
    }
    code = Code(texts)
    one = next(one for one in code.by_name["Headers"] if one.kind == "class")
    made = renaming.renamed(code, one, "HeaderMap", [Spot("p/models.py", 1, 6), Spot("p/types.py", 4, 24)])
    assert made.files["p/__init__.py"].endswith('["HeaderMap"]\n')
    assert 'Union["HeaderMap", str]\nNAME = "Headers"' in made.files["p/types.py"]


@pytest.mark.parametrize(
    ("lines", "why"),
    [((2, 3), "cut a statement; lines 2 to 4"), ((6, 6), "wait for something"), ((1, 6), "define something"), ((2, 4), "")],
)  # fmt: skip
def test_lines_that_cannot_stand_alone_are_refused(lines: tuple[int, int], why: str) -> None:
    text = "async def f(x):\n    if x:\n        y = 1\n        z = 2\n    w = 3\n    await x(w)\n"
    assert why in refactorings.cannot_be_cut(text, *lines) if why else refactorings.cannot_be_cut(text, *lines) == ""


def test_a_function_that_would_give_what_it_never_set_is_refused() -> None:
    made = "def new(x):\n    for a in x:\n        if a:\n            message = 'no'\n            raise TypeError(message)\n    return message\n"
    assert refactorings.gives_what_is_not_there(made, "new") == "message"
    assert refactorings.gives_what_is_not_there("def new(x):\n    y = x\n    return y\n", "new") == ""


async def test_this_is_done_where_somebody_is(real: Workbench, shop: Path) -> None:
    found = await asked(real, shop, "extract this into as_cents", here=Here("src/shop/prices.py", 21, 23))
    assert found.change is not None and "def as_cents(" in found.change.files["src/shop/prices.py"][1]
    renamed = await asked(real, shop, "rename this function to taxed", here=Here("src/shop/prices.py", 8, 8))
    assert renamed.change is not None and renamed.change.title == "rename with_tax to taxed"
    missing = await asked(real, shop, "rename with_tax in src/shop/cart.py to taxed")
    assert missing.change is None and "in src/shop/cart.py is called" in missing.notes[0]


def test_what_a_model_adds_is_shown_behind_many_facts() -> None:
    many = tuple(Line(f"fact {n}") for n in range(20))
    found = Reply((*many, Line("a word", source="unchecked")))
    told = list(shapes.lines(found))
    assert told[-2] == "✗? a word" and told[-1] == "  (8 more; --json has them)" and len(told) == 14
    assert "a word" in shapes.markdown(found, str)


def test_what_stands_in_a_file_ends_no_fence() -> None:
    made = Reply((), (), (), Proposed("x", {"a.py": ("", "```\n# done\n````\n")}))
    told = shapes.markdown(made, str)
    assert "`````diff" in told and told.rstrip().endswith("`````")


async def test_the_history_names_commits(make: Make, shop: Path) -> None:
    from dulwich import porcelain

    assert (await asked(make(), shop, "who changed prices.py last?")).lines, (
        "the definition, where there is no repository"
    )
    porcelain.init(str(shop))
    porcelain.add(str(shop), [str(one) for one in shop.rglob("*.py")])
    commit = porcelain.commit(str(shop), message=b"First prices", author=b"Ada <a@b>", committer=b"Ada <a@b>").decode()
    found = await asked(make(), shop, "who changed prices.py last?")
    assert f"{commit[:10]}, " in found.lines[0].text and "Ada: First prices" in found.lines[0].text
    assert found.lines[0].source == "history"


async def test_where_nothing_is_known_it_says_so(make: Make, shop: Path) -> None:
    found = await asked(make(), shop, "where are quaternions interpolated spherically")
    assert found.is_empty and found.notes
    nothing = await asked(make(), shop, "write a function that adds two numbers")
    assert "Say which file" in nothing.notes[0]
    assert Checkpoints(shop.parent / "cache", shop).log() == ()


def assay(*words: str, home: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "XDG_CACHE_HOME": str(home / "cache"), "XDG_STATE_HOME": str(home / "state"), "ASSAY_SANDBOX_ENABLED": "false"}  # fmt: skip
    return subprocess.run([sys.executable, "-I", "-m", "assay", *words], input=stdin, capture_output=True, text=True, env=env, check=False, timeout=120)  # fmt: skip


def test_the_command_answers_keeps_and_forgets(shop: Path, tmp_path: Path) -> None:
    found = json.loads(assay("chat", "who calls with_tax?", "--in", str(shop), "--json", home=tmp_path).stdout)
    assert set(found) == {"schema", "lines", "notes", "about", "change"}
    assert set(found["lines"][0]) == {"text", "source", "places"}
    assert found["lines"][0]["places"][0] == {"file": "src/shop/report.py", "line": 12}
    told = assay("chat", "what does it raise?", "--in", str(shop), home=tmp_path)
    assert told.returncode == 0 and "`with_tax`" in told.stdout
    kept = json.loads(assay("chat", "--in", str(shop), "--history", "--json", home=tmp_path).stdout)
    assert [one["asked"] for one in kept["turns"]] == ["who calls with_tax?", "what does it raise?"]
    assert json.loads(assay("chat", "--in", str(shop), "--clear", "--json", home=tmp_path).stdout)["forgotten"] == 2
    none = assay("chat", "where are quaternions interpolated", "--in", str(shop), home=tmp_path)
    assert none.returncode == 1
    assert assay("chat", "--in", str(shop), home=tmp_path).returncode == 2, "nothing is asked, and nobody is there to be asked"  # fmt: skip


def test_a_change_is_written_where_that_is_asked_for_and_taken_back(shop: Path, tmp_path: Path) -> None:
    at = f"{shop / 'src/shop/prices.py'}:8"
    done = assay("chat", "rename this function to taxed", "--at", at, "--apply", "--json", home=tmp_path)
    change = json.loads(done.stdout)["change"]
    assert change["title"] == "rename with_tax to taxed" and change["state"] == "unverified" and "+def taxed(" in change["diff"]  # fmt: skip
    assert "def taxed(" in (shop / "src/shop/prices.py").read_text()
    assert assay("undo", "--in", str(shop), home=tmp_path).returncode == 0
    assert "def with_tax(" in (shop / "src/shop/prices.py").read_text()
