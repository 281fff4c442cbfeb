"""What is wanted, from how people say it."""

from __future__ import annotations

import pytest

from analyzers import prose
from analyzers.wishes import heads, missing, sentences, tested


def test_a_signature_with_a_docstring_is_a_wish() -> None:
    text = '''
def scale(values: list[int], by: int = 2, *, strict: bool = False) -> list[int]:
    """Multiply each. Must not use map.

    >>> scale([1, 2])
    [2, 4]
    """
'''
    wish = heads.of_function(text, "scale")
    assert wish is not None
    assert wish.head == "def scale(values: list[int], by: int = 2, *, strict: bool = False) -> list[int]:"
    assert [(one.call, one.gives) for one in wish.examples] == [("scale([1, 2])", "[2, 4]")]
    assert [(one.kind, one.what) for one in wish.constraints] == [("avoids", "map")]
    assert {"multiply", "scale"} <= wish.words
    assert heads.of_function(text, "other") is None


@pytest.mark.parametrize(
    "head",
    [
        "def f():",
        "async def f(x) -> None:",
        "def f(a, /, b, *rest: int, c, d=1, **more) -> dict[str, int]:".replace("a, /, ", ""),
        "def f(*, only: int):",
        "def f(x='a', y: str = \"b\"):".replace('"', "'"),
    ],
)
def test_a_head_is_written_as_it_was(head: str) -> None:
    wish = heads.of_function(f"{head}\n    pass\n", "f")
    assert wish is not None
    assert wish.head == head


def test_calls_of_a_name_that_is_not_there_are_a_wish() -> None:
    text = "def main(path):\n    if is_hidden(path, 3):\n        return parse_header(path.name, strict=True)\n"
    wish = missing.of_calls(text, "is_hidden")
    assert wish is not None
    assert wish.head == "def is_hidden(path, number: int) -> bool:"
    other = missing.of_calls(text, "parse_header")
    assert other is not None
    assert other.head == "def parse_header(name, strict: bool):"
    assert other.assumed
    assert missing.of_calls(text, "nobody") is None


@pytest.mark.parametrize(
    ("calls", "head"),
    [
        ("m(Class(), List())", "def m(value_1, list):"),
        ("m(1); m(1, key=3)", "def m(number: int, key: int=None):"),
        ("m(1); m(1, 2); m(1, 2, key=3)", "def m(number: int, number_2: int=None, key: int=None):"),
        ("m(key, key=3)", "def m(value_1, key: int):"),
        ("m(number=1); m(2)", "def m(number: int=None):"),
        ("m(1, *rest, **more)", "def m(number: int, *values, **options):"),
        ("m(b=1, a=2); m(a=3)", "def m(a: int, b: int=None):"),
        ("m(self, cls)", "def m(value_1, value_2):"),
    ],
)
def test_a_head_of_calls_parses_and_takes_each_of_them(calls: str, head: str) -> None:
    wish = missing.of_calls(f"{calls}\n", "m")
    assert wish is not None
    assert wish.head.replace(" = ", "=") == head
    spaces: dict[str, object] = {}
    names = dict.fromkeys(("Class", "List"), int) | dict.fromkeys(("key", "rest", "self", "cls"), ()) | {"more": {}}
    exec(compile(f"{wish.head} ...\n{calls}\n", "m", "exec"), {**names, **spaces})


def test_asserts_about_a_name_that_is_not_there_are_examples() -> None:
    text = "def test_it():\n    assert double(2) == 4\n    assert double(n) == 4\n"
    wish = missing.of_calls(text, "double")
    assert wish is not None
    assert [(one.call, one.gives) for one in wish.examples] == [("double(2)", "4")]
    assert wish.returns == "int"


@pytest.mark.parametrize(
    ("sentence", "head"),
    [
        ("parse the header into a dict, ignore blank lines", "def parse_header(header: str) -> dict:"),
        ("Write a function that counts the vowels in a text", "def count_vowels(text: str) -> int:"),
        ("check whether a number is prime", "def check_number_prime(number: int) -> bool:"),
        ("def clamp(x: int, low: int, high: int) -> int: keep x between low and high", "def clamp(x: int, low: int, high: int) -> int:"),
        ("A function called slugify that turns a title into a string", "def slugify(title: str) -> str:"),
        ("merge two dicts", None),
        ("", None),
        ("?!", None),
    ],
)  # fmt: skip
def test_a_sentence_is_a_wish(sentence: str, head: str | None) -> None:
    wish = sentences.of_sentence(sentence)
    compile(wish.head + " pass", "head", "exec")
    if head is not None:
        assert wish.head == head


def test_what_nobody_said_is_assumed_and_told() -> None:
    assert len(sentences.of_sentence("count the vowels in a text").assumed) == 2
    assert sentences.of_sentence("count_vowels(text: str) -> int: count them").assumed == ()


