"""Expressions like those that somebody wrote: one literal of them is another, texts are cut, joined, doubled, and have signs put in. Made as source, nothing is run."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from . import syntax

LENGTH = 200  # characters of one
PARTS = 3  # of a text that are taken at once
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
_BLANKS = (" ", "\n", "\n\n", "    ", "\t")


@dataclass(frozen=True, slots=True)
class Mix:
    """What texts are made of: others (`texts`), and `signs` that mean something to what reads them."""

    texts: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    _chance: random.Random = field(default_factory=lambda: random.Random(0), compare=False)

    @staticmethod
    def of(sources: Iterable[str], literals: Iterable[object], seed: int = 0) -> Mix:
        """Of the texts in some expressions, and of the literals of the code that is to be reached: whole, and their signs one by one."""
        texts = dict.fromkeys(one for source in sources for one in _texts(source) if one)
        told = [one for one in literals if isinstance(one, str) and one]
        signs = dict.fromkeys([*told, *(sign for one in told for sign in one if not sign.isalnum())])
        return Mix(tuple(texts), tuple(signs), random.Random(seed))

    def other(self, source: str) -> str:
        """The expression with one literal exchanged; "" where it has none, or has become too long."""
        tree = syntax.expression(source)
        places = [] if tree is None else list(_places(tree))
        if tree is None or not places:
            return ""
        chosen = self._chance.choices(places, [1 + min(len(ast.unparse(one)), 40) for one in places])[0]
        made = self._value(ast.literal_eval(chosen))
        told = ast.unparse(_Exchanged(chosen, made).visit(tree))
        return told if told != source and len(told) <= LENGTH else ""

    def _value(self, value: object) -> object:
        chance = self._chance
        match value:
            case bool():
                return not value
            case str():
                return self._text(value)
            case bytes():
                return self._text(value.decode("latin-1")).encode("latin-1", "ignore")
            case int():
                return chance.choice((value + 1, value - 1, 0, -value, value * 2, value * 10))
            case float():
                return chance.choice((0.0, -value, value + 1, value / 2))
            case list() | tuple():
                return type(value)(self._items(value))
            case dict() if value:
                key = chance.choice(list(value))
                if chance.random() < 0.3:
                    return {one: of for one, of in value.items() if one != key}
                return {**value, key: self._value(value[key])}
            case set() if value:
                return value - {chance.choice(sorted(value, key=repr))}
        return chance.choice((0, "", 1)) if value is None else value

    def _items(self, items: Sequence[object]) -> list[object]:
        found, chance = list(items), self._chance
        if not found:
            return []
        at = chance.randrange(len(found))
        match chance.randrange(5):
            case 0:
                del found[at]
            case 1:
                found.insert(at, found[at])
            case _:
                found[at] = self._value(found[at])
        return found

    def _text(self, text: str) -> str:
        chance, parts = self._chance, _WORDS.findall(text)
        at = chance.randint(0, len(parts))
        end = min(len(parts), at + chance.randint(1, PARTS))
        head, chosen, tail = "".join(parts[:at]), "".join(parts[at:end]), "".join(parts[end:])
        match chance.randrange(8):
            case 0:
                other = _WORDS.findall(chance.choice(self.texts or (text,)))
                return head + "".join(other[chance.randint(0, len(other)) :])
            case 1 | 2:
                return f"{head}{chance.choice(self.signs or _BLANKS)}{chosen}{tail}"
            case 3:
                return head + tail
            case 4:
                return head + chosen * 2 + tail
            case 5:
                return tail + chosen + head
            case 6:
                return text + chance.choice(("", *_BLANKS)) + chance.choice(self.texts or (text,))
        return f"{head}{chance.choice(_BLANKS)}{chosen}{tail}"


class _Exchanged(ast.NodeTransformer):
    """Another value in the place of one node."""

    def __init__(self, place: ast.expr, value: object) -> None:
        self._place, self._value = place, value

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self._place:
            return syntax.expression(repr(self._value)) or node
        other: ast.AST = super().visit(node)
        return other


def _places(node: ast.AST) -> Iterable[ast.expr]:
    """The largest parts that are literals, from left to right."""
    if isinstance(node, ast.expr) and not isinstance(node, ast.Name):
        try:
            ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            pass
        else:
            yield node
            return
    for one in ast.iter_child_nodes(node):
        yield from _places(one)


def _texts(source: str) -> Iterable[str]:
    tree = syntax.expression(source)
    return (
        [one.value for one in ast.walk(tree) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        if tree is not None
        else []
    )
