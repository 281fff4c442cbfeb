"""Which of a guide's rules a text breaks, and where. On the tree, so that text which is being typed can be looked at too; nothing is executed."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import lint, syntax
from .guide import STYLES, Guide, Rule

if TYPE_CHECKING:
    from tree_sitter import Node

MOST = 200  # of one text
_FORMS: Mapping[str, re.Pattern[str]] = {
    "snake_case": re.compile(r"_*[a-z0-9][a-z0-9_]*|_+"),
    "PascalCase": re.compile(r"_*[A-Z][A-Za-z0-9]*"),
    "camelCase": re.compile(r"_*[a-z][A-Za-z0-9]*"),
    "UPPER_CASE": re.compile(r"_*[A-Z][A-Z0-9_]*"),
}


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that is broken at a place: line and column from 1, `end` behind it in the same terms. `what` stands there; `use` is what to write instead, where the rule says."""

    rule: str
    line: int
    column: int
    end: tuple[int, int]
    what: str
    why: str
    use: str = ""

    @property
    def message(self) -> str:
        """One sentence."""
        instead = f"; use {self.use}" if self.use else ""
        return f"{self.rule}: {self.what}{instead}"


def found(guide: Guide, text: str, file: str) -> tuple[Breach, ...]:
    """All breaches of rules that need no other program, in their order. Takes milliseconds for each thousand lines."""
    rules = guide.of(file)
    if not rules or len(text) > syntax.PARSE_LIMIT:
        return ()
    root = syntax.parse(text).root_node
    seen = _Seen(text, _imported(root))
    every = list[Breach]()
    wants_walk = [rule for rule in rules if rule.banned_calls or rule.banned_imports or rule.names]
    if wants_walk:
        for node in _all(root):
            for rule in wants_walk:
                every += seen.of(rule, node)
            if len(every) > MOST:
                break
    for rule in rules:
        if rule.query:
            every += [seen.at(rule, node, f"`{seen.first_line(node)}`") for node in syntax.captured(root, rule.query)]
    return tuple(sorted(dict.fromkeys(every), key=lambda one: (one.line, one.column, one.rule))[:MOST])


async def of_ruff(guide: Guide, text: str, file: str, python: str = lint.OURS) -> tuple[Breach, ...]:
    """Breaches of rules that are ruff's. Raises LintError."""
    codes = {code: rule for rule in guide.of(file) for code in rule.ruff}
    if not codes:
        return ()
    told = list[Breach]()
    for one in await lint.check(text, python, ",".join(sorted(codes))):
        rule = next((codes[code] for code in sorted(codes, key=len, reverse=True) if one.code.startswith(code)), None)
        if rule is not None:
            told.append(
                Breach(
                    rule.name,
                    one.line,
                    one.column,
                    (one.line, one.end_column or one.column + 1),
                    f"{one.code} {one.message}",
                    rule.why,
                    rule.use,
                )
            )
    return tuple(told)


