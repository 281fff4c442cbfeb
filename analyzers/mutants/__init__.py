"""One-edit mutants of a statement: what a developer may have meant instead. Pure, on text; every mutant parses.

A mutation that turns a failing test green tells where a bug is, and how it is mended. The priors are how often such an edit was seen to mend
bugs in released packages; they only say what is tried first.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from analyzers import syntax
from analyzers.places import Places
from analyzers.text import Edit, Span

from . import expressions, statements
from .scope import Form, Scope

STATEMENTS = (ast.stmt, ast.ExceptHandler)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One edit, with how likely it mends a bug of its statement (0 to 1)."""

    edit: Edit
    prior: float


class Mutants:
    """The mutants of one text's statements; a text that does not parse has none."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tree = syntax.module(text) if syntax.has_plain_lines(text) else None
        self._places = Places(text)
        self._functions = sorted(syntax.functions(self._tree), key=lambda item: item[1].lineno) if self._tree else []
        self._scopes: dict[int, Scope] = {}
        self._statements: dict[int, ast.AST] = {}
        for node in ast.walk(self._tree) if self._tree else ():
            if isinstance(node, STATEMENTS):
                self._statements.setdefault(node.lineno, node)

    def of_line(self, line: int) -> list[Mutant]:
        """All that `likeliest` gives."""
        return list(self.likeliest(line))

    def likeliest(self, line: int) -> Iterator[Mutant]:
        """Those of the statement whose own lines begin on `line` (from 1), the likeliest first, each text once. Each takes about a millisecond, as it is looked
        at."""
        tree, statement = self._tree, self._statements.get(line)
        if statement is None or tree is None:
            return
        scope = self._scope(tree, statement)
        found: dict[tuple[int, int, str], float] = {}
        for form in self._forms(statement, scope):
            span = form.node if isinstance(form.node, Span) else self._places.span(form.node)
            if self._text[span.start : span.end] != form.text:
                key = (span.start, span.end, form.text)
                found[key] = max(found.get(key, 0.0), form.prior)
        ordered = sorted(found.items(), key=lambda item: -item[1])
        for (start, end, text), prior in ordered:
            if self._parses(statement, start, end, text):
                yield Mutant(Edit(Span(start, end), text), prior)

    def _scope(self, tree: ast.Module, statement: ast.AST) -> Scope:
        line = statement.lineno  # type: ignore[attr-defined]
        around = [node for _, node in self._functions if node.lineno <= line <= (node.end_lineno or 0)]
        function: ast.AST = max(around, key=lambda node: node.lineno, default=tree)
        if id(function) not in self._scopes:
            self._scopes[id(function)] = Scope(self._places, tree, function)
        return self._scopes[id(function)]

    def _forms(self, statement: ast.AST, scope: Scope) -> Iterator[Form]:
        assert isinstance(statement, STATEMENTS)
        yield from statements.forms(statement, scope)
        for node in _expressions(statement):
            yield from expressions.forms(node, scope)

    def _parses(self, statement: ast.AST, start: int, end: int, text: str) -> bool:
        """Whether the text with the edit still parses: the function around it, or the module's statement, is looked at alone."""
        assert self._tree is not None
        line = statement.lineno  # type: ignore[attr-defined]
        around: list[ast.stmt] = [node for _, node in self._functions if _first(node) <= line <= (node.end_lineno or 0)]
        around = around or [one for one in self._tree.body if _first(one) <= line <= (one.end_lineno or 0)]
        if not around:
            return False
        whole = min(around, key=lambda one: (one.end_lineno or 0) - one.lineno)
        begin, finish = self._places.offset(_first(whole), 0), self._places.span(whole).end
        code = self._text[begin:start] + text + self._text[end:finish]
        return syntax.compiles(f"if True:\n{code}" if code[:1].isspace() else code)


def _first(node: ast.stmt) -> int:
    return min((d.lineno for d in getattr(node, "decorator_list", ())), default=node.lineno)


def _expressions(statement: ast.AST) -> Iterator[ast.expr]:
    """The expressions of a statement's own, without those of the statements in it, annotations and decorators."""
    stack: list[ast.AST] = [statement]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.expr):
            yield node
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "type_params"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
                    stack.append(child)
