"""What the popup composes: imports as the project has them, and calls whose arguments are at hand."""

from __future__ import annotations

import pytest

from analyzers import imports, naming
from analyzers.reach import PATTERNS
from analyzers.text import Snapshot
from assay.assistant.suggest import composed

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
        ("def total(items, *, tax): ...\n", ["total"], {"items", "tax"}, "", ["total(items, tax=tax)"]),
        ("from shop.tax import plain\n", ["plain"], {"x"}, "", []),  # it needs nothing
        ("from shop.price import twice\n", ["twice"], {"x"}, "", []),  # the project has two of them
        ("", ["ring"], {"item", "at"}, "till", ["ring(item, at=at)"]),
        ("", ["ring"], {"item", "at"}, "", []),
    ],
)
def test_whole_calls(text: str, names: list[str], variables: set[str], receiver: str, calls: list[str]) -> None:
    offers = composed.of_project(TEXTS, PATTERNS)
    assert [call for _, call in composed.calls(offers, names, variables, text, receiver)] == calls


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
        ("class C:\n    def f(self, a):\n        self.b = a\n        |\n", "self a"),
    ],
)
def test_what_a_function_binds_before_a_place(marked: str, names: str) -> None:
    snapshot = Snapshot("file:///m.py", "/m.py", 1, marked.replace("|", ""))
    assert naming.variables(snapshot, marked.index("|")) == set(names.split())
