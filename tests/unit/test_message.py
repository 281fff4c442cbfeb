"""Commit messages from what a change does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dulwich import porcelain
from typer.testing import CliRunner

from analyzers.gaming.compared import Compared
from assay.assistant.review import message
from assay.cli.commands import app

CODE = "class Cart:\n    def add(self, name):\n        return name\n\n    def total(self):\n        return 0\n\n\ndef price(x):\n    return x\n"
FILE = "src/shop/cart.py"


def said(after: dict[str, str | None], before: dict[str, str] | None = None) -> str:
    before = before or {FILE: CODE}
    now = {name: text for name, text in {**before, **after}.items() if text is not None}
    return message.of(Compared(before, now, tuple(after)))


@pytest.mark.parametrize(
    ("after", "subject"),
    [
        ({FILE: CODE + "\n\ndef tax(x):\n    return x * 2\n"}, "Add tax in src/shop"),
        ({FILE: CODE.replace("return 0", "return 1")}, "Change total in src/shop"),
        ({FILE: CODE.replace("def price(x):\n    return x\n", "")}, "Remove price in src/shop"),
        ({FILE: CODE.replace("def total", "def whole")}, "Rename total to whole"),
        ({FILE: CODE, "README.md": "new\n"}, "Add README.md"),
        ({FILE: None}, "Remove price, add and total in src/shop"),
        ({"tests/test_cart.py": "def test_total():\n    assert 1\n"}, "Add test_total in tests"),
        ({FILE: f"X = 1\n{CODE}"}, "Change cart.py"),
    ],
)
def test_the_subject_is_what_differs(after: dict[str, str | None], subject: str) -> None:
    if after.get(FILE) == CODE:
        after = {name: text for name, text in after.items() if name != FILE}
    assert said(after).split("\n")[0] == subject


def test_the_body_has_a_line_for_each_file() -> None:
    text = said({FILE: CODE.replace("def price(x)", "def price(x, y)").replace("def add", "def put"), "tests/test_cart.py": "def test_put():\n    assert 1\n", "docs/a.md": "a\n"})  # fmt: skip
    assert text.split("\n")[2:] == [
        "- src/shop/cart.py: changes price; Cart.add is called Cart.put; price takes other arguments",
        "- tests/test_cart.py (new): adds test_put",
        "- docs/a.md is new",
    ]
    many = said({FILE: CODE + "".join(f"\n\ndef a_rather_long_name_{n}():\n    return {n}\n" for n in range(9))})
    assert len(many.split("\n")[0]) <= message.WIDTH


def test_the_command_speaks_of_what_is_staged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    porcelain.init(str(tmp_path))
    (tmp_path / "mod.py").write_text(CODE)
    porcelain.add(str(tmp_path), [str(tmp_path / "mod.py")])
    porcelain.commit(str(tmp_path), message=b"one", author=b"A <a@x>", committer=b"A <a@x>")
    monkeypatch.chdir(tmp_path)
    refused = CliRunner().invoke(app, ["message", "--json"])
    assert (refused.exit_code, json.loads(refused.stdout)["error"]["code"]) == (2, "no-change")
    (tmp_path / "mod.py").write_text(CODE.replace("return 0", "return 1"))
    porcelain.add(str(tmp_path), [str(tmp_path / "mod.py")])
    told = CliRunner().invoke(app, ["message"])
    assert told.output.startswith("Change total\n\n- mod.py: changes Cart.total")
