"""Where candidates are from beside the model: similar functions, calls of what is there; and what tests show of a function that nobody wrote yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzers import sessions
from analyzers.wishes import heads, tested
from analyzers.wishes.wish import Wish
from assay.assistant.write import alike
from assay.assistant.write.library import Library

UNITS = '''
FACTOR = 9 / 5


def to_celsius(temperature: float) -> float:
    """Convert a temperature to celsius."""
    if temperature < LOWEST["celsius"]:
        raise ValueError("too low for celsius")
    return (temperature - 32) / FACTOR


def to_kelvin(degrees: float) -> float:
    """Convert a temperature to kelvin."""
    ...


LOWEST = {"celsius": -459.67, "kelvin": 0}
'''


def wish_of(text: str, name: str) -> Wish:
    found = heads.of_function(text, name)
    assert found is not None
    return found


def test_the_most_similar_function_is_taken_over_in_the_names_of_the_wish() -> None:
    found = alike.made({"units.py": UNITS}, "units.py", wish_of(UNITS, "to_kelvin"))
    bodies = [one.body for one in found]
    assert "LOWEST['kelvin']" in bodies[0] and "degrees - 32" in bodies[0] and "too low for kelvin" in bodies[0]
    assert "LOWEST['celsius']" in bodies[1] and "degrees - 32" in bodies[1]
    assert bodies[2] == "return to_celsius(degrees)"
    assert [one.source for one in found] == ["project", "project", "library"]
    assert all(one.needs_example and "units.py::to_celsius" in one.told for one in found)


def test_what_another_file_has_comes_with_its_imports() -> None:
    texts = {
        "app/text.py": "import re\n\nSPACE = re.compile(' ')\n\ndef split_words(line):\n    '''Split a line into words.'''\n    return re.split(SPACE, line)\n",
        "app/__init__.py": "",
        "app/new.py": "def split_lines(text):\n    '''Split a text into lines.'''\n",
    }  # fmt: skip
    found = alike.made(texts, "app/new.py", wish_of(texts["app/new.py"], "split_lines"))
    assert found[0].body == "return re.split(SPACE, text)"
    assert found[0].imports == ("from app.text import SPACE", "import re")
    assert found[-1].body == "return split_words(text)"
    assert found[-1].imports == ("from app.text import split_words",)


def test_a_function_that_has_nothing_to_do_with_it_is_not_taken_over() -> None:
    text = "def parse_header(line):\n    return line.split(':')\n\n\ndef to_kelvin(degrees):\n    ...\n"
    assert alike.made({"m.py": text}, "m.py", wish_of(text, "to_kelvin")) == []


def test_the_standard_library_has_calls_for_it(tmp_path: Path) -> None:
    text = (
        'def dedented(text: str) -> str:\n    """Remove any common leading whitespace from every line in the text."""\n'
    )
    (tmp_path / "m.py").write_text(text)
    found = Library(tmp_path / "cache")._found(wish_of(text, "dedented"), ())
    assert ("return textwrap.dedent(text)", ("import textwrap",)) in [(one.body, one.imports) for one in found]
    assert all(one.needs_example for one in found)


TESTS = """
import pytest
import shop.price
from shop.price import net as plain, Basket


def test_net():
    rate = 20
    assert plain(120, rate) == 100
    assert plain(0, 20) is None
    assert not plain(5, 0)
    with pytest.raises(ValueError):
        plain(-1, 20)


@pytest.mark.parametrize(("gross", "expected"), [(110, 100), pytest.param(220, 200, id="x")])
def test_table(gross, expected):
    assert expected == shop.price.net(gross, 10)


def test_fixture(tmp_path):
    assert plain(1, tmp_path) == 3


def test_unknown():
    assert plain(helper(), 1) == 3


class TestBasket:
    def test_total(self):
        basket = Basket([1])
        unused = object()
        basket.add(2)
        assert basket.total() == 3
"""
SHOP = """
class Basket:
    def __init__(self, prices):
        self.prices = prices

    def add(self, price):
        self.prices.append(price)

    def total(self):
        ...


