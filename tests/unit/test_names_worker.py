"""jedi's operations in this process, as the worker answers them: what certainly does not exist, and nothing that might."""

from __future__ import annotations

import ast
import gc
import json
import subprocess
import sys
import textwrap
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from analyzers import names_worker, syntax

HELP = '''"""Things that the checked module uses."""


class Plain:
    def __init__(self):
        self.size = 1

    def grow(self, by=1):
        return self.size + by


class Dynamic:
    def __getattr__(self, name):
        return name


def area(width, height):
    return width * height


def anything(**options):
    return options
'''


@pytest.fixture(autouse=True)
def helping(tmp_path: Path, warm_jedi: None) -> Path:
    (tmp_path / "helping.py").write_text(HELP)
    (tmp_path / "shapes.py").write_text("def area(width):\n    return width\n")
    (tmp_path / "made.py").write_text("globals().update(whatever=1)\n")
    return tmp_path


def ask(root: Path, op: str, text: str, **more: Any) -> dict[str, Any]:
    place = {
        "text": text,
        "path": str(root / "module.py"),
        "root": str(root),
        "paths": [],
        "others": {},
        "cache": str(root),
    }
    return names_worker.answer({"op": op, "id": 3, "budget_s": 60.0} | place | more)


def unknown(root: Path, text: str, others: dict[str, str] | None = None) -> list[tuple[str, str]]:
    answer = ask(root, "check", text, lines=[1, 99], others={str(root / n): t for n, t in (others or {}).items()})
    return [(found["what"], found["instead"]) for found in answer["findings"]]


@pytest.mark.parametrize(
    ("text", "what", "instead"),
    [
        ("import textwrap\ntextwrap.dedentt()\n", "textwrap (module textwrap) has no dedentt", "dedent"),
        (
            "from helping import Plain\nPlain().grow\np = Plain()\np.groow()\n",
            "p (instance Plain) has no groow",
            "grow",
        ),
        ("'x'.uper\ns = 'x'\ns.uper()\n", "s (instance str) has no uper", "upper"),
        ("from shapes import aera\n", "shapes has no aera", "area"),
        ("from helping import area\narea(width=1, hight=2)\n", "area takes no keyword hight", "height"),
        ("from helping import Plain\np = Plain()\np.grow(bye=2)\n", "p.grow takes no keyword bye", "by"),
    ],
)
def test_what_does_not_exist_is_named_with_the_nearest_that_does(
    helping: Path, text: str, what: str, instead: str
) -> None:
    assert unknown(helping, text) == [(what, instead)]


@pytest.mark.parametrize(
    "text",
    [
        "from helping import Dynamic\nd = Dynamic()\nd.whatever\n",
        "from helping import Plain\np = Plain()\np.size\np.colour = 2\n",
        "from helping import anything\nanything(colour=2)\n",
        "from helping import area\narea(**options)\n",
        "from helping import *\n",
        "from helping import whatever_its_getattr_gives\n",
        "from . import helping\n",
        "def f(x):\n    return x.anything_at_all\n",
        "class Own(Unknown):\n    pass\n\nOwn().thing\n",
        "import collections\ncollections.Counter(red=4)\n",
        "import _ctypes\n_ctypes.whatever\n",
        "(1).real\n[].append\n{}.items\n",
        "import no_such_module_here\nfrom no_such_package.part import thing\n",
        "try:\n    from shapes import aera\nexcept ImportError:\n    aera = None\n",
        "import sys\nif sys.version_info > (3, 20):\n    from shapes import aera\n",
        "class Made:\n    def __init__(self, **kw):\n        vars(self).update(kw)\n\n    def f(self):\n        return self.title\n",
        "class Frozen:\n    def __init__(self):\n        object.__setattr__(self, 'title', 1)\n\n    def f(self):\n        return self.title\n",
        "class Late:\n    pass\n\n\ndef fill(one):\n    one.title = 1\n\n\nLate().title\n",
        "class Late:\n    pass\n\n\ndef fill(one, name):\n    setattr(one, name, 1)\n\n\nLate().title\n",
        "from made import whatever\n",
    ],
)
def test_what_might_exist_is_left_alone(helping: Path, text: str) -> None:
    assert unknown(helping, text) == []


