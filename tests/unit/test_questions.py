"""Questions about a project's code: what is said to them, at which places, and which sentences of a model are borne out."""

from __future__ import annotations

import pytest

from analyzers import uses
from analyzers.questions import answers, described, question
from analyzers.questions.answers import Answer
from analyzers.questions.code import Code
from analyzers.questions.naming import meant
from analyzers.said import borne, claims
from evals import handed_in

MORE = '''"""Where it goes."""

import os
import warnings

from shop.cart import Cart
from shop.prices import discounted as less

LIMIT = 30
_seen: dict[str, int] = {}
price = less


class BigCart(Cart):
    """A cart for many things."""

    size: int = 500

    def add(self, name: str, cents: int, count: int = 10) -> None:
        """Put ten of a thing into the cart."""
        try:
            super().add(name, cents, count)
        except ValueError:
            raise LookupError(f"no {name} left in the store") from None
        _seen[name] = count

    @staticmethod
    def token() -> str:
        """The key of the service."""
        warnings.warn("use keys()", DeprecationWarning)
        return os.environ.get("SHOP_TOKEN", "")


async def stocked(cart: BigCart):
    for name in cart.lines:
        yield name
'''


@pytest.fixture(scope="module")
def code() -> Code:
    return Code({**handed_in.files("shop"), "src/shop/store.py": MORE})


def asked(code: Code, text: str) -> Answer:
    return answers.answer(code, question.read(text), lambda: described.index(code))


def row(code: Code, file: str, part: str) -> str:
    """The place of the first line with a text."""
    rows = code.texts[file].split("\n")
    return f"{file}:{next(n for n, one in enumerate(rows, 1) if part in one)}"


CART, PRICES, REPORT, STORE = "src/shop/cart.py", "src/shop/prices.py", "src/shop/report.py", "src/shop/store.py"


@pytest.mark.parametrize(
    ("text", "file", "part"),
    [
        ("where is `with_tax` defined?", PRICES, "def with_tax"),
        ("What does Cart.remove do?", CART, "def remove"),
        ("who calls with_tax()", REPORT, "{with_tax("),
        ("which functions does total_for_member call?", CART, "return discounted"),
        ("what does `discounted` raise", PRICES, "no percentage"),
        ("where is ValueError raised in parsed?", PRICES, "is no price"),
        ("who catches ValueError", STORE, "except ValueError"),
        ("what does Cart.net_total return?", CART, "return sum("),
        ("what's the default of count in Cart.add", CART, "def add"),
        ("what parameters does rate take", "src/shop/rates.py", "def rate"),
        ("subclasses of Cart?", STORE, "class BigCart"),
        ("what does BigCart inherit from?", STORE, "class BigCart"),
        ("list the methods of Cart", CART, "def __init__"),
        ("which tests cover `parsed`?", "tests/test_prices.py", "def test_parsed"),
        ("where is LIMIT set", STORE, "LIMIT = 30"),
        ("Where does _seen get changed?", STORE, "_seen: dict"),
        ("which environment variables are read", STORE, "SHOP_TOKEN"),
        ("is anything deprecated here?", STORE, "DeprecationWarning"),
        ("who imports shop.rates", REPORT, "from shop.rates"),
        ("how are in_currency and fetch connected?", REPORT, "rate(url"),
        ('where does "no pen left in the store" come from', STORE, "left in the store"),
        ("what is src/shop/report.py for?", REPORT, "A report"),
        ("is `stocked` async?", STORE, "async def stocked"),
        ("who overrides Cart.add", STORE, "def add"),
        ("where's the code that takes a thing out of the cart again", CART, "def remove"),
        ("what does store.price do", PRICES, "def discounted"),
        ("what does the big cart inherit from", STORE, "class BigCart"),
        ("which part works out how many pieces are in it", CART, "def count"),
    ],
)
def test_the_first_place_is_right(code: Code, text: str, file: str, part: str) -> None:
    found = asked(code, text)
    assert found.statements, text
    places = [str(one) for one in found.statements[0].places]
    assert row(code, file, part) in places, [(one.text, *map(str, one.places)) for one in found.statements]


def test_what_is_not_there_is_said_with_what_is_like_it(code: Code) -> None:
    found = asked(code, "who calls `with_taxes`?")
    assert found.by == "nothing"
    assert "`with_tax`" in found.statements[0].text


def test_words_that_no_file_has_find_nothing(code: Code) -> None:
    assert not asked(code, "where are quaternions interpolated spherically").statements


def test_names_are_told_from_words() -> None:
    found = question.read("Does `Cart.add()` call foo_bar with count=3 in src/shop/cart.py:12?")
    assert found.names == ("Cart.add", "foo_bar")
    assert (found.files, found.line, found.must) == (("src/shop/cart.py",), 12, ("count=3",))


def test_a_line_means_what_is_around_it(code: Code) -> None:
    (one,) = meant(code, question.read("what is at src/shop/cart.py:14"))
    assert one.things[0].path == "Cart.add"


def test_a_name_means_what_its_imports_and_its_scope_say() -> None:
    code = Code(
        {
            "p/__init__.py": "",
            "p/m.py": "def go():\n    return 1\n\n\ndef open_it():\n    return go()\n\n\nclass C:\n    def open(self):\n        return open('x')\n",
            "p/a.py": "import p.m\nfrom p.m import go as start\n\n\ndef one():\n    p.m.go()\n\n\ndef two():\n    start()\n\n\ndef three(go):\n    go()\n",
        }
    )  # fmt: skip
    found = [(one.text.split("`")[1], one.is_sure) for one in asked(code, "who calls `go`?").statements]
    assert found == [("one", True), ("two", True), ("open_it", True)]
    none = asked(code, "who calls C.open?")
    assert none.statements[0].text.startswith("Nothing in the project's texts calls `C.open`")


