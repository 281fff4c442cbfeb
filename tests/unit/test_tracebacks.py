"""What tracebacks and pytest's output tell, and that odd texts tell nothing."""

from __future__ import annotations

import pytest

from analyzers import tracebacks
from analyzers.tracebacks import Frame

PYTHON = """\
Traceback (most recent call last):
  File "/srv/app/main.py", line 12, in <module>
    main()
  File "/srv/app/shop/cart.py", line 7, in total
    return self.sum / self.count
           ~~~~~~~~~^~~~~~~~~~~~
ZeroDivisionError: division by zero
"""
CHAINED = (
    PYTHON
    + """
During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/app/main.py", line 14, in <module>
    report(None)
shop.errors.ReportError: no report
"""
)
PYTEST = """\
    def test_touching():
>       assert merge([(1, 2), (2, 3)]) == [(1, 3)]
E       assert [(1, 2), (2, 3)] == [(1, 3)]
E         At index 0 diff: (1, 2) != (1, 3)

test_module.py:13: AssertionError
=========================== short test summary info ============================
FAILED tests/test_module.py::TestIt::test_touching[a b-1] - assert [(1, 2)] == []
ERROR tests/test_other.py
1 failed, 5 passed in 0.02s
"""


def test_a_traceback() -> None:
    told = tracebacks.parse(PYTHON)
    assert (told.exception, told.message) == ("ZeroDivisionError", "division by zero")
    assert told.frames == (Frame("/srv/app/main.py", 12, "<module>"), Frame("/srv/app/shop/cart.py", 7, "total"))
    assert told.tests == ()


def test_of_a_chain_the_last_one() -> None:
    told = tracebacks.parse(CHAINED)
    assert (told.exception, told.message) == ("ReportError", "no report")
    assert told.frames == (Frame("/srv/app/main.py", 14, "<module>"),)


def test_pytests_output() -> None:
    told = tracebacks.parse(PYTEST)
    assert told.tests == ("tests/test_module.py::TestIt::test_touching[a b-1]", "tests/test_other.py")
    assert told.frames == (Frame("test_module.py", 13),)
    assert told.exception == "AssertionError"


def test_lines_that_end_as_elsewhere() -> None:
    assert tracebacks.parse(PYTHON.replace("\n", "\r\n")).frames == tracebacks.parse(PYTHON).frames


@pytest.mark.parametrize(
    "text",
    ["", "hello", "Error", "File x", 'File "a.py", line 99999999999, in f', "\0" * 1000, "E" * 300_000, "(" * 100_000],
)
def test_other_texts_tell_nothing(text: str) -> None:
    assert tracebacks.parse(text).is_nothing
