"""What the popup composes: imports as the project has them, and calls whose arguments are at hand."""

from __future__ import annotations

import pytest

from analyzers import imports, naming
from analyzers.reach import PATTERNS
from analyzers.text import Snapshot
from assay.assistant.suggest import composed
from assay.assistant.suggest.composed import Offers

TEXTS = {
    "src/shop/price.py": "import numpy as np\nfrom shop.tax import rate, plain as simple\n\nLIMIT = 3\n\ndef total(items, *, tax): ...\n\ndef twice(x): ...\n",
    "src/shop/tax.py": "def rate(country): ...\n\ndef plain(): ...\n\nclass Till:\n    def ring(self, item, /, *rest, at): ...\n    def twice(self): ...\n",
    "a.py": "import numpy as np\nimport json\nfrom shop.tax import rate\nfrom __future__ import annotations\nimport os.path\n",
    "test_a.py": "def helper(): ...\n",
}


def test_names_are_imported_as_the_project_does_it_most_often() -> None:
    found = imports.table(TEXTS, lambda file: file.startswith("test_"))
    assert found["np"] == "import numpy as np"
    assert found["rate"] == "from shop.tax import rate"
    assert found["simple"] == "from shop.tax import plain as simple"
    assert found["total"] == "from shop.price import total"
    assert found["LIMIT"] == "from shop.price import LIMIT"
    assert found["Path"] == "from pathlib import Path"
    assert found["json"] == "import json"
    assert not {"helper", "annotations", "os.path"} & set(found)


def test_what_begins_with_what_is_typed_and_is_not_there_yet() -> None:
    offers = composed.of_project(TEXTS, PATTERNS)
    found, has_more = composed.importable(offers, "ra", {"random"})
    assert ("rate", "from shop.tax import rate") in found
    assert "random" not in [name for name, _ in found] and not has_more
    found, has_more = composed.importable(offers, "s", ())
    assert len(found) == composed.IMPORTED and has_more
    assert composed.importable(offers, "", ()) == ([], True)
    assert composed.importable(composed.NOTHING, "", ()) == ([], False)


@pytest.mark.parametrize(
    ("text", "names", "variables", "receiver", "calls"),
    [
        ("from shop.price import total\n", ["total"], {"items", "tax"}, "", ["total(items, tax=tax)"]),
        ("from shop.price import total\n", ["total"], {"items"}, "", []),
        ("from other import total\n", ["total"], {"items", "tax"}, "", []),  # another one of that name
        ("def total(items, *, tax): ...\n", ["total"], {"items", "tax"}, "", []),  # its own one
        ("from shop.tax import plain\n", ["plain"], {"x"}, "", []),  # it needs nothing
        ("from shop.price import twice\n", ["twice"], {"x"}, "", []),  # the project has two of them
        ("", ["ring", "twice"], {"item", "at"}, "till", ["ring(item, at=at)"]),
        ("", ["ring"], {"item", "at"}, "", []),
    ],
)
def test_whole_calls(text: str, names: list[str], variables: set[str], receiver: str, calls: list[str]) -> None:
    offers = composed.of_project(TEXTS, PATTERNS)
    assert made(offers, names, variables, text, receiver) == calls


def made(
    offers: Offers, names: list[str], variables: set[str], text: str, receiver: str = "", own: str = "m.py"
) -> list[str]:
    """The calls that are composed at the end of a text."""
    snapshot = Snapshot("file:///m.py", "/m.py", 1, f"{text}{receiver}{'.' if receiver else ''}")
    place = naming.at(snapshot, len(snapshot.text))
    assert place is not None
    return [call for _, call in composed.calls(offers, names, variables, place, own)]


def test_a_name_is_the_projects_only_where_the_document_says_so() -> None:
    offers = composed.of_project({"a.py": "def bar(x): ...\ndef foo(name): ...\n"}, PATTERNS)
    for text, own, calls in (
        ("from a import foo\n", "m.py", ["foo(name)"]),
        ("from a import bar, foo  # both\r\n", "m.py", ["foo(name)"]),
        ("from a import (bar, foo)\n", "m.py", ["foo(name)"]),
        ("from a import bar as foo\n", "m.py", []),
        ("from a import foo as bar\n", "m.py", []),
        ("def foo(path, mode): ...\n", "m.py", []),
        ("def foo(name): ...\n", "a.py", ["foo(name)"]),
    ):
        assert made(offers, ["foo"], {"name"}, text, own=own) == calls, text


