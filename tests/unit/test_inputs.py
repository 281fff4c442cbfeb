"""Inputs near those that a project gives a function, and failing calls as tests: texts from texts."""

from __future__ import annotations

import ast

import pytest

from analyzers import inputs
from assay.assistant.hints import as_test


def test_examples_are_calls_with_literals_alone() -> None:
    text = "f(1)\nm.f([2], k='x')\nf(x)\nf()\nf(*[1])\ng(f(3))\nf(1)\n"
    assert inputs.examples("f", [text, "f(", "nothing"]) == ("f(1)", "f([2], k='x')", "f(3)")


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        ("f(3)", "f(0)"),
        ("f(3)", "f(-3)"),
        ("f([1, 2])", "f([])"),
        ("f('ab')", "f('')"),
        ("f({'a': 1})", "f({})"),
        ("f(1, k=2)", "f(2, k=2)"),
        ("f(True)", "f(False)"),
    ],
)
def test_the_edges_of_a_type_are_near(call: str, wanted: str) -> None:
    assert wanted in inputs.variants([call])


def test_variants_are_calls_and_not_too_many() -> None:
    found = inputs.variants([f"f({n}, 'a', [1])" for n in range(50)])
    assert len(found) == inputs.VARIANTS_LIMIT
    for one in found:
        assert isinstance(ast.parse(one, mode="eval").body, ast.Call)


def test_a_new_test_file_stands_where_tests_are() -> None:
    made = as_test.written(
        {"shop/sums.py": "", "tests/test_other.py": ""},
        "shop/sums.py",
        "divide(10, 0)",
        "ZeroDivisionError: division by zero",
    )
    assert made is not None
    assert (made.name, made.is_new) == ("tests/test_sums.py", True)
    assert (
        made.text
        == "from shop.sums import divide\n\n\ndef test_divide_10_0() -> None:\n    divide(10, 0)  # ZeroDivisionError: division by zero\n"
    )


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        ("from sums import divide\n", "\n\ndef test_divide_10_0() -> None:\n    divide(10, 0)  # no\n"),
        (
            "import sums\n\n\ndef test_divide_10_0():\n    pass",
            "\n\n\ndef test_divide_10_0_2() -> None:\n    from sums import divide\n\n    divide(10, 0)  # no\n",
        ),
    ],
)
def test_an_old_test_file_goes_on(before: str, wanted: str) -> None:
    made = as_test.written({"src/sums.py": "", "src/test_sums.py": before}, "src/sums.py", "divide(10, 0)", "no")
    assert made is not None
    assert (made.name, made.is_new) == ("src/test_sums.py", False)
    assert made.text == wanted
    ast.parse(before + made.text)


@pytest.mark.parametrize("name", ["__init__.py", "my-script.py", "a b/c.py"])
def test_what_nobody_can_import_by_its_name_has_no_test(name: str) -> None:
    assert as_test.written({}, name, "f(1)", "") is None
