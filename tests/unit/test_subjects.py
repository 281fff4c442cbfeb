"""What the text of a function says of what it is called with, and the calls that are made of it."""

from __future__ import annotations

import ast

import pytest

from analyzers import documented, scenarios, subjects, tryouts
from analyzers.documented import Example
from analyzers.mutants import usual
from analyzers.subjects import Subject


def subject(text: str) -> Subject:
    (found,) = subjects.of_text(text)
    return found


@pytest.mark.parametrize(
    ("written", "kinds"),
    [
        ("int", ("int",)),
        ("Optional[List[int]]", ("list[int]", "None")),
        ("'str | None'", ("str", "None")),
        ("Mapping[str, list[float]]", ("dict[str, list[float]]",)),
        ("tuple[int, ...]", ("tuple[int]…",)),
        ("Union[int, typing.Sequence[str]]", ("int", "list[str]")),
        ("Literal['a', 2]", ("='a'", "=2")),
        ("Frame", ()),
        ("'not python('", ()),
    ],
)
def test_types_are_those_that_the_hints_say(written: str, kinds: tuple[str, ...]) -> None:
    (parameter,) = subject(f"def f(frame: {written}): ...\n").parameters
    assert parameter.kinds == kinds
    assert parameter.is_sure is bool(kinds)


@pytest.mark.parametrize(
    ("header", "body", "first"),
    [
        ("q", "return q.lower()", "str"),
        ("q", "return [x for x in range(q)]", "int"),
        ("q", "return sum(q) / len(q)", "list[int]"),
        ("q", "return q['key']", "dict[str, int]"),
        ("q", "return q[0][1]", "list[list[int]]"),
        ("q=True", "return q", "bool"),
        ("words", "return words", "list[str]"),
        ("q", "return 'a' in q", "str"),
    ],
)
def test_without_hints_the_use_tells_the_type(header: str, body: str, first: str) -> None:
    (parameter,) = subject(f"def f({header}):\n    {body}\n").parameters
    assert parameter.kinds[0] == first and not parameter.is_sure


DOC = '''def add(a, b):
    """Add.

    add(1, 2) == 3, and add("a", "b") => "ab".
    For add(2.5, 1) it should return 3.5; add(x, 1) is open, add(1, 1) too.
    >>> add([1], [2])
    [1, 2]
    >>> add(1, "a")
    Traceback (most recent call last):
    TypeError: no
    >>> print(add(1, 2))
    3
    2 * add(4, 4) == 16, obj.add(3, 3) == 5, add(5, 5) = 5 * 2, add(6, 6) = 12 because so
    """
    return a + b + 0 * 17
'''


def test_examples_are_read_as_people_write_them() -> None:
    found = subject(DOC)
    assert set(found.examples) == {
        Example("add([1], [2])", "[1, 2]"),
        Example('add(1, "a")', "", "TypeError"),
        Example("add(1, 2)", "3"),
        Example('add("a", "b")', '"ab"'),
        Example("add(6, 6)", "12"),
    }
    assert found.literals == (0, 17), "those of the code alone"


def test_a_text_that_does_not_parse_has_none() -> None:
    assert subjects.of_text("def f(:\n") == ()


def test_calls_are_made_of_the_likeliest_types_first() -> None:
    found = subject("def f(text, n=3, *, strict: bool):\n    return text.lower() * n\n")
    kinds = tryouts.combinations(found)
    assert kinds[0] == ("str", "int", "bool")
    calls = tryouts.many(found, kinds[0], 80, seed=1)
    assert len(set(calls)) == 80 and calls == tryouts.many(found, kinds[0], 80, seed=1), "the same each time"
    for one in calls:
        call = ast.parse(one, mode="eval").body
        assert isinstance(call, ast.Call) and [word.arg for word in call.keywords] in (["n", "strict"], ["strict"])
        assert isinstance(ast.literal_eval(call.args[0]), str)
    assert {"n=" in one for one in calls} == {True, False}, "a default is left to itself now and then"


