"""What the tracer in a container sees executed, on modules made here; and which of a project's own options for pytest are kept."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.runner.options import project_options, pytests_own
from sandbox.runner.own import Own
from sandbox.runner.probes import PROBE

CODE = """\
LIMIT = 3


def f(x):
    if x: return 1
    return 2 if x is None else LIMIT


class Box:
    size = 4

    def get(self):
        return self.size


class Other:
    def __init__(self):
        self.size = 5
"""


def piece(line: int, at: tuple[int, int, int, int] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "path": "m.py",
        "lines": [line, line],
        "at": at,
        "names": [],
        "owner": "",
        "scope": "",
        "is_top": bool(more),
        **more,
    }


# Run by each Python: the module's text, what is called there, and what a tracer is asked for, as JSON; prints what it saw.
SCRIPT = """
import asyncio, contextlib, json, sys, types
from sandbox.runner.monitor import tracer
from sandbox.runner.tracer import Tracer
root, texts, work, asked, is_plain = json.load(sys.stdin)
traces = (Tracer if is_plain else tracer)(root, **asked)
for name, text in texts.items():
    module = sys.modules[name] = types.ModuleType(name)
    module.__file__ = f"{root}/{name}.py"
    exec(compile(text, module.__file__, "exec"), module.__dict__)
def quiet(call):
    with contextlib.suppress(Exception):
        call()
found = []
for one in work:
    traces.start()
    eval(one, {"m": sys.modules["m"], "n": sys.modules.get("n"), "t": sys.modules.get("test_m"), "asyncio": asyncio, "quiet": quiet})
    is_lost = traces.is_lost
    traces.stop()
    lines = {name: sorted(lines) for name, lines in traces.lines.items()}
    taken = traces.taken.told() if traces.taken is not None else {}
    entries = traces.entries.told() if traces.entries is not None else {}
    found.append([sorted(traces.hit), sorted(traces.entered), lines, traces.observed(), is_lost, taken, entries])
