"""Summaries: a sentence that says no more than the facts, who calls what, and what tests were seen to enter; and that what is false is found out."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from analyzers import facts, sentence, words
from assay.assistant.record.coverage import CoverageMap, digests
from assay.assistant.summarize import shapes, symbols
from assay.assistant.workbench import Workbench
from assay.assistant.world.world import World
from evals import summaries
from tests.unit.conftest import Make

TEXT = '''\
import os


class BadName(ValueError):
    pass


def check_name(name):
    if not name:
        raise BadName(name)
    return name


def rename(name, other):
    """Give it another name."""
    os.rename(check_name(name), other)
'''


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("get_doc_string", ("get", "doc", "string")),
        ("getDocString", ("get", "doc", "string")),
        ("getdocstring", ("get", "doc", "string")),
        ("HTTPServer2", ("HTTP", "server2")),
        ("__init__", ("init",)),
        ("xyzzyplugh", ("xyzzyplugh",)),
        ("_", ()),
    ],
)
def test_names_are_words(name: str, found: tuple[str, ...]) -> None:
    assert words.of_name(name) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def get_name(user):\n    return user.name\n", "Return the name of the `user`."),
        ("def is_even(n):\n    return not n % 2\n", "Return True if the `n` is even."),
        ("def load_cfg(path):\n    return open(path)\n", "Load the configuration of the `path`."),
        ("def load():\n    pass\n", "Load the object."),
        ("def to_json(value):\n    return value\n", "Convert the `value` to a json."),
        ("def median(data):\n    return data[0]\n", "Return the median of the `data`."),
        ("def names(users):\n    return [u.name for u in users]\n", "Return the names of the `users` as a list."),
        ("def lines(file):\n    yield 1\n", "Yield the lines of the `file`."),
        ("class C:\n    def __len__(self):\n        return 1\n", "Return the number of items."),
        ("class BadName(ValueError): ...\n", "Raised where there is a bad name."),
        ("class Cart(Box): ...\n", "A cart, a Box."),
    ],
)
def test_a_sentence_is_composed_of_the_name_and_the_facts(text: str, said: str) -> None:
    found = facts.of_text(text)
    assert found
    assert sentence.of(found[-1]) == said


async def of_text(bench: Workbench, root: Path, **files: str) -> dict[str, symbols.Symbol]:
    (root / "pyproject.toml").write_text("")
    for name, text in files.items():
        (root / f"{name}.py").write_text(text)
    found = await symbols.of_file(bench, World(root), "m.py", files["m"])
    assert found is not None
    return {one.facts.path: one for one in found}


async def test_callers_and_recorded_tests_are_told(make: Make, tmp_path: Path) -> None:
    bench = make()
    recorded = CoverageMap(
        "here",
        {"m.py": digests(TEXT)},
        {"test_m.py::test_a": frozenset({"m.py::check_name"}), "test_m.py::test_b": None},
    )
    bench.maps.save(tmp_path, recorded)
    found = await of_text(bench, tmp_path, m=TEXT, other="from m import rename\n\n\ndef run():\n    rename('a', 'b')\n")
    assert found["check_name"].callers == ("m.py::rename",)
    assert found["check_name"].tests == ("test_m.py::test_a",)
    assert found["rename"].callers == ("other.py::run",)
    assert found["rename"].tests == ()
    assert list(shapes.lines(found["rename"])) == [
        "Raises `BadName` by `check_name`.",
        "Renames a file (`os.rename`).",
        "Called by `other.py::run`.",
        "No recorded test enters it.",
        "Complexity 1.",
    ]
    changed = TEXT.replace("if not name", "if name is None")
    again = await of_text(bench, tmp_path, m=changed)
    assert again["check_name"].tests is None  # it is not as it was when they ran
    assert again["rename"].tests == ()


async def test_a_hover_repeats_no_docstring(make: Make, tmp_path: Path) -> None:
    found = await of_text(make(), tmp_path, m=TEXT)
    assert "another name" not in shapes.markdown(found["rename"])
    assert not shapes.markdown(found["rename"]).startswith("Rename")
    assert shapes.markdown(found["check_name"]).startswith("Check the name of the `name`")
    assert "- Raises `BadName` where `not name`." in shapes.markdown(found["check_name"])


async def test_a_symbol_is_found_by_its_name_and_by_its_line(make: Make, tmp_path: Path) -> None:
    found = list((await of_text(make(), tmp_path, m="class C:\n    def f(self): ...\n\n\ndef f(): ...\n")).values())
    assert [one.facts.path for one in symbols.named(found, "C")] == ["C", "C.f"]
    assert [one.facts.path for one in symbols.named(found, "f")] == ["C.f", "f"]
    assert symbols.named(found, "g") == []
    at = symbols.at_line(found, 2)
    assert at is not None
    assert at.facts.path == "C.f"
    assert symbols.at_line(found, 4) is None


async def test_a_text_that_does_not_parse_has_no_summary(make: Make, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    assert await symbols.of_file(make(), World(tmp_path), "m.py", "def f(:\n") is None


def test_facts_of_others_code_hold_against_its_bytecode_and_a_planted_lie_is_found(data: Path) -> None:
    """Thirty functions; `python -m evals.summaries` does all of them."""
    chance = random.Random(4)
    for item in chance.sample(summaries.load(data), 30):
        claims = summaries.claims_of(item["code"])
        assert list(summaries.wrong(claims, item["code"])) == [], item["name"]
        assert list(summaries.wrong(summaries.lies(claims, chance), item["code"])), item["name"]
        assert summaries.every_claim(summaries.renamed(item["code"])) == summaries.every_claim(item["code"])