def test_modules_that_are_not_found_are_told_and_no_more(helping: Path) -> None:
    answer = ask(helping, "check", "import no_such\nfrom no_such.part import a, b\nfrom os import path\n", lines=[1, 3])
    assert (answer["findings"], answer["unfound"]) == ([], ["no_such", "no_such.part"])


def test_a_newer_python_may_have_what_ours_lacks(helping: Path) -> None:
    text = "import textwrap\ntextwrap.dedentt('')\ntextwrap.brand_new_in_it('')\n"
    found = {python: ask(helping, "check", text, lines=[1, 9], python=python)["findings"] for python in ("", "3.99")}
    assert {one["what"].rpartition(" ")[2] for one in found[""]} == {"dedentt", "brand_new_in_it"}
    assert [one["what"].rpartition(" ")[2] for one in found["3.99"]] == ["dedentt"]


def test_only_the_lines_asked_for_are_looked_at(helping: Path) -> None:
    text = "import os\nos.path.jion\nos.path.jion\n"
    answer = ask(helping, "check", text, lines=[3, 3])
    assert [found["line"] for found in answer["findings"]] == [3]


def test_columns_are_code_points(helping: Path) -> None:
    answer = ask(helping, "check", "import os\né = 'ü'; os.path.jion\n", lines=[2, 2])
    assert [(f["column"], f["length"]) for f in answer["findings"]] == [(17, 4)]


def test_no_time_left_finds_nothing(helping: Path) -> None:
    answer = ask(helping, "check", "import os\nos.path.jion\n", lines=[1, 9], budget_s=-1.0)
    assert answer["findings"] == []


def test_completions_are_names_that_exist(helping: Path) -> None:
    answer = ask(helping, "complete", "from helping import Plain\nPlain().gr", position=[2, 10], kinds_s=5.0)
    assert answer["items"] == [("grow", "function")]


def test_what_there_is_no_time_to_look_for_is_left_open_and_what_was_found_is_remembered(helping: Path) -> None:
    text = "from helping import Plain, area\n"
    for budget_s, kind in ((0.0, ""), (5.0, "function"), (0.0, "function")):
        answer = ask(helping, "complete", text, position=[2, 0], kinds_s=budget_s)
        assert dict(answer["items"])["area"] == kind


def test_definitions_of_other_files_are_found(helping: Path) -> None:
    text = "import os\nfrom helping import area\narea(1, os.sep)\n"
    found = [one for column in (0, 11) for one in ask(helping, "define", text, position=[3, column])["definitions"]]
    assert [(Path(d["path"]).name, d["line"], d["name"], d["kind"]) for d in found] == [
        ("helping.py", 17, "area", "function")
    ]


def test_what_jedi_cannot_take_is_an_error_in_the_answer(helping: Path) -> None:
    answer = ask(helping, "check", "def f(:\n", lines=[1, 1])
    assert answer["error"].startswith("ValueError: it does not parse")
    assert answer["id"] == 3


def test_what_callers_pass_says_nothing_certain_of_a_parameter(helping: Path) -> None:
    text = "def f(x):\n    return x.uper()\n\n\nf('a')\nf('b')\n"
    assert unknown(helping, text) == []
    assert unknown(helping, text.replace("(x)", "(x: str)")) == [("x (instance str) has no uper", "upper")]


@pytest.mark.parametrize("source", [names_worker, ast, textwrap, json.decoder], ids=lambda module: module.__name__)
def test_what_stands_around_a_line_is_parsed_as_in_the_whole_file(source: ModuleType) -> None:
    text = Path(source.__file__ or "").read_text("utf-8")

    def found(tree: ast.Module, line: int) -> set[tuple[str, int, int, int]]:
        nodes = names_worker._nodes(tree, line, line + 1)
        return {(type(n).__name__, n.lineno, n.col_offset, n.end_col_offset or 0) for n in nodes}

    whole = ast.parse(text)
    tree, lines = syntax.parse(text), text.count("\n") + 1
    parsed = cache(
        lambda begin, end: names_worker._parsed(text, (begin, end))
    )  # hundreds of lines may have the same around them
    for line in range(1, text.count("\n")):
        begin, end = syntax.top_level(tree, line - 1, line)
        assert found(parsed(begin, lines if end is None else end), line) == found(whole, line), line