@pytest.mark.parametrize(
    ("doc", "steps"),
    [
        ("First strip the text, then split it at commas, finally sort the parts.", ("strip the text", "split it at commas", "sort the parts")),
        ("Normalise the name: 1. strip it 2. lower it", ("strip it", "lower it")),
        ("Read the lines. Then drop the empty ones. Then count them.", ("drop the empty ones", "count them")),
        ("Return the first and then some.", ()),
        ("Sort it.", ()),
        ("For example f(1) == 2. 1. Cut it. 2. Join the 5. 3. Go.", ("Cut it", "Join the 5", "Go")),
        ("It gives 2. And more. Or 3. Done.", ()),
        ('First f("  a ") == "a".\n    Then g.\n\n    >>> f(1)\n    2\n', ('f("  a ") == "a"', "g")),
    ],
)  # fmt: skip
def test_steps_are_read_where_somebody_orders_them(doc: str, steps: tuple[str, ...]) -> None:
    assert prose.steps(doc) == steps


def test_an_example_of_any_name_is_one_of_what_is_asked_for_and_becomes_a_doctest() -> None:
    wish = sentences.of_sentence('count the upper case letters in a text, e.g. f("aBC") is 2')
    assert [(one.call, one.gives) for one in wish.examples] == [('count_upper_case_letters("aBC")', "2")]
    assert wish.doc.endswith('>>> count_upper_case_letters("aBC")\n2')
    assert sentences.of_sentence("count the letters").doc == "Count the letters."


def test_what_doctest_cannot_show_stays_an_example() -> None:
    wish = sentences.of_sentence(
        "both(a: list, b: list) -> set: what is in both, both([1], [1]) == {1}, both([], []) == set()"
    )
    assert ">>>" not in wish.doc
    wish = sentences.of_sentence('half(n: int) -> str: half of it, half(4) == "2"')
    assert wish.doc.endswith(">>> half(4)\n'2'")


@pytest.mark.parametrize(
    ("said", "head", "doc"),
    [
        ("shorten a text to a width, e.g. shorten_text('hello', 3) is 'hel'", "def shorten_text(text: str, width):", "Shorten a text to a width."),
        ("keep a number between low and high, e.g. keep(5, 1, 3) == 3", "def keep(number: int, low, high):", "Keep a number between low and high."),
        ("double each number, e.g. f([1]) == [2] and f([]) == []", "def double_number(number):", "Double each number."),
        ("join the keys, as in join_keys({'a': 1}, '-') == 'a', sorted", "def join_keys(keys, text: str):", "Join the keys, as in join_keys({'a': 1}, '-') == 'a', sorted."),
    ],
)  # fmt: skip
def test_an_example_tells_the_name_and_how_much_is_given(said: str, head: str, doc: str) -> None:
    wish = sentences.of_sentence(said)
    assert (wish.head, wish.bare or wish.doc) == (head, doc)
    assert wish.examples


def test_an_example_behind_the_steps_is_one_of_the_whole() -> None:
    wish = sentences.of_sentence('First split a text into words, then drop the short ones, finally join them with "-". E.g. slug("the quick") == "quick"')  # fmt: skip
    assert (wish.name, [one.call for one in wish.examples]) == ("slug", ['slug("the quick")'])
    assert wish.steps == ("split a text into words", "drop the short ones", 'join them with "-"')
    other = sentences.of_sentence("First cut a text into parts, then count the parts")
    assert (other.name, other.returns) == ("cut_and_count", "int")


def test_a_member_is_called_as_in_its_example() -> None:
    wish = sentences.of_member("a method that gives the number of entries; e.g. Log().count() == 0", "Log", ["entries"])
    assert (wish.head, [one.call for one in wish.examples]) == ("def count(self) -> int:", ["Log().count()"])
    assert wish.doc == "Gives the number of entries."


def test_tests_that_import_where_they_stand_are_read() -> None:
    test = "def test_it():\n    from pkg.mod import last\n\n    assert last('a b') == 'b'\n"
    wish = sentences.of_sentence("last(text: str) -> str: the last word")
    found = tested.with_tests(wish, {"pkg/__init__.py": "", "pkg/mod.py": "", "tests/test_mod.py": test}, "pkg/mod.py")
    assert [(one.call, one.gives) for one in found.examples] == [("last('a b')", "'b'")]


def test_a_hint_that_an_example_denies_is_no_hint() -> None:
    wish = sentences.of_sentence("split the words, e.g. f('b a') == ['b', 'a']")
    assert all(one.hint in ("", "str") for one in wish.parameters)
    assert (
        sentences.of_sentence("count the vowels in a text, e.g. f('ab') is 1").head
        == "def count_vowels(text: str) -> int:"
    )