@dataclass(frozen=True, slots=True)
class _Seen:
    text: str
    names: Mapping[str, str]  # what a name of the file means, with dots

    def of(self, rule: Rule, node: Node) -> Iterator[Breach]:
        """What of this node breaks a rule."""
        match node.type:
            case "call" if rule.banned_calls and (function := node.child_by_field_name("function")) is not None:
                meant = self.meaning(function)
                if meant and any(_is(meant, banned) for banned in rule.banned_calls):
                    yield self.at(rule, function, f"{meant}() is called")
            case "import_statement" | "import_from_statement" if rule.banned_imports:
                for module in _modules(node):
                    if any(module == banned or module.startswith(f"{banned}.") for banned in rule.banned_imports):
                        yield self.at(rule, node, f"{module} is imported")
            case "function_definition" | "class_definition" if rule.names and (name := node.child_by_field_name("name")) is not None:  # fmt: skip
                yield from self.named(rule, "class" if node.type[0] == "c" else "function", name)
            case "parameters" | "lambda_parameters" if rule.names:
                for one in node.named_children:
                    if (name := _parameter(one)) is not None:
                        yield from self.named(rule, "argument", name)
            case "assignment" if rule.names and (left := node.child_by_field_name("left")) is not None:
                for name in (
                    [left]
                    if left.type == "identifier"
                    else left.named_children
                    if left.type in ("pattern_list", "tuple_pattern")
                    else []
                ):
                    if name.type == "identifier":
                        yield from self.named(rule, "variable", name)

    def named(self, rule: Rule, kind: str, name: Node) -> Iterator[Breach]:
        """Whether a name has one of the shapes that it may have. Dunder names are Python's."""
        text = _text(name)
        for wanted, shapes in rule.names:
            if wanted != kind or (text.startswith("__") and text.endswith("__")) or text == "_":
                continue
            if not any(
                _FORMS[one].fullmatch(text) if one in STYLES else fnmatch.fnmatchcase(text, one) for one in shapes
            ):
                yield self.at(rule, name, f"the {kind} `{text}` is not {' or '.join(shapes)}")

    def at(self, rule: Rule, node: Node, what: str) -> Breach:
        """A breach at a node."""
        (line, column), (last, end) = node.start_point, node.end_point
        lines = self.text.split("\n")
        return Breach(
            rule.name,
            line + 1,
            _column(lines, line, column),
            (last + 1, _column(lines, last, end)),
            what,
            rule.why,
            rule.use,
        )

    def first_line(self, node: Node) -> str:
        """What stands there, shortened."""
        return _text(node).split("\n")[0][:60]

    def meaning(self, node: Node) -> str:
        """What is called, with dots, through the file's imports; "" for what is no name."""
        if node.type not in ("identifier", "attribute"):
            return ""
        dotted = "".join(_text(node).split())
        if not re.fullmatch(r"[\w.]+", dotted):
            return ""
        first, dot, rest = dotted.partition(".")
        return f"{self.names.get(first, first)}{dot}{rest}"


def _is(meant: str, banned: str) -> bool:
    """Whether a call is of what is banned: by its whole name, or a method of it by `.name`."""
    return meant == banned or (banned.startswith(".") and meant.endswith(banned))


def _imported(root: Node) -> dict[str, str]:
    names = dict[str, str]()
    for node in _all(root):
        if node.type == "import_statement":
            for one in node.named_children:
                if one.type == "aliased_import" and (name := one.child_by_field_name("name")) and (alias := one.child_by_field_name("alias")):  # fmt: skip
                    names[_text(alias)] = _text(name)
        elif node.type == "import_from_statement" and (module := node.child_by_field_name("module_name")) is not None:
            for one in node.children_by_field_name("name"):
                name, alias = (one.child_by_field_name("name"), one.child_by_field_name("alias")) if one.type == "aliased_import" else (one, one)  # fmt: skip
                if name is not None and alias is not None:
                    names[_text(alias)] = f"{_text(module)}.{_text(name)}"
    return names


def _modules(node: Node) -> list[str]:
    if node.type == "import_from_statement":
        module = node.child_by_field_name("module_name")
        base = _text(module) if module is not None else ""
        return [base, *(f"{base}.{_text(one).split(' ')[0]}" for one in node.children_by_field_name("name"))]
    return [_text(one).split(" ")[0] for one in node.named_children]


def _parameter(node: Node) -> Node | None:
    """The name of a parameter, whatever stands around it."""
    if node.type == "identifier":
        return node
    if node.type in ("default_parameter", "typed_default_parameter"):
        return node.child_by_field_name("name")
    if node.type in ("typed_parameter", "list_splat_pattern", "dictionary_splat_pattern"):
        return next((found for one in node.named_children if (found := _parameter(one)) is not None), None)
    return None


def _all(root: Node) -> Iterator[Node]:
    cursor, goes_down = root.walk(), True
    while True:
        if goes_down and cursor.node is not None:
            yield cursor.node
        if goes_down and cursor.goto_first_child():
            continue
        if cursor.goto_next_sibling():
            goes_down = True
            continue
        if not cursor.goto_parent():
            return
        goes_down = False


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _column(lines: list[str], line: int, byte: int) -> int:
    """From 1, in code points."""
    text = lines[line] if line < len(lines) else ""
    return len(text.encode("utf-8", "surrogatepass")[:byte].decode("utf-8", "replace")) + 1
