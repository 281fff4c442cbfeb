"""Text as people have it: byte order marks, carriage returns, tabs, deep code. Nothing crashes, and what is written back is what was there."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from analyzers import changed, encodings, secrets, site, syntax
from analyzers.places import Places
from analyzers.text import Snapshot

DEEP = "def f(x):\n    if x == 0:\n        return 0\n" + "".join(
    f"    elif x == {n}:\n        return g({n})\n" for n in range(1, 1500)
)


def run(root: Path, *arguments: str) -> str:
    env = {**os.environ, "ASSAY_SANDBOX_ENABLED": "false"}
    command = [sys.executable, "-m", "assay", *arguments]
    return subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize(
    "text",
    [
        "def b(x):\r\r\n    \r\r\n",
        "def f():\r    return 1\r",
        "x = 1\r\r\r",
        "def f():\n    x = 1\r    y\u2028 = 2\n\x0c\n",
    ],
)
def test_a_site_is_looked_for_whatever_the_line_ends(text: str) -> None:
    snapshot = Snapshot("file:///a.py", "/a.py", 0, text)
    for offset in range(len(text) + 1):
        site.at(snapshot, offset)


def test_a_chain_of_elif_is_as_deep_as_it_is_long() -> None:
    tree = syntax.module(DEEP)
    assert tree is not None
    found = list(changed.places_in(tree))
    assert [type(one.node).__name__ for one in found[:4]] == ["FunctionDef", "If", "Return", "If"]
    assert (len(found), {one.scope for one in found[1:]}) == (3001, {"f"})


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('x = "-----BEGIN RSA PRIVATE KEY-----"\ndef f():\n    return 1\n', "def f():\n    return 1\n"),
        ("x = '''-----BEGIN PRIVATE KEY-----\nMIIEabc=\n-----END PRIVATE KEY-----'''\ny = 1\n", "'''\ny = 1\n"),
        ('x = """-----BEGIN PRIVATE KEY-----\nMIIEabc=\n"""\ny = 1\n', '"""\ny = 1\n'),
    ],
)
def test_a_private_key_is_hidden_to_its_end_or_its_strings(text: str, kept: str) -> None:
    found = secrets.redact(text)
    assert found.endswith(kept)
    assert "MIIE" not in found
    assert len(found) == len(text)


def test_places_behind_a_byte_order_mark() -> None:
    text = "\ufeffä = f(1)\ny = 2\n"
    tree = syntax.module(text)
    assert tree is not None
    places = Places(text)
    assert [places.told(node) for node in tree.body] == ["ä = f(1)", "y = 2"]
    assert places.told(next(node for node in ast.walk(tree) if isinstance(node, ast.Call))) == "f(1)"


def test_a_byte_order_mark_stays(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    path = tmp_path / "a.py"
    path.write_bytes(b"\xef\xbb\xbfimport os\n\n\ndef area(w):\n    return w\n")
    run(tmp_path, "check", "a.py", "--fix", "--unverified")
    assert path.read_bytes() == b"\xef\xbb\xbf\n\ndef area(w):\n    return w\n"
    run(tmp_path, "docs", "a.py", "--write")
    assert path.read_bytes().startswith(b'\xef\xbb\xbf\n\ndef area(w):\n    """')


def test_docstrings_keep_a_files_tabs_and_read_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    path = tmp_path / "a.py"
    path.write_text('def area(w, q=\'"""\'):\n\tif w:\n\t\treturn q\n\treturn w\n')
    run(tmp_path, "docs", "a.py", "--write")
    text = path.read_text()
    assert "\n\t\tw: " in text
    assert "    " not in text
    told = ast.get_docstring(ast.parse(text).body[0])  # type: ignore[arg-type]
    assert told is not None
    assert '\'"""\' by default' in told


LATIN = "# -*- coding: latin-1 -*-\nNAME = 'caf\xe9'\n\n\ndef double(x):\n    return 2 * x\n"


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (LATIN.encode("latin-1"), "iso8859-1"),
        ("#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nx = '\u20ac'\n".encode("cp1252"), "cp1252"),
        ("\ufeffx = '\xe9'\n".encode(), "utf-8"),
        ("x = 1\n# coding: latin-1\ny = '\xe9'\n".encode(), "utf-8"),
        ("# coding: nothing-known\nx = '\xe9'\n".encode(), "utf-8"),
        (b"# coding: rot13\nx = 1\n", "utf-8"),
        ("\n\n# coding: latin-1\nx = '\xe9'\n".encode(), "utf-8"),
    ],
)  # fmt: skip
def test_a_file_is_read_and_written_in_the_encoding_that_it_names(raw: bytes, name: str) -> None:
    text = encodings.decoded(raw)
    assert encodings.of(text) == name
    assert encodings.encoded(text) == raw


def test_what_an_encoding_cannot_write_is_not_lost() -> None:
    text = "# coding: ascii\nx = '\xe9'\n"
    assert encodings.encoded(text) == text.encode()


def test_a_fix_leaves_an_encoding_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "calc.py"
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'p'\n")
    file.write_bytes(LATIN.replace("2 * x", "x == 1 or 2").encode("latin-1"))
    run(tmp_path, "check", "calc.py", "--fix", "--unverified")
    assert file.read_bytes() == LATIN.replace("2 * x", "x in (1, 2)").encode("latin-1")