def test_a_method_is_the_projects_where_all_of_its_class_may_stand_here() -> None:
    text = "class Box:\n    def push_it(self, item): ...\n    def replace(self, item): ...\n    def look(self): ...\n"
    offers = composed.of_project({"a.py": text}, PATTERNS)
    assert made(offers, ["push_it", "replace", "look"], {"item"}, "", "box") == ["push_it(item)"]
    assert made(offers, ["push_it", "replace"], {"item"}, "", "box") == [], "something else has a method of that name"


def test_what_must_be_given_by_name_is_however_long_the_signature() -> None:
    long = ", ".join(f"option_{n}: int = {n}" for n in range(40))
    offers = composed.of_project({"a.py": f"def go(a, {long}, *rest: tuple[int, str], key): ...\n"}, PATTERNS)
    assert made(offers, ["go"], {"a", "key"}, "from a import go\n") == ["go(a, key=key)"]


def test_a_file_that_is_too_deep_takes_nothing_from_the_others() -> None:
    deep = "if a:\n    pass\n" + "".join(f"elif a == {n}:\n    pass\n" for n in range(1500))
    offers = composed.of_project({"deep.py": deep, "a.py": "def foo(name): ...\n"}, PATTERNS)
    assert "foo" in offers.calls and "foo" in offers.imports


@pytest.mark.parametrize("file", ["my-script.py", "2to3/x.py", "class/x.py", "setup.py", "conftest.py"])
def test_nothing_is_imported_from_where_nobody_can(file: str) -> None:
    assert "foo_bar" not in imports.table({file: "def foo_bar(): ...\n"}, lambda file: False)


def test_imports_are_read_as_python_reads_them() -> None:
    found = imports.table(
        {"a.py": 'from b import one\r\nX = """\nfrom c import two\n"""\nfrom d import (\n    three,\n)\n'},
        lambda file: False,
    )
    assert (found["one"], found["three"]) == ("from b import one", "from d import three")
    assert "two" not in found
    assert (
        imports.table({"python/shop/x.py": "def foo(): ...\n"}, lambda file: False)["foo"] == "from shop.x import foo"
    )


def test_nothing_is_imported_from_the_document_itself() -> None:
    offers = composed.of_project({"src/a.py": "def fetch_own(): ...\n"}, PATTERNS)
    assert composed.importable(offers, "fetch_o", (), "src/a.py")[0] == []
    assert composed.importable(offers, "fetch_o", (), "src/b.py")[0] == [("fetch_own", "from a import fetch_own")]


@pytest.mark.parametrize(
    ("marked", "names"),
    [
        ("def f(a, b=c, *d, e: g = 1, **h):\n    |\n", "a b d e h"),
        (
            "def f(a):\n    b, (c, d) = x, y\n    for e, i in z: pass\n    with o as p, q as (r, s): pass\n    t: u = 1\n    t.v = 2\n    |\n",
            "a b c d e i p r s t",
        ),
        ("def f(a):\n    |\n    b = 1\n", "a"),
        ("def f(a):\n    def g(b):\n        c = 1\n    |\n", "a"),
        ("a = 1\ndef f(b): ...\n|\n", "a"),
        ("def f(a):\n    if (n := a): pass\n    x = |", "a n"),
        ("def f(a):\n    total = comp|\n", "a"),
        ('def f(a):\n    q = """\nSELECT\n"""\n    |', "a q"),
        ("def f(a):\n    for b in |", "a"),
        ("class C:\n    def f(self, a):\n        self.b = a\n        |\n", "self a"),
    ],
)
def test_what_a_function_binds_before_a_place(marked: str, names: str) -> None:
    snapshot = Snapshot("file:///m.py", "/m.py", 1, marked.replace("|", ""))
    assert naming.variables(snapshot, marked.index("|")) == set(names.split())
