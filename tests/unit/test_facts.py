"""Facts of functions: what is certain is said, and what may be otherwise at run time is not."""

from __future__ import annotations

import pytest

from analyzers import callers, facts
from analyzers.facts import Facts
from analyzers.facts.flow import Raised
from analyzers.facts.returns import Returned


def one(text: str) -> Facts:
    found = facts.of_text(text)
    assert found is not None
    return found[0]


@pytest.mark.parametrize(
    ("body", "raises"),
    [
        ("raise ValueError('x')", [("ValueError", "")]),
        ("if not a:\n        raise KeyError(a)", [("KeyError", "not a")]),
        ("if a:\n        return 1\n    else:\n        raise KeyError(a)", [("KeyError", "not a")]),
        ("try:\n        raise ValueError\n    except ValueError:\n        pass", []),
        ("try:\n        raise KeyError\n    except LookupError:\n        pass", []),
        ("try:\n        raise LookupError\n    except KeyError:\n        pass", [("LookupError", "")]),
        ("try:\n        raise Own\n    except Exception:\n        pass", []),
        ("try:\n        raise Own\n    except KeyError:\n        pass", []),  # Own may be a KeyError
        ("try:\n        a()\n    except KeyError as e:\n        raise", [("KeyError", "")]),
        ("try:\n        a()\n    except KeyError as e:\n        raise e", [("KeyError", "")]),
        ("try:\n        a()\n    except (KeyError, OSError):\n        raise Own from None", [("Own", "")]),
        ("raise a", []),  # whatever that is
        ("raise make()", []),
        ("with suppress(ValueError):\n        raise ValueError", []),
        ("with open(a):\n        raise ValueError", [("ValueError", "")]),
        (
            "for b in a:\n        if b:\n            raise IndexError",
            [("IndexError", "")],
        ),  # no fact names a local variable
        ("for b in a:\n        if not a:\n            raise IndexError", [("IndexError", "not a")]),
        ("def inner():\n        raise ValueError\n    return inner", []),
        ("match a:\n        case 1:\n            raise ValueError", [("ValueError", "")]),
        ("try:\n        raise ValueError\n    finally:\n        return 1", []),
        ("try:\n        raise ValueError\n    except* ValueError:\n        pass", []),
        ("for Err in a:\n        raise Err", []),
        ("a = a.strip()\n    if not a:\n        raise ValueError", [("ValueError", "")]),  # it is another a
    ],
)
def test_what_leaves_a_function_is_told_with_its_condition(body: str, raises: list[tuple[str, str]]) -> None:
    found = one(f"def f(a):\n    {body}\n")
    assert [(r.name, r.condition) for r in found.raises] == raises


def test_what_was_caught_and_goes_on_says_so() -> None:
    found = one("def f(a):\n    try:\n        a()\n    except KeyError:\n        raise\n")
    assert found.raises == (Raised("KeyError", 5, "", is_passed_on=True),)


@pytest.mark.parametrize(
    ("body", "types"),
    [
        ("return [a]", ["list"]),
        ("return a is None", ["bool"]),
        ("return a == 1", [""]),  # an array has its own ==
        ("return not a", ["bool"]),
        ("return f'{a}'", ["str"]),
        ("return len(a)", ["int"]),
        ("return a", [""]),
        ("if a:\n        return 1", ["int", "None"]),
        ("if a:\n        return 1\n    return 2.0", ["int", "float"]),
        ("if a:\n        return 1\n    raise ValueError", ["int"]),
        ("while True:\n        if a:\n            return 1", ["int"]),
        ("while True:\n        if a:\n            break", ["None"]),
        ("while True:\n        for b in a:\n            break", []),
        ("try:\n        return 1\n    finally:\n        a()", ["int"]),
        ("try:\n        return 1\n    except ValueError:\n        pass", ["int", "None"]),
        ("with suppress(ValueError):\n        return 1", ["int", "None"]),
        ("with lock:\n        return 1", ["int"]),
        ("return 1 if a else None", ["int", "None"]),
        ("pass", ["None"]),
        ("for b in a:\n        return 1\n    else:\n        raise ValueError", ["int"]),
        ("try:\n        return 'a'\n    finally:\n        return 1", ["int"]),
        ("n = 0\n    def inner():\n        nonlocal n\n        n = 'many'\n    return n", [""]),
        ("len = a\n    return len(a)", [""]),
        ("raise NotImplementedError", []),
        ("yield 1", []),
        ("match a:\n        case 1:\n            return 1\n        case _:\n            return ''", ["int", "str"]),
    ],
)
def test_what_is_returned_and_whether_the_end_is_reached(body: str, types: list[str]) -> None:
    assert [r.type for r in one(f"def f(a):\n    {body}\n").returns] == types