json.dump(found, sys.stdout)
"""


def _others() -> list[str]:
    """The other Pythons of this machine that a project may have."""
    homes = [Path.home() / ".pyenv" / "versions", Path.home() / ".local" / "share" / "uv" / "python"]
    found = {one.name: one for home in homes for one in home.glob("*3.*/bin/python3.[19]*")}
    wanted = [name for name in sorted(found) if re.fullmatch(r"python3\.(9|1\d)", name)]
    return [str(found[name]) for name in wanted if not name.endswith(f".{sys.version_info[1]}")]


def _has_monitoring(python: str) -> bool:
    return (hasattr(sys, "monitoring")) if python == sys.executable else not python.endswith((".9", ".10", ".11"))


def _has_columns(python: str) -> bool:
    return not python.endswith((".9", ".10"))


@pytest.fixture(
    params=[sys.executable, *_others()], ids=lambda one: "this" if one == sys.executable else Path(one).name
)
def python(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@dataclass(frozen=True)
class Seen:
    hit: set[int]
    entered: set[tuple[str, str]]
    lines: dict[str, set[int]]
    observed: dict[str, Any]
    is_lost: bool
    taken: dict[str, Any]
    entries: dict[str, Any]


def seen(
    python: str,
    *work: str,
    pieces: tuple[dict[str, Any], ...] = (),
    texts: dict[str, str] | None = None,
    is_plain: bool = False,
    **asked: Any,
) -> list[Seen]:
    """What the tracer sees of each `work`, one after the other in one process."""
    asked = {"pieces": pieces, "records": False, "watched": (), "observes": False, "takes": False, **asked}
    texts = texts or {"m": CODE}
    with tempfile.TemporaryDirectory() as root:
        for name, text in texts.items():
            Path(root, name).parent.mkdir(parents=True, exist_ok=True)
            Path(root, f"{name}.py").write_text(text)
        done = subprocess.run(
            [python, "-c", SCRIPT],
            input=json.dumps([root, texts, work, asked, is_plain]),
            capture_output=True,
            text=True,
            check=False,
            env={"PYTHONPATH": str(Path(__file__).parents[2])},
        )
    assert done.returncode == 0, done.stderr
    return [
        Seen(set(hit), {(file, name) for file, name in entered}, {k: set(v) for k, v in lines.items()}, observed, *more)
        for hit, entered, lines, observed, *more in json.loads(done.stdout)
    ]


def test_a_line_and_the_parts_of_one(python: str) -> None:
    test, body = piece(5, (5, 7, 5, 8)), piece(5, (5, 10, 5, 18))
    two, limit = piece(6, (6, 11, 6, 12)), piece(6, (6, 31, 6, 36))
    found = seen(python, "m.f(1)", "m.f(None)", "m.f(0)", "m.f(1)", pieces=(test, body, two, limit, piece(6)))
    hits = [{0, 1}, {0, 2, 4}, {0, 3, 4}, {0, 1}]
    of_lines = {4}  # before 3.11 an instruction does not tell its column
    assert [one.hit for one in found] == [one if _has_columns(python) else one & of_lines for one in hits]


def test_the_same_line_of_another_file_is_another_piece(python: str) -> None:
    pieces = (piece(5), piece(5, path="n.py", is_top=False), piece(9, names=["Box"], owner="Box", path="n.py"))
    found = seen(python, "m.f(1)", "n.f(1)", "(m.f(1), n.Box().get())", pieces=pieces, texts={"m": CODE, "n": CODE})
    assert [one.hit for one in found] == [{0}, {1}, {0, 2}]


def test_a_name_of_the_module_counts_where_it_is_used(python: str) -> None:
    found = seen(python, "m.f(1)", "m.f(0)", pieces=(piece(1, names=["LIMIT"]),))
    assert [one.hit for one in found] == [set(), {0}]


def test_a_member_is_its_classes_own(python: str) -> None:
    found = seen(python, "m.Other()", "m.Box().get()", pieces=(piece(10, names=["size"], scope="Box"),))
    assert [one.hit for one in found] == [set(), {0}]


def test_a_definition_is_executed_when_it_is_entered(python: str) -> None:
    found = seen(python, "m.Box().get()", "m.Other()", "m.Box().get()", pieces=(piece(9, names=["Box"], owner="Box"),))
    assert [one.hit for one in found] == [{0}, set(), {0}]


def test_the_lines_of_watched_files(python: str) -> None:
    found = seen(python, "(m.f(1), m.Other())", "m.f(0)", watched=("m.py", "n.py"))
    assert [one.lines for one in found] == [{"m.py": {5, 18}, "n.py": set()}, {"m.py": {5, 6}, "n.py": set()}]
    assert seen(python, "m.f(0)", watched=("n.py",))[0].lines == {"n.py": set()}


def test_the_functions_that_are_entered(python: str) -> None:
    found = seen(python, "(m.f(0), m.Box().get())", "m.Box().get()", "m.f(0)", records=True)
    assert [one.entered for one in found] == [
        {("m.py", "f"), ("m.py", "Box.get")},
        {("m.py", "Box.get")},
        {("m.py", "f")},
    ]


LATER = """\
import threading

def rows():
    yield 1
    yield 2

def made(x):
    return [
        y
        for y in x
    ]

held = rows()
go, done = threading.Event(), threading.Event()

def work():
    go.wait()
    made([1])
    done.set()

def older():
    go.set()
    return done.wait(5)

threading.Thread(target=work, daemon=True).start()
"""


def test_what_goes_on_from_before_and_what_stands_in_comprehensions(python: str) -> None:
    """A generator that another test began is executed where it goes on."""
    pieces = (piece(4), piece(5), piece(9), piece(3, names=["rows"], owner="rows"))
    found = seen(python, "next(m.held)", "next(m.held)", "m.made([1])", pieces=pieces, texts={"m": LATER})
    assert [one.hit for one in found] == [{0, 3}, {1, 3}, {2}]


def test_older_threads_and_trace_functions_of_a_test(python: str) -> None:
    """A trace function takes the older tracer's place, which is told; monitoring goes on beside it, and in threads that were there before."""
    work = ("m.older()", "(__import__('sys').settrace(None), m.made([1]))")
    found = seen(python, *work, pieces=(piece(9), piece(5)), texts={"m": LATER})
    is_new = _has_monitoring(python)
    assert [one.is_lost for one in found] == [False, not is_new]
    assert [one.hit for one in found] == ([{0}, {0}] if is_new else [set(), set()])