@pytest.mark.parametrize(
    "kind",
    ["list[tuple[str, int]]", "dict[str, list[int]]", "set[int]", "tuple[int]…", "frozenset", "bytes", "='x'", "None"],
)
def test_values_of_any_type_are_literals(kind: str) -> None:
    found = subject("def f(x): ...\n")
    for call in tryouts.many(found, (kind,), 12, seed=3):
        assert call.startswith("f(") and (kind == "frozenset" or ast.literal_eval(call[2:-1] or "None") is not ...)


def test_values_are_near_the_literals_of_the_code() -> None:
    found = subject("def f(n: int):\n    return n > 4321\n")
    calls = tryouts.many(found, ("int",), 60, seed=0)
    assert {"f(4321)", "f(4322)"} <= set(calls)
    found = subject("def f(n: int, best=100):\n    return n / best >= 0.9\n")
    assert any(one.startswith("f(90") for one in tryouts.many(found, ("int", "int"), 60, seed=0)), (
        "where the share is just that"
    )


def test_many_parameters_are_combined_in_the_order_of_their_likelihood_and_no_more_than_are_tried() -> None:
    found = subject("def f(a, b):\n    return a.lower() + str(b % 2)\n")
    sets = tryouts.combinations(found)
    assert sets[0] == ("str", "int") and len(set(sets)) == len(sets)
    assert all(one[0] == "str" or one[1] == "int" for one in sets[1:3]), "one step away each"
    many = subject(f"def f({', '.join(f'p{n}' for n in range(30))}): ...\n")
    assert len(tryouts.combinations(many)) == tryouts.COMBINED


def test_a_function_that_needs_nothing_is_called_once() -> None:
    found = subject("def f(): ...\n")
    assert tryouts.many(found, tryouts.combinations(found)[0], 10, 0) == ("f()",)


CLASS = '''class Box(Generic[T]):
    """A box."""

    def __init__(self, size: int, name="x"):
        self.size, self._inner = size, []

    def put(self, item):
        self._inner.append(item)

    @property
    def full(self):
        return len(self._inner) >= self.size

    def __len__(self):
        return len(self._inner)

    @classmethod
    def made(cls): ...

    async def later(self): ...

    def _private(self): ...
'''


def test_of_a_class_is_known_what_can_be_done_with_it() -> None:
    found = subject(CLASS)
    assert [one.name for one in found.parameters] == ["size", "name"]
    assert [one.form for one in found.methods] == ["o.put({})", "o.full", "len(o)", "o.size"]
    ways = scenarios.drawn(found, 40, seed=0)
    assert len(set(ways)) == 40 and ways == scenarios.drawn(found, 40, seed=0)
    assert any(scenarios.steps(one)[:-1] == scenarios.steps(ways[0]) for one in ways), "with its last step, and without"
    first, *rest = scenarios.steps(ways[-1])
    assert first.startswith("Box(") and all("o" in one for one in rest)


@pytest.mark.parametrize(
    "text",
    ["class E(ValueError):\n    def f(self): ...\n", "class C(Enum):\n    def f(self): ...\n", "class C(Base):\n    def f(self): ...\n", "class C(metaclass=M):\n    def f(self): ...\n",
     "@register\nclass C:\n    def f(self): ...\n", "class C:\n    x = 1\n"],
)  # fmt: skip
def test_a_class_that_nobody_makes_by_values_is_none(text: str) -> None:
    assert subjects.of_text(text) == ()


def test_a_dataclass_is_made_of_its_fields() -> None:
    found = subject(
        "@dataclass(frozen=True)\nclass P:\n    x: int\n    y: list[str] = field(default_factory=list)\n    z: ClassVar[int] = 1\n\n    def far(self):\n        return self.x\n"
    )
    assert [(one.name, one.kinds, bool(one.default)) for one in found.parameters] == [
        ("x", ("int",), False),
        ("y", ("list[str]",), True),
    ]