def test_what_is_returned_is_told_by_the_tree() -> None:
    code = Code({"a.py": 'def f(x): return x\n\n\ndef g(x):\n    """Do.\n\n    return the things\n    """\n    if x: return 5\n\n\ndef h():\n    try:\n        g(1)\n    except OSError:\n        raise\n'})  # fmt: skip
    assert [str(one.places[0]) for one in asked(code, "what does `f` return?").statements] == ["a.py:1"]
    assert [str(one.places[0]) for one in asked(code, "what does `g` return?").statements] == ["a.py:9"]
    assert "raises again" in asked(code, "what does `h` raise?").statements[0].text


@pytest.mark.parametrize(
    "text",
    ["a = 1\rb = 2\n\ndef f():\r    return 1\n", "class A(" + ".".join(["a"] * 800) + "):\n    pass\n", "def f(:\n", "x = " + "[" * 300 + "]" * 300],
)  # fmt: skip
def test_one_file_that_nobody_can_read_ends_no_question(text: str) -> None:
    code = Code({"odd.py": text, "b.py": "def total():\n    return 1\n", "x.cfg": "[" * 40_000})
    assert str(asked(code, "where is `total`?").statements[0].places[0]) == "b.py:1"
    assert asked(code, "which piece computes the total").statements


def test_a_question_without_end_is_read_to_some_length() -> None:
    for text in ("which error " * 3000, "get " * 3000 + "from " * 3000, "`" * 30_000, "any " * 9000):
        assert len(question.read(text).text) <= question.LONGEST


def test_uses_are_told_by_line() -> None:
    found = {(one.kind, one.name, one.line, one.owner) for one in uses.of_text('import os\n\n\ndef f(a):\n    x.y = os.getenv("A")\n    raise KeyError(f"no {a} here")\n')}  # fmt: skip
    assert {("import", "os", 1, ""), ("environment", "A", 5, "f"), ("assign", "x.y", 5, "f"), ("raise", "KeyError", 6, "f"), ("text", "no … here", 6, "f")} <= found  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "`with_tax` is called by `lines` in `src/shop/report.py`.",
        "`discounted` raises a `ValueError`.",
        "The `count` parameter of `Cart.add` defaults to `1`.",
        "`BigCart` inherits from `Cart`.",
        "`BigCart.token` is a static method.",
        "`LIMIT` is set to `30`.",
        "`BigCart.add` catches a `ValueError` and raises a `LookupError` instead.",
        "`rate` takes two parameters, namely `url` and `currency`.",
        "`parsed` is tested by `test_parsed`.",
        "`BigCart.token` reads the `SHOP_TOKEN` environment variable.",
        "`Cart` is defined in `src/shop/cart.py`.",
    ],
)
def test_what_the_texts_say_is_borne_out(code: Code, text: str) -> None:
    found = borne.of(code, text)
    assert (found.how, found.why) == ("borne", ""), claims.taken(text)
    assert found.places


@pytest.mark.parametrize(
    "text",
    [
        "`with_vat` adds the tax.",
        "`with_tax` is defined in `src/shop/cart.py`.",
        "`with_tax` is called by `in_currency`.",
        "`discounted` raises a `KeyError`.",
        "The `count` parameter of `Cart.add` defaults to `2`.",
        "`Cart` inherits from `BigCart`.",
        "`Cart.add` is a static method.",
        "`LIMIT` is set to `31`.",
        "`Cart.add` catches a `ValueError`.",
        "`rate` takes three parameters.",
        "`with_tax` is not called anywhere.",
        "`parsed` is tested by `test_member`.",
        "`fetch` takes no arguments.",
        "You can call `rate(url, currency, cached=True)`.",
        "It is in `src/shop/taxes.py`.",
        "`discounted` is at `src/shop/prices.py:3`.",
        "`Cart.add` is deprecated.",
        "`fetch` can be imported from `shop.prices`.",
        "`discounted` raises no exception `ValueError`.",
    ],
)
def test_what_they_deny_is_denied(code: Code, text: str) -> None:
    found = borne.of(code, text)
    assert found.how == "denied", claims.taken(text)
    assert found.why


@pytest.mark.parametrize(
    "text",
    [
        "`Cart` has no method `add`.",
        "`rate` takes no parameter `url`.",
        "`BigCart` inherits from no class `Cart`.",
        "It is false that `discounted` raises `ValueError`.",
        "`discounted` always raises `ValueError`.",
        "`BigCart.add` only catches `ValueError`.",
        "`with_tax` is called by `lines` and never by tests.",
        "`BigCart` inherits from `Cart` or `dict`.",
        "`fetch` never raises `OSError`.",
        "`rate` does not catch `KeyError`.",
        "`with_tax` is at line `²`.",
        "`fetch` retries three times before it gives up.",
        "`with_tax` is called by `lines`, which runs in its own thread.",
        "It is fast.",
        "`Cart` is the best of classes.",
    ],
)
def test_what_nobody_can_tell_is_not_borne_out(code: Code, text: str) -> None:
    assert borne.of(code, text).how == "unchecked"