MANY = """\
import contextlib

def plain(x):
    "A docstring."
    y = [
        one
        for one in x
        if one
    ]
    return y or None

def short(x): return x + 1 if x else 2

keys = lambda x: (x,
                  x + 1)

@contextlib.contextmanager
def held():
    try:
        yield plain([1])
    except ValueError:
        plain([])
    finally:
        short(0)

def uses(x):
    def inner(y):
        return short(y)
    with held() as one:
        if x > 2:
            raise ValueError
        return [inner(x), *map(keys, one)]

class Box:
    size: int = 3

    def __init__(self, size=size):
        self.size = size

    @property
    def twice(self):
        return self.size * 2

    async def wait(self):
        await asyncio.sleep(0)
        return any(
            one > 2
            for one in (self.size,
                        self.twice)
        )

    def fails(self):
        try:
            raise KeyError(self)
        except KeyError as error:
            raise ValueError from error
        finally:
            del self.size

def holds(x):
    class Local:
        y = x + 1
        z = [y
             for y in (x,)]
    return plain([Local.y])

def way(xs, down):
    return sorted(xs, key=lambda v: v if down else -v)

def alone(x):
    try:
        found = short(x)
    except TypeError:
        found = keys
    return found

def deep(n):
    while n:
        n -= 1
        if n == 3: continue
        deep(n - 4 if n > 4 else 0)
    else:
        return 0

import asyncio
"""
CALLS = (
    "m.plain([0, 1])", "m.plain([])", "m.short(0)", "m.short(1)", "m.keys(1)", "m.uses(1)", "m.uses(3)", "m.Box().twice",
    "asyncio.run(m.Box().wait())", "quiet(m.Box().fails)", "m.deep(6)", "m.deep(0)", "m.holds(1)", "m.way([1, 2], 0)", "m.way([1], 1)", "m.alone(1)", "m.alone('')", "list(map(m.keys, m.plain([1])))",
)  # fmt: skip