def test_what_is_returned_is_told_as_it_is_written_where_it_is_short() -> None:
    assert one("def f(a):\n    return a + 1\n").returns == (Returned("", "a + 1"),)
    assert one(f"def f(a):\n    return {' + '.join(['a'] * 40)}\n").returns == (Returned("", ""),)


@pytest.mark.parametrize(
    ("body", "attributes", "arguments", "changed"),
    [
        ("self.x = 1", ["x"], [], []),
        ("self.x.y = 1", [], [], []),
        ("a.append(1)", [], ["a"], []),
        ("a[0] = 1", [], ["a"], []),
        ("del a[0]", [], ["a"], []),
        ("a.x = 1", [], ["a"], []),
        ("a = list(a)\n        a.append(1)", [], [], []),  # a copy of its own
        ("b = []\n        b.append(a)", [], [], []),
        ("global seen\n        seen = 1", [], [], ["seen"]),
        ("seen.append(a)", [], [], []),  # it may be a module, as in os.remove(a)
        ("seen[a] = 1", [], [], ["seen"]),
        ("import seen\n        seen.append(a)", [], [], []),
        ("def inner():\n            a.append(1)\n        inner()", [], [], []),
    ],
)
def test_what_is_changed(body: str, attributes: list[str], arguments: list[str], changed: list[str]) -> None:
    found = facts.of_text(f"class C:\n    def f(self, a):\n        {body}\n")
    assert found is not None
    effects = found[1].effects
    assert (list(effects.attributes), list(effects.arguments), list(effects.globals)) == (
        attributes,
        arguments,
        changed,
    )


def test_what_is_done_with_the_machine_is_told_with_its_call() -> None:
    found = one("def f(path):\n    with open(path) as file:\n        print(file.read())\n    os.remove(path)\n")
    assert found.effects.outside == (("opens a file", "open"), ("prints", "print"), ("deletes a file", "os.remove"))
    assert one("def f(open, print):\n    print(open('x'))\n").effects.outside == ()


def test_exceptions_of_callees_in_the_module_are_told_unless_something_catches_them() -> None:
    text = "def a():\n    raise ValueError\n\n\ndef b():\n    a()\n\n\ndef c():\n    try:\n        a()\n    except ValueError:\n        pass\n\n\nclass D:\n    def e(self):\n        self.g()\n\n    def g(self):\n        raise KeyError\n"
    found = {one.path: one for one in facts.of_text(text) or ()}
    assert found["b"].raises_by_callee == (("ValueError", "a"),)
    assert found["c"].raises_by_callee == ()
    assert found["D.e"].raises_by_callee == (("KeyError", "self.g"),)


def test_a_callee_that_runs_later_or_is_another_one_raises_nothing() -> None:
    text = "def a():\n    raise ValueError\n    yield\n\n\nasync def b():\n    raise ValueError\n\n\ndef c():\n    raise ValueError\n\n\ndef d():\n    a()\n    b()\n    return (c() for _ in range(3))\n\n\ndef e(c):\n    c()\n"
    found = {one.path: one for one in facts.of_text(text) or ()}
    assert found["d"].raises_by_callee == found["e"].raises_by_callee == ()


@pytest.mark.parametrize(
    "text",
    [
        "return " + " + ".join(["a"] * 900),
        "x = a" + ".b()" * 400,
        "if a == 0:\n        pass\n" + "".join(f"    elif a == {n}:\n        raise ValueError\n" for n in range(500)),
    ],
)
def test_of_a_function_too_deep_to_look_at_nothing_is_told_and_of_others_all(text: str) -> None:
    found = facts.of_text(f"def f(a):\n    {text}\n\n\ndef g():\n    raise KeyError\n")
    assert found is not None
    assert [one.path for one in found][-1] == "g"


