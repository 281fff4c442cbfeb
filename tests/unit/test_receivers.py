"""Of which modules and classes all is known, so that a name which they lack does not exist."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from analyzers import receivers


def known(path: Path, kind: str, name: str = "", others: dict[str, str] | None = None) -> bool:
    request = {"text": "", "path": "", "others": others or {}}
    one = SimpleNamespace(module_path=path, type=kind, name=name, full_name=f"m.{name}")
    return receivers.is_known(one, request)


@pytest.mark.parametrize(
    ("text", "is_known"),
    [
        ("def f():\n    return 1\n", True), ("import os\nos.path.expandvars('x')\n", True), ("def __getattr__(name):\n    return 1\n", False),
        ("globals().update(a=1)\n", False), ("vars()['a'] = 1\n", False), ("exec('a = 1')\n", False), ("import sys\nsys.modules[__name__].a = 1\n", False),
    ],
)  # fmt: skip
def test_a_module_that_makes_no_names_as_it_runs(tmp_path: Path, text: str, is_known: bool) -> None:
    path = tmp_path / "m.py"
    path.write_text(text)
    assert known(path, "module") is is_known
    assert not known(tmp_path / "m.so", "module")
    assert known(path, "module", others={str(path): "x = 1\n"}), "an open document is what counts"


@pytest.mark.parametrize(
    ("text", "is_known"),
    [
        ("class C:\n    def f(self):\n        self.a = 1\n", True), ("class C(Base):\n    pass\n", False), ("class C(metaclass=M):\n    pass\n", False),
        ("class C:\n    def f(self, **kw):\n        vars(self).update(kw)\n", False), ("class C:\n    def f(self):\n        object.__setattr__(self, 'a', 1)\n", False),
        ("@made\nclass C:\n    pass\n", False), ("class C[T]:\n    def f(self):\n        return 1\n", True),
    ],
)  # fmt: skip
def test_a_class_with_nothing_dynamic_about_it(tmp_path: Path, text: str, is_known: bool) -> None:
    path = tmp_path / "m.py"
    path.write_text(text)
    assert known(path, "instance", "C") is is_known


@pytest.mark.parametrize(
    ("text", "assigned"),
    [("x.a = 1", True), ("x.a: int = 1", True), ("x.a == 1", False), ("x.ab = 1", False), ("setattr(x, n, 1)", True)],
)
def test_what_is_assigned_somewhere_is_there(text: str, assigned: bool) -> None:
    assert receivers.may_be_assigned([], "a", {"text": text, "path": "", "others": {}}) is assigned