def _every_place() -> list[dict[str, Any]]:
    """A piece for each line and for each expression in a function, for each function, and for names that functions use."""
    tree = ast.parse(MANY)
    inside = [
        node
        for top in ast.walk(tree)
        if isinstance(top, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(top)
    ]
    places = {(n.lineno, n.col_offset, n.end_lineno, n.end_col_offset) for n in inside if isinstance(n, ast.expr)}
    found = [piece(line) for line in sorted({node.lineno for node in inside if isinstance(node, ast.stmt | ast.expr)})]
    found += [piece(place[0], place) for place in sorted(places)]
    found += [piece(1, names=[], owner=name) for name in ("plain", "Box", "Box.wait", "held", "uses.<locals>.inner")]
    return [*found, piece(1, names=["keys"]), piece(1, names=["size"], scope="Box")]


@pytest.mark.parametrize("count", [1, 1000], ids=["each alone", "all together"])
def test_each_way_of_tracing_sees_what_a_trace_function_sees(python: str, count: int) -> None:
    places = _every_place()
    chosen = [places] if count > 1 else [[one] for one in places[:: len(places) // 16]]
    for pieces in chosen:
        asked = {"pieces": tuple(pieces), "texts": {"m": MANY}}
        of_instructions = (
            {n for n, one in enumerate(pieces) if one["at"] or one["names"]} if _has_monitoring(python) else set()
        )
        # Twice: at the first call of a function the trace function of 3.12 hears of no instructions, and that of 3.13 of few at any time.
        plain, found = (seen(python, *CALLS, *CALLS, is_plain=one, **asked) for one in (True, False))
        for other, one in zip(plain[: len(CALLS)], found[: len(CALLS)], strict=True):
            assert one.hit >= other.hit, "at the first call, too"
        plain, found = plain[len(CALLS) :], found[len(CALLS) :]
        assert [one.hit for one in found] == [
            one.hit | (other.hit & of_instructions) for one, other in zip(plain, found, strict=True)
        ]
        assert count == 1 or sum(len(one.hit) for one in plain) > 60


def test_code_that_is_too_deep_for_a_tree_is_traced_as_ever(python: str) -> None:
    rows = "".join(f"    elif x == {n}:\n        return {n}\n" for n in range(1500))
    text = f"def f(x):\n    if x < 0:\n        return -1\n{rows}"
    found = seen(python, "m.f(-1)", "m.f(2)", texts={"m": text}, pieces=(piece(3), piece(9)))
    assert [one.hit for one in found] == [{0}, {1}]


HANDED = """\
import builtins, functools, marshal, types

def sent(function):
    code = marshal.loads(marshal.dumps(function.__code__))
    names = {name: one for name, one in vars(builtins).items() if name != "PROBE"}
    return types.FunctionType(code, {"__builtins__": names})

@sent
def far(x):
    return x + 1

def make():
    def local(x):
        return x + 1
    return sent(local)

@functools.lru_cache
def near(x):
    return x + 1
"""


@pytest.mark.parametrize(("line", "call"), [(10, "m.far(1)"), (14, "m.make()(1)"), (19, "m.near(1)")])
def test_code_that_is_handed_over_is_as_it_was(python: str, line: int, call: str) -> None:
    """A decorator may compile a function's code, or send it to where nobody knows of a probe."""
    (found,) = seen(python, call, texts={"m": HANDED.replace("PROBE", PROBE)}, pieces=(piece(line),))
    assert found.hit == {0}


def test_a_code_that_is_gone_leaves_nothing_behind(python: str) -> None:
    """Another may get its id."""
    users = {f"u{n}": "import m\ndef f():\n    return m.LIMIT\ndef g():\n    yield m.LIMIT\n" for n in range(60)}
    others = {f"o{n}": "def f(x=1):\n    y = x\n    return y\n" for n in range(60)}
    work = "[vars(__import__('sys').modules[f'o{n}'])['f']() for n in range(60)]"
    (found,) = seen(python, work, texts={"m": CODE, **users, **others}, pieces=(piece(1, names=["LIMIT"]),))
    assert found.hit == set()


def test_the_lines_of_functions_of_one_line(python: str) -> None:
    text = "def one(x): return x\ntable = {'a': lambda x: x}\n"
    found = seen(python, "m.one(1)", "m.one(1)", "m.table['a'](1)", texts={"m": text}, watched=("m.py",))
    assert [one.lines["m.py"] for one in found] == [{1}, {1}, {2}]


def test_what_a_function_held_is_free_when_it_ends(python: str) -> None:
    text = "import weakref\nclass A: pass\ndef f():\n    one = A()\n    two = 1\n    return weakref.ref(one)\n"
    (found,) = seen(python, "{None: 1}[m.f()()]", texts={"m": text}, pieces=(piece(5),))
    assert found.hit == {0}


def test_what_stands_for_compile_keeps_the_callers_own_flags(python: str) -> None:
    """`from __future__ import …` of whoever calls it holds, and no other."""
    text = "def f(x: int): return x\n"
    caller = "{lead}\ncode = compile({text!r}, __file__.replace('n.py', 'm.py'), 'exec')\nexec(code)\nkind = type(f.__annotations__['x']).__name__\n"
    for lead, kind in (("", "type"), ("from __future__ import annotations", "str")):
        texts = {"m": text, "n": caller.format(lead=lead, text=text)}
        (found,) = seen(python, f"n.f({{'{kind}': 1}}[n.kind])", texts=texts, pieces=(piece(1, owner="f"),))
        assert found.hit == {0}


def test_who_takes_the_events_away_is_noticed(python: str) -> None:
    if not _has_monitoring(python):
        pytest.skip("this Python has no monitoring")
    taken = "[__import__('sys').monitoring.free_tool_id(n) for n in (4,)]"
    found = seen(python, taken, "m.f(1)", pieces=(piece(5),))
    assert [one.is_lost for one in found] == [True, True]


@pytest.mark.parametrize(
    ("name", "text", "with_plugins", "alone"),
    [
        ("pytest.ini", "[pytest]\naddopts = -x -n 4 --cov=m --doctest-glob=*.rst --asyncio-mode auto tests\n",
         ["--doctest-glob=*.rst", "--asyncio-mode", "auto"], ["--doctest-glob=*.rst", "--asyncio-mode", "auto"]),
        ("pytest.ini", "[pytest]\naddopts = --db=sqlite --fixtures-dir data --cache-url=x --html-out=y --html=z --maxfail 2 -vvx -n4 -p no:x\n",
         ["--db=sqlite", "--fixtures-dir", "data", "--cache-url=x", "--html-out=y", "-p", "no:x"],
         ["--db=sqlite", "--fixtures-dir", "data", "--cache-url=x", "--html-out=y", "-p", "no:x"]),
        ("pytest.ini", "[pytest]\naddopts = --cov --slow a --cov-fail-under=90 -rA --color=yes -lq\n", ["--slow", "-l"], ["--slow", "-l"]),
        ("pyproject.toml", "[tool.pytest.ini_options]\naddopts = ['-q', '-k', 'not slow', '--strict-markers', '-W', 'error']\n",
         ["-k", "not slow", "--strict-markers", "-W", "error"], ["-k", "not slow"]),
        ("setup.cfg", "[tool:pytest]\naddopts = --reruns 3 --import-mode=importlib\n", ["--import-mode=importlib"], ["--import-mode=importlib"]),
        ("tox.ini", "[pytest\n", [], []),
        ("pytest.ini", "[pytest]\naddopts = 'open\n", [], []),
    ],
)  # fmt: skip
def test_a_projects_options(tmp_path: Path, name: str, text: str, with_plugins: list[str], alone: list[str]) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / name).write_text(text)
    files = ["a/test_m.py", "a/test_n.py"]
    assert project_options(tmp_path, files, has_plugins=True) == with_plugins
    assert project_options(tmp_path, files, has_plugins=False) == alone


def test_what_pytest_knows_by_itself() -> None:
    """Where an option was not understood, they are given without those of plugins and of conftest.py."""
    options = [
        "--db=sqlite",
        "-k",
        "not slow",
        "--fixtures-dir",
        "data",
        "--import-mode=importlib",
        "--strict-markers",
        "-l",
    ]
    assert pytests_own(options) == ["-k", "not slow", "--import-mode=importlib", "-l"]


ENDS = """\
import asyncio, functools

def plain(x):
    if x is None:
        raise KeyError(
            "none")
    return x

@functools.cache
def outer(x):
    try:
        plain(x)
    except KeyError:
        return "caught"
    return int(x)

def many(x):
    yield x
    return "end"

def broken(x):
    return x.nothing

class Own(ValueError):
    pass

def own():
    raise Own

async def waits():
    await asyncio.sleep(0.001)
    return 1

def swallows():
    try:
        raise KeyError
    finally:
        try:
            raise ValueError
        except ValueError:
            pass

async def fails():
    await broken_later()

async def broken_later():
    await asyncio.sleep(0)
    raise Own
"""


def test_how_calls_end(python: str) -> None:
    calls = (
        "m.plain(None)", "m.plain('text')", "m.plain(1)", "m.outer(None)", "m.outer('x')", "list(m.many(1))", "m.broken(1)",
        "m.own()", "asyncio.run(m.waits())", "m.swallows()", "asyncio.run(m.fails())",
    )  # fmt: skip
    work = f"({', '.join(f'quiet(lambda: {call})' for call in calls)})"
    (told,) = seen(python, work, texts={"m": ENDS}, watched=("m.py",), observes=True)
    found = {line: (types, raised, yields) for line, types, raised, yields in told.observed["m.py"]}
    key = ["KeyError", "LookupError", "Exception", "BaseException", "object"]
    assert found[3] == (["int", "str"], [[key, 5, True]], False)
    types, raised, _ = found[9]
    assert types == ["str"] and [(kinds[0], line, is_own) for kinds, line, is_own in raised] == [
        ("ValueError", 15, True)
    ]
    assert found[17] == ([], [], True)
    assert [(kinds[0], line) for kinds, line, _ in found[21][1]] == [("AttributeError", 22)]
    assert found[27][1][0][0][:2] == ["Own", "ValueError"]
    assert found[30] == ([], [], False), "waiting is no yielding"
    assert found[34][1] == [], "which of the two left, nobody can say"
    assert [kinds[0] for kinds, _, _ in found[43][1]] == ["Own"]


TAKES = """
class Own:
    def __repr__(self):
        raise RuntimeError("nobody asks this")
    def method(self, a, *, b=2): return a

def plain(a, b=1, *more, c=None, **named):
    a = b
    return a
def many(xs):
    for x in xs: yield x
def often(n): return n
"""


def test_what_functions_are_called_with(python: str) -> None:
    work = (
        "[m.plain('x'), m.plain([1, (2,)], {'k': {3}}, 4, c=b'y', d=0.5), m.plain(m.Own()), m.plain(float('nan')), list(m.many([1, 2])), "
        "m.Own().method(5), m.plain('x'), [m.often(n % 60) for n in range(2000)], m.often('a' * 2000)]"
    )
    (found,) = seen(python, work, texts={"m": TAKES}, watched=("m.py",), takes=True)
    taken = dict(found.taken["m.py"])
    plain = [["'x'", "1"], "()", {"c": "None"}, "{}"]
    other = [["[1, (2,)]", "{'k': {3}}"], "(4,)", {"c": "b'y'"}, "{'d': 0.5}"]
    nothing = [[None, "1"], "()", {"c": "None"}, "{}"]
    assert taken[7] == [plain, other, nothing], "each once, as it was called; no text of an object is asked for"
    assert taken[10] == [[["[1, 2]"], "()", {}, "{}"]], "a generator that goes on begins no call"
    assert taken[5] == [[[None, "5"], "()", {"b": "2"}, "{}"]]
    assert len(taken[12]) == 40


REACHED = """
class Lexer:
    def __init__(self, sign="#"):
        self.sign = sign
    def read(self, text):
        text = text.strip()
        return _read(self, text)
def lexer(sign):
    return Lexer(sign)
def _read(lexer, text):
    return text.partition(lexer.sign)
def read(text, *more):
    return Lexer().read(text)
usual = Lexer("%")
"""
REACHING = """
import m
def test_it():
    m.read(" a#b ")
    m._read(m.usual, "direct")
    own = m.lexer("=")
    own.read("k=v")
    m.usual.read("x%y")
    m.Lexer(sign=";").read("c;d")
    m.other = m.usual
    m.usual = None
    m.other.read("gone from where it was")
    m.read(" a#b ")
    try:
        m.read(object)
    except AttributeError:
        pass
    map_of = list(map(m.read, ["mapped"]))
"""


def test_by_which_calls_of_tests_a_function_is_reached(python: str) -> None:
    """With the arguments as they were when the call began; on an instance with what made it, or where it is."""
    texts = {"m": REACHED, "test_m": REACHING}
    (found,) = seen(python, "t.test_it()", texts=texts, watched=("m.py",), takes=True)
    entries = dict(found.entries["m.py"])
    lexer, usual = ["m.py", 8, [["'='"], "()", {}, "{}"], None], ["m.py", "usual"]
    made = ["m.py", 3, [[None, "';'"], "()", {}, "{}"], None]
    assert entries[10] == [
        ["m.py", 12, [["' a#b '"], "()", {}, "{}"], None],
        ["m.py", 5, [[None, "'k=v'"], "()", {}, "{}"], lexer],
        ["m.py", 5, [[None, "'x%y'"], "()", {}, "{}"], usual],
        ["m.py", 5, [[None, "'c;d'"], "()", {}, "{}"], made],
        ["m.py", 12, [["'mapped'"], "()", {}, "{}"], None],
    ]
    assert entries[3] == [
        ["m.py", 12, [["' a#b '"], "()", {}, "{}"], None],
        lexer,
        ["m.py", 12, [["'mapped'"], "()", {}, "{}"], None],
    ]
    assert 12 not in entries, "what a test calls itself is called by nobody else"


def test_the_lines_are_told_beside_how_calls_end(python: str) -> None:
    (found,) = seen(python, "m.f(1)", watched=("m.py",), observes=True)
    assert found.lines == {"m.py": {5}}
    assert found.observed == {"m.py": [[4, ["int"], [], False]]}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/w/pkg/a.py", "pkg/a.py"),
        ("/w/.venv/lib/python3.12/site-packages/pkg/a.py", ""),
        ("/w/env/lib/python3/dist-packages/a.py", ""),
        ("/w/__pypackages__/3.11/lib/a.py", ""),
        ("/wide/a.py", ""),
        ("<string>", ""),
    ],
)
def test_what_is_installed_in_the_projects_folder_is_not_its_own(path: str, name: str) -> None:
    assert Own("/w").name(path) == name


def test_a_folders_own_functions_are_recorded_and_not_those_installed_in_it(python: str) -> None:
    installed = "env/lib/python3.12/site-packages/n"
    texts = {"m": CODE, installed: CODE}
    work = f"(m.f(0), __import__('sys').modules['{installed}'].f(0))"
    (found,) = seen(python, work, texts=texts, records=True)
    assert found.entered == {("m.py", "f")}
