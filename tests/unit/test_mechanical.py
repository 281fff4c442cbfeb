"""Functions that are written by rule: each body is run here, on classes of our own, and does what its name says."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import pytest

from analyzers.mechanical import shape
from analyzers.wishes import heads
from analyzers.wishes.wish import Wish
from assay.assistant.write import rules

CART = '''
import argparse
from dataclasses import dataclass, field


@dataclass
class Item:
    name: str
    price: float
    count: int = 1


class Cart:
    def __init__(self, owner: str, limit: int = 9) -> None:
        self._owner = owner
        self.limit = limit
        self.items: list[Item] = []
        self.codes: dict[str, int] = {{}}

    {head}
        """{doc}"""


@dataclass
class Point:
    x: int
    y: int

    {point}
        """{doc}"""


{free}
    """{doc}"""
'''


def made(where: str, head: str, doc: str = "") -> tuple[Wish, list[str], str]:
    """The wish of a head, the bodies, and the module around it; where: "head" (in Cart), "point" or "free"."""
    heads_of = {"head": "def unused(self):", "point": "def unused(self):", "free": "def unused():"}
    text = CART.format(doc=doc, **(heads_of | {where: head}))
    name = head.rpartition("def ")[2].partition("(")[0]
    owner = {"head": "Cart.", "point": "Point.", "free": ""}[where]
    wish = heads.of_function(text, f"{owner}{name}")
    assert wish is not None
    return wish, [one.body for one in rules.made({"mod.py": text}, "mod.py", wish)], text


def run(text: str, wish: Wish, body: str, expression: str) -> object:
    """What an expression gives once the body stands in the module: a plain one of ours, so it may run here."""
    lines = text.splitlines()
    at = next(n for n, line in enumerate(lines) if f"def {wish.name}(" in line)
    indent = " " * (8 if wish.owner else 4)
    imports = [one for found in rules.made({"mod.py": text}, "mod.py", wish) for one in found.imports]
    lines[at + 1] = textwrap.indent(body, indent)
    namespace: dict[str, object] = {}
    exec("\n".join([*imports, *lines]), namespace)
    return eval(expression, namespace)


FILLED = "[c := Cart('Ann'), c.items.extend([Item('a', 2.0, 3), Item('b', 1.0)]), c.codes.update(x=1, y=2), {}][-1]"
MEMBERS = [
    ("head", "@property\n    def owner(self) -> str:", "Cart('Ann').owner", "Ann"),
    ("head", "def get_limit(self):", "Cart('Ann', 4).get_limit()", 4),
    ("head", "def set_limit(self, value):", "[c := Cart('Ann'), c.set_limit(2), c.limit][-1]", 2),
    ("head", "def __len__(self):", FILLED.format("len(c)"), 2),
    ("head", "def __iter__(self):", FILLED.format("[one.name for one in c]"), ["a", "b"]),
    ("head", "def add_item(self, item: Item) -> None:", "[c := Cart(''), c.add_item(Item('z', 1.0)), c.items[0].name][-1]", "z"),
    ("head", "def add_item(self, name: str, price: float) -> None:", "[c := Cart(''), c.add_item('z', 4.0), c.items[0].price][-1]", 4.0),
    ("head", "def remove_item(self, name: str) -> None:", FILLED.format("[c.remove_item('a'), len(c.items)][-1]"), 1),
    ("head", "def find_item(self, name: str):", FILLED.format("c.find_item('b').price"), 1.0),
    ("head", "def has_item(self, name: str) -> bool:", FILLED.format("[c.has_item('b'), c.has_item('q')]"), [True, False]),
    ("head", "def count_items(self) -> int:", FILLED.format("c.count_items()"), 2),
    ("head", "def clear_items(self) -> None:", FILLED.format("[c.clear_items(), len(c.items)][-1]"), 0),
    ("head", "def get_code(self, key: str) -> int:", FILLED.format("c.get_code('y')"), 2),
    ("head", "def set_code(self, key: str, value: int) -> None:", FILLED.format("[c.set_code('q', 7), c.codes['q']][-1]"), 7),
    ("head", "def remove_code(self, key: str) -> None:", FILLED.format("[c.remove_code('x'), list(c.codes)][-1]"), ["y"]),
    ("head", "def is_empty_items(self) -> bool:", FILLED.format("c.is_empty_items()"), False),
    ("head", "def total_price(self) -> float:", FILLED.format("c.total_price()"), 3.0),
    ("point", "def __repr__(self):", "repr(Point(1, 2))", "Point(x=1, y=2)"),
    ("point", "def __eq__(self, other):", "[Point(1, 2) == Point(1, 2), Point(1, 2) == Point(2, 2), Point(1, 2) == 3]", [True, False, False]),
    ("point", "def __lt__(self, other):", "[Point(1, 2) < Point(1, 3), Point(2, 0) < Point(1, 3)]", [True, False]),
    ("point", "def to_dict(self):", "Point(1, 2).to_dict()", {"x": 1, "y": 2}),
    ("point", "@classmethod\n    def from_dict(cls, data):", "Point.from_dict({'x': 3, 'y': 4}).y", 4),
    ("point", "def copy(self):", "[p := Point(1, 2), p.copy() == p, p.copy() is p][1:]", [True, False]),
    ("point", "def to_json(self) -> str:", "Point(1, 2).to_json()", '{"x": 1, "y": 2}'),
    ("point", "def as_tuple(self):", "Point(1, 2).as_tuple()", (1, 2)),
]  # fmt: skip
ITEMS = "[Item('a', 2.0, 3), Item('b', 1.0, 3), Item('c', 5.0)]"
RECORDS = [
    ("def total_price(items: list[Item]) -> float:", f"total_price({ITEMS})", 8.0),
    ("def cheapest(items: list[Item]) -> Item:", f"cheapest({ITEMS}).name", "b"),
    ("def sort_by_price(items: list[Item]) -> list[Item]:", f"[o.name for o in sort_by_price({ITEMS})]", ["b", "a", "c"]),
    ("def group_by_count(items: list[Item]) -> dict:", f"{{k: len(v) for k, v in group_by_count({ITEMS}).items()}}", {3: 2, 1: 1}),
    ("def count_by_count(items):", f"count_by_count({ITEMS})", {3: 2, 1: 1}),
    ("def find_item(items: list[Item], name: str):", f"find_item({ITEMS}, 'c').price", 5.0),
    ("def filter_by_count(items: list[Item], count: int) -> list[Item]:", f"len(filter_by_count({ITEMS}, 3))", 2),
    ("def names(items: list[Item]) -> list[str]:", f"names({ITEMS})", ["a", "b", "c"]),
    ("def items_over(items: list[Item], min_price: float) -> list[Item]:", f"len(items_over({ITEMS}, 2.0))", 2),
    ("def items_by_name(items: list[Item]) -> dict[str, Item]:", f"items_by_name({ITEMS})['b'].price", 1.0),
    ("def item_to_dict(item: Item) -> dict:", "item_to_dict(Item('q', 1.0))", {"name": "q", "price": 1.0, "count": 1}),
    ("def make_item(name: str, price: float) -> Item:", "make_item('q', 2.0).price", 2.0),
]  # fmt: skip


@pytest.mark.parametrize(("where", "head", "expression", "gives"), MEMBERS, ids=[one[1] for one in MEMBERS])
def test_members_follow_from_what_a_class_has(where: str, head: str, expression: str, gives: object) -> None:
    wish, bodies, text = made(where, head)
    assert bodies, "a rule"
    assert run(text, wish, bodies[0], expression) == gives, bodies


@pytest.mark.parametrize(("head", "expression", "gives"), RECORDS, ids=[one[0] for one in RECORDS])
def test_functions_over_own_types(head: str, expression: str, gives: object) -> None:
    wish, bodies, text = made("free", head)
    assert bodies, "a rule"
    assert run(text, wish, bodies[0], expression) == gives, bodies


def test_a_command_line_has_the_options_that_the_description_names() -> None:
    doc = "Read the command line: PATH, --count N (default 3), --ratio R (a float), -v, --verbose to say more, --name NAME (required)."
    wish, (body,), text = made("free", "def parse_args(argv):", doc)
    told = run(text, wish, body, "vars(parse_args(['x', '--count', '4', '-v', '--name', 'q']))")
    assert told == {"path": "x", "count": 4, "ratio": None, "verbose": True, "name": "q"}, body


WRAPPERS = [
    ("def retry(times):", "A decorator that tries again.", "[n := [], retry(3)(lambda: n.append(1) or 1 / 0 if len(n) < 2 else 7)()][-1]", 7),
    ("def counted(function):", "Decorator that counts the calls.", "[f := counted(lambda: 1), f(), f(), f.calls][-1]", 2),
    ("def cached(function):", "A decorator: remember the results.", "[n := [], f := cached(lambda x: n.append(x)), f(1), f(1), len(n)][-1]", 1),
    ("def once(function):", "Decorator that runs it once.", "[n := [], f := once(lambda: n.append(1) or len(n)), f(), f()][-1]", 1),
]  # fmt: skip


@pytest.mark.parametrize(("head", "doc", "expression", "gives"), WRAPPERS, ids=[one[0] for one in WRAPPERS])
def test_decorators_do_what_is_said_of_them(head: str, doc: str, expression: str, gives: object) -> None:
    wish, bodies, text = made("free", head, doc)
    assert run(text, wish, bodies[0], expression) == gives, bodies


@pytest.mark.parametrize("head", ["def mystery(self):", "def zebra(self, one, two, three):"])
def test_what_no_rule_speaks_of_has_no_body(head: str) -> None:
    assert made("head", head)[1] == []


def test_a_class_of_another_file_is_known() -> None:
    texts: Mapping[str, str] = {
        "shop/items.py": "from dataclasses import dataclass\n\n@dataclass\nclass Item:\n    price: float\n",
        "shop/__init__.py": "",
        "shop/cart.py": "from shop.items import Item\n\n\ndef total(items: list[Item]) -> float:\n    ...\n",
    }
    wish = heads.of_function(texts["shop/cart.py"], "total")
    assert wish is not None
    assert rules.made(texts, "shop/cart.py", wish)[0].body == "return sum(one.price for one in items)"


def test_the_shape_of_a_class() -> None:
    cart = shape.of_text(CART.format(head="def a(self):", point="def b(self):", free="def c():", doc=""))["Cart"]
    told = [(one.name, one.hint, one.holds, one.made) for one in cart.fields]
    assert told == [
        ("_owner", "str", "", 0), ("limit", "int", "", 1), ("items", "list[Item]", "list", -1), ("codes", "dict[str, int]", "dict", -1)
    ]  # fmt: skip
