"""Repairs, by case files: the first mended text that each offers."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzers import imports
from analyzers.names import Unknown
from analyzers.site import Site
from analyzers.text import Snapshot, Span
from assay.assistant.complete import repair
from assay.assistant.drafting.ask import Ask
from assay.assistant.drafting.filters.draft import Draft
from assay.assistant.nouns import Check, Failed
from assay.assistant.proof import plan
from assay.assistant.world.change import one_file
from assay.assistant.world.world import World
from tests.conftest import Case, cases
from tests.unit.test_filters import draft_of


@pytest.mark.parametrize("case", cases("repair"))
def test_repair_case(case: Case) -> None:
    draft = draft_of(case)
    undefined = tuple(case.sections.get("undefined", "").split())
    text = draft.before + draft.text + draft.after
    unknown = tuple(Unknown("", "", int(line), int(column), int(length), instead) for line, column, length, instead in
                    (row.split() for row in case.sections.get("unknown", "").splitlines()))  # fmt: skip
    failed = Failed((Check("parse", "passed" if undefined or unknown else "failed"),), "", undefined, unknown)
    span = Span(len(draft.before), len(draft.before) + len(draft.text))
    change = one_file(World(Path("/")), Snapshot("", "", 0, ""), text, span)
    mended = next(repair.mended(draft, change, failed, {}))
    assert mended.text == case.sections["repaired"]
    assert "\n".join(mended.imports) == case.sections.get("top", "")


@pytest.mark.parametrize("case", cases("imports"))
def test_imports_go_to_the_top(case: Case) -> None:
    text = case.sections["text"]
    edit = imports.edit(Snapshot("", "", 0, text), ("import math", "from re import sub"))
    assert text[: edit.span.start] + edit.text + text[edit.span.end :] == case.sections["imported"]


def test_line_ends_are_those_of_the_file() -> None:
    edit = imports.edit(Snapshot("", "", 0, "import os\r\nx = 1\r\n"), ("import math",))
    assert (edit.span.start, edit.text) == (9, "\r\nimport math")


def test_the_projects_own_way_to_import_wins() -> None:
    texts = {"a.py": "import numpy as np\n", "b.py": "from decimal import Decimal as D\n"}
    assert imports.statement_for("np", "np.zeros(3)", texts, "c.py") == "import numpy as np"


def test_a_definition_of_the_project_is_imported_from_its_module() -> None:
    texts = {"src/shop/cart.py": "class Cart:\n    pass\n"}
    assert imports.statement_for("Cart", "Cart()", texts, "src/shop/till.py") == "from shop.cart import Cart"


def test_an_unknown_name_gets_no_import() -> None:
    assert imports.statement_for("frobnicate", "frobnicate()", {}, "c.py") is None


@pytest.mark.parametrize(
    ("text", "written", "without"),
    [
        ("def f(x):\n    y = \u2038\n    return 1\n", "1", ["def f(x):\n\n    return 1\n"]),
        ("def f(x):\n    y = \u2038\n", "1", ["def f(x):\n    pass\n"]),
        ("def f(x):\n    y = \u2038\n)\n", "1", []),
        ("def f(x):\n    if x:\n\u2038\n    return y\n", "        x += 1", ["def f(x):\n    if x:\n        pass\n    return y\n"]),
        ("def f(x):\n    y = g(\n        1,\n        \u2038\n    )\n    return y\n", "2,", ["def f(x):\n\n    return y\n"]),
        ("def f(x):\n    y = 1\u2038\n", "\n    return y", ["def f(x):\n    y = 1\n"]),
        ("def f(x):\u2038\n", "\n    return x", ["def f(x):\n    pass\n"]),
    ],
)  # fmt: skip
def test_what_a_statement_under_way_is_compared_with(text: str, written: str, without: list[str]) -> None:
    before, after = text.split("\u2038")
    snapshot = Snapshot("file:///m.py", "/m.py", 0, before + after)
    change = repair.placed(Ask(snapshot, len(before), World(Path("/"))), Draft(written, before, after, Site("line")))
    assert plan.without(change) == tuple(without)