def test_literals_of_what_is_used_count_too() -> None:
    text = "YES = {'on', 'ja'}\nOTHER = 'never'\n\n\ndef helper(x):\n    return x == 4711\n\n\ndef f(text):\n    return text in YES or helper(text)\n"
    found = next(one for one in subjects.of_text(text) if one.name == "f")
    assert set(found.literals) == {"on", "ja", 4711}
    calls = tryouts.many(found, ("str",), 40, seed=0)
    assert {"f('on')", "f('ja')"} <= set(calls)


@pytest.mark.parametrize(
    "text",
    [f"def f(x):\n    return x % {10**400}\n", f"def f(x=0x{'f' * 4000}):\n    return x\n", f"def f(x={'+'.join('1' * 900)}):\n    return x\n",
     f"def f(x: {'|'.join(['int'] * 1500)}):\n    return x\n"],
    ids=["a large number", "one that is not written", "a deep default", "a deep hint"],
)  # fmt: skip
def test_what_python_does_not_write_is_not_tried(text: str) -> None:
    for one in subjects.of_text(text):
        for kinds in tryouts.combinations(one):
            assert tryouts.few(one, kinds)
    assert isinstance(usual.of_lines(text, 1, 2), tuple)


def test_a_scenario_goes_on_with_what_was_used_in_it() -> None:
    found = subject(CLASS)
    (begun,) = [one for one in scenarios.drawn(found, 200, seed=1) if one.count("o.put(") == 2][:1]
    ways = scenarios.longer(found, [begun], 30, seed=0)
    head = scenarios.steps(begun)
    assert len(set(ways)) == 30 and all(scenarios.steps(one)[: len(head)] == head for one in ways)
    items = [ast.unparse(ast.parse(one).body[0].value.args[0]) for one in head if one.startswith("o.put(")]  # type: ignore[attr-defined]
    assert any(f"o.put({items[0]})" in scenarios.steps(one)[len(head) :] for one in ways)


@pytest.mark.parametrize(
    ("hint", "value", "breaks"),
    [
        ("int", "x", True),
        ("int", True, False),
        ("float", 1, False),
        ("str | None", None, False),
        ("Optional[str]", None, False),
        ("str", None, True),
        ("list[int]", (1,), True),
        ("'List[int]'", [1], False),
        ("Union[int, Thing]", "x", False),
        ("Thing", "x", False),
        ("None", 1, True),
        ("dict[", 1, False),
        (" | ".join(["int"] * 900), 1, False),
    ],
)
def test_a_value_is_held_against_a_hint(hint: str, value: object, breaks: bool) -> None:
    assert documented.breaks(hint, value) is breaks


def test_an_example_stands_at_the_beginning_too_and_may_contradict_another() -> None:
    assert documented.examples("f(1) == 2 and f(1) == 3", "f") == (documented.Example("f(1)", "2"),)
    assert [one.gives for one in documented.shown(">>> f(1)\n2\n>>> f(1)\n3\n", "f")] == ["2", "3"]
    assert documented.examples("2 * f(1) == 4", "f") == ()


@pytest.mark.parametrize(
    ("value", "kind"),
    [(1, "int"), ([1], "list[int]"), ([], "list[int]"), (["a", 1], "list[any]"), ({"a": 1}, "dict[str, int]"), ((1, 2), "tuple[int]"), ({1}, "set[int]"), (None, "None")],
)  # fmt: skip
def test_a_value_has_a_kind(value: object, kind: str) -> None:
    assert tryouts.kind_of(value) == kind


def test_a_call_is_taken_out_of_an_expression() -> None:
    assert documented.with_call_as_name("set(f(1, [2])) == {3}", "f") == ("f(1, [2])", "set(_) == {3}")
    assert documented.with_call_as_name("f(1) == f(2)", "f") is None
    assert documented.arguments("f(1, 'a')") == (1, "a")
    assert documented.arguments("f(x=1)") is None