def test_parameters_are_as_they_are_written() -> None:
    text = "class C:\n    def f(self, a, /, b: int = 3, *rest, c=None, **more): ...\n\n    @staticmethod\n    def g(x): ...\n\n    @property\n    def h(self): ...\n"
    found = {one.path: one for one in facts.of_text(text) or ()}
    assert [(p.name, p.kind, p.annotation, p.default) for p in found["C.f"].parameters] == [
        ("a", "/", "", ""),
        ("b", "", "int", "3"),
        ("rest", "*", "", ""),
        ("c", "keyword", "", "None"),
        ("more", "**", "", ""),
    ]
    assert [p.name for p in found["C.g"].parameters] == ["x"]
    assert (found["C"].kind, found["C.f"].kind, found["C.h"].kind) == ("class", "method", "property")


def test_conditions_are_told_without_the_names_of_local_variables() -> None:
    text = "def f(a):\n    n = len(a)\n    if n % 2 == 1:\n        return a\n    while not a:\n        a = g(1 if n else 2)\n"
    assert one(text).conditions == ("… % 2 == 1", "not …", "…")  # a is bound anew


def test_facts_move_with_their_lines() -> None:
    text = "def f(a):\n    def g():\n        raise KeyError\n    if a:\n        raise ValueError\n\n\n@wrapped\ndef h():\n    f(1)\n"

    def lines(of: str) -> list[tuple[str, int, int, list[int]]]:
        return [(one.path, one.line, one.end, [r.line for r in one.raises]) for one in facts.of_text(of) or ()]

    assert lines(text) == [("f", 1, 5, [5]), ("f.g", 2, 3, [3]), ("h", 8, 10, [])]
    assert lines(f"import os\n\n{text}") == [("f", 3, 7, [7]), ("f.g", 4, 5, [5]), ("h", 10, 12, [])]
    inner = text.replace("def f(a):\n", "def f(a):\n    KeyError = a\n")  # what stands around a function counts
    assert [one.raises[0].name for one in facts.of_text(inner) or () if one.raises] == ["ValueError"]


def test_complexity_counts_where_the_way_branches() -> None:
    text = "def f(a, b):\n    if a and b:\n        return [x for x in a if x]\n    for x in b:\n        try:\n            x()\n        except ValueError:\n            return 1 if x else 2\n"
    assert one(text).complexity == 1 + 2 + 2 + 1 + 1 + 1


def test_a_local_name_is_in_no_fact() -> None:
    text = "def f(a):\n    total = []\n    for item in a:\n        if item:\n            raise ValueError(item)\n        total.append(item)\n    return total\n"
    renamed = text.replace("total", "found").replace("item", "each")
    assert one(text) == one(renamed)
    assert one(text).returns == (Returned("list", ""),)


@pytest.mark.parametrize("text", ["def f(:\n", "\0"])
def test_what_does_not_parse_has_no_facts(text: str) -> None:
    assert facts.of_text(text) is None


def test_callers_are_found_plainly_by_imports_and_on_self() -> None:
    files = {
        "pkg/__init__.py": "",
        "pkg/m.py": "def f(): ...\n\n\ndef g():\n    f()\n\n\ndef h(f):\n    f()\n\n\nclass C:\n    def a(self):\n        self.b()\n\n    def b(self): ...\n",
        "pkg/other.py": "from .m import f as run, C\n\n\ndef one():\n    run()\n    return C()\n",
        "pkg/third.py": "import pkg.m\nfrom pkg import m\n\n\ndef two():\n    pkg.m.f()\n\n\ndef three():\n    m.f()\n\n\ndef four(m):\n    m.f()\n",
        "pkg/stranger.py": "def f(): ...\n\n\ndef five():\n    f()\n",
    }
    found = callers.of_file(files, "pkg/m.py")
    assert set(found["f"]) == {"pkg/m.py::g", "pkg/other.py::one", "pkg/third.py::two", "pkg/third.py::three"}
    assert found["C"] == ("pkg/other.py::one",)
    assert found["C.b"] == ("pkg/m.py::C.a",)
    assert callers.of_file({"m.py": "def f(:"}, "m.py") == {}