def test_the_worker_answers_a_line_with_a_line(
    helping: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = {"op": "warm", "id": 7, "path": "", "root": str(helping), "paths": [], "cache": str(helping)}
    limit = sys.getrecursionlimit()
    (tmp_path / "asked").write_text(json.dumps(asked) + "\n" + json.dumps(asked | {"id": 8}) + "\n")
    with (tmp_path / "asked").open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        names_worker.main()
    sys.setrecursionlimit(limit)
    gc.enable()
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [{"id": 7}, {"id": 8}]


def test_a_cache_file_that_was_cut_off_is_no_end_of_names(tmp_path: Path) -> None:
    """A process that was ended while it wrote leaves half a file; parso reads it again and again."""
    cache = tmp_path / "cache"
    text = "import json\njson.du"
    request = {"id": 1, "op": "complete", "text": text, "path": "", "root": str(tmp_path), "paths": [], "others": {},
               "cache": str(cache), "position": [2, 7], "kinds_s": 1.0}  # fmt: skip
    assert names(names_worker.answer(request)) >= {"dump", "dumps"}
    for file in cache.rglob("*.pkl"):
        file.write_bytes(file.read_bytes()[:100])
    done = subprocess.run(
        [sys.executable, "-I", "-m", "analyzers.names_worker"],
        input=json.dumps(request) + "\n", capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert names(json.loads(done.stdout)) >= {"dump", "dumps"}


def names(answer: dict[str, Any]) -> set[str]:
    assert "error" not in answer, answer
    return {name for name, _ in answer["items"]}


def test_every_name_of_a_long_change_is_looked_at_and_what_was_not_is_counted(helping: Path) -> None:
    text = "import os\n" + "os.path.join\n" * 60 + "os.path.jion\n"
    answer = ask(helping, "check", text, lines=[2, 99])
    assert [found["instead"] for found in answer["findings"]] == ["join"]
    late = ask(helping, "check", text, lines=[2, 99], budget_s=-1.0)
    assert (late["findings"], late["checked"], late["of"]) == ([], 0, 122)


NEWER = "def older(n):\n    return n\n\n\ndef newer(n):\n    return n\n\n\nclass Plain:\n    width = 1\n"


@pytest.mark.parametrize(
    "text",
    [
        "import b\nb.newer(1)\n",
        "from b import newer\n",
        "from b import Plain\nPlain().width\n",
        "import pkg.c\npkg.c.one()\n",
        "from pkg import c\nc.one()\n",
    ],
)
def test_what_only_open_documents_have_is_there(helping: Path, text: str) -> None:
    (helping / "b.py").write_text("def older(n):\n    return n\n")
    (helping / "pkg").mkdir()
    (helping / "pkg" / "__init__.py").write_text("")
    others = {"b.py": NEWER, "pkg/c.py": "def one():\n    return 1\n"}
    assert unknown(helping, text, others) == []
    assert unknown(helping, text) != [] or "pkg" in text, "it is the disk that does not have it"


def test_what_an_open_document_has_no_more_is_not_there(helping: Path) -> None:
    (helping / "b.py").write_text(NEWER)
    gone = {"b.py": NEWER.replace("def newer", "def newers").replace("width", "breadth")}
    assert unknown(helping, "import b\nb.newer(1)\n", gone) == [("b (module b) has no newer", "newers")]
    assert unknown(helping, "from b import newer\n", gone) == [("b has no newer", "newers")]
    assert unknown(helping, "import b\nb.newer(1)\n") == [], "nothing of it is left for the next request"
    assert unknown(helping, "import b\nb.newer(1)\n", gone) != []


def test_a_document_that_does_not_parse_takes_no_names_away(helping: Path) -> None:
    (helping / "b.py").write_text(NEWER)
    assert unknown(helping, "import b\nb.newer(1)\n", {"b.py": NEWER + "\ndef begun(\n"}) == []