def net(gross, rate):
    ...
"""
FILES = {"shop/__init__.py": "", "shop/price.py": SHOP, "tests/test_price.py": TESTS}


def test_tests_show_what_a_function_is_to_give() -> None:
    found = tested.with_tests(wish_of(SHOP, "net"), FILES, "shop/price.py")
    told = {sessions.told(one.call): one.gives or one.raised for one in found.examples}
    assert told == {
        "rate = 20; net(120, rate)": "100", "net(0, 20)": "None", "bool(net(5, 0))": "False", "net(-1, 20)": "ValueError",
        "net(110, 10)": "100", "net(220, 10)": "200",
    }  # fmt: skip
    assert {one.call for one in found.examples} <= set(found.tested)


def test_tests_show_what_a_method_is_to_give() -> None:
    found = tested.with_tests(wish_of(SHOP, "Basket.total"), FILES, "shop/price.py")
    assert [(sessions.told(one.call), one.gives) for one in found.examples] == [("basket = Basket([1]); basket.add(2); basket.total()", "3")]  # fmt: skip


@pytest.mark.parametrize("text", ["", "def test_x(:\n", "from other.price import net\ndef test_x():\n    assert net(1, 2) == 3\n"])  # fmt: skip
def test_other_tests_show_nothing(text: str) -> None:
    found = tested.with_tests(wish_of(SHOP, "net"), FILES | {"tests/test_price.py": text}, "shop/price.py")
    assert (found.examples, found.tested) == ((), ())


DOC = """
>>> cart = Cart()
>>> cart.add(3)
>>> cart.total()
3
>>> cart.total(-1)
Traceback (most recent call last):
    ...
ValueError: no
"""


def test_a_docstring_shows_a_member_by_a_session() -> None:
    found = sessions.of_doctest(DOC, "total")
    assert [(sessions.told(one.call), one.gives, one.raised) for one in found] == [
        ("cart = Cart(); cart.add(3); cart.total()", "3", ""),
        ("cart = Cart(); cart.add(3); cart.total(); cart.total(-1)", "", "ValueError"),
    ]
    assert sessions.as_doctest(found[0]) == ">>> cart = Cart()\n>>> _ = cart.add(3)\n>>> cart.total()\n3"


def test_a_sentence_shows_a_member() -> None:
    (one,) = sessions.of_prose("the sum, e.g. Cart([1, 2]).total() is 3.", "Cart", "total")
    assert (one.call, one.gives) == ("Cart([1, 2]).total()", "3")


def test_a_way_to_use_an_instance_is_shown_as_a_doctest() -> None:
    from analyzers.documented import Example

    one = Example("[o := Cart([1]), repr(o.add(2)), repr(o.total())][1:]", "['None', '3']")
    assert sessions.as_doctest(one) == ">>> o = Cart([1])\n>>> o.add(2)\n>>> o.total()\n3"
    assert sessions.told(one.call) == "o = Cart([1]); o.add(2); o.total()"


SEVERAL = """
import pytest
from shop.price import net, Basket


def test_near():
    assert net(1, 2) == pytest.approx(0.1)


def test_local():
    expected = [1, 2]
    assert net(4, 5) == expected


def test_kinds():
    with pytest.raises((ValueError, TypeError)):
        net(6, 7)


def test_own_name():
    net = Basket([1])
    assert net == 3


def test_two():
    basket = Basket([])
    assert basket.total() == 0
    basket.add(3)
    assert basket.total() == 3
"""


def test_what_a_test_says_otherwise_is_no_false_example() -> None:
    files = FILES | {"tests/test_price.py": SEVERAL}
    found = tested.with_tests(wish_of(SHOP, "net"), files, "shop/price.py")
    assert found.examples == ()
    assert found.checks == ("[(expected := [1, 2]), net(4, 5) == expected][-1]",)
    found = tested.with_tests(wish_of(SHOP, "Basket.total"), files, "shop/price.py")
    told = [sessions.told(one.call) for one in found.examples]
    assert told[1] == "basket = Basket([]); basket.total(); basket.add(3); basket.total()"
