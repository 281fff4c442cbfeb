"""Ruff over standard input: what is wrong, what is new, and that an absent ruff teaches nothing."""

from __future__ import annotations

import pytest

from analyzers import lint


async def test_what_makes_code_wrong_is_found_and_what_is_only_untidy_is_not() -> None:
    found = await lint.check("import os\nprint(undefined)\n")
    assert [(f.code, f.line, f.column) for f in found] == [("F821", 2, 7)]


async def test_a_finding_that_moved_is_not_new() -> None:
    before = await lint.check("print(undefined)\n")
    after = await lint.check("x = 1\n\nprint(undefined)\nprint(other)\n")
    assert [f.message for f in lint.new(before, after)] == ["Undefined name `other`"]


async def test_text_that_is_no_text_is_answered() -> None:
    assert [f.code for f in await lint.check("x = '\ud800'\n(")] == ["invalid-syntax"]


async def test_a_ruff_that_is_not_there_teaches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lint, "program", lambda: "/nowhere/ruff")
    with pytest.raises(lint.LintError, match="could not be started"):
        await lint.check("x = 1\n")


@pytest.mark.parametrize(
    ("python", "codes"), [("3.11", ["invalid-syntax"]), ("3.12", []), ("3.99", []), ("3.6", ["invalid-syntax"])]
)
async def test_syntax_is_judged_for_the_projects_python(python: str, codes: list[str]) -> None:
    assert [f.code for f in await lint.check("def first[T](p: list[T]) -> T:\n    return p[0]\n", python)] == codes
