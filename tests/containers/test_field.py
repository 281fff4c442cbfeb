"""What people's projects do: kinds from the field, each with the verdict that is right. A file names the kind, not only the input."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from dulwich import porcelain

from analyzers import encodings
from assay.assistant.shapes import state
from assay.assistant.workbench import Workbench
from tests.containers.conftest import judge

PYPROJECT = "[project]\nname = 'p'\nversion = '1'\n"
CALC = "def double(x):\n    return 2 * x\n"
USES = "from calc import double\n\n\ndef test_it():\n    assert double(3) == 6\n"


@dataclass(frozen=True, slots=True)
class Case:
    """Files, of which `path` gets an edit (what to replace, and by what), and what is to come of it: the state, or the reason, and words of the sentence. `tracked`: git has all of them."""

    files: dict[str, str | bytes]
    path: str
    edit: tuple[str, str]
    state: str
    why: str = ""
    tracked: bool = False
    links: tuple[tuple[str, str], ...] = ()


RIGHT, WRONG = ("2 * x", "x * 2"), ("2 * x", "2 + x")
BILL = "from app.rates import RATE\n\n\ndef bill(x):\n    return x * RATE\n"
CASES = {
    "source roots by pytest's pythonpath": Case(
        {"pyproject.toml": f"{PYPROJECT}[tool.pytest.ini_options]\npythonpath = ['backend']\n", "backend/app/__init__.py": "", "backend/app/rates.py": "RATE = 2\n", "backend/app/bill.py": BILL,
         "tests/test_bill.py": "from app.bill import bill\n\n\ndef test_bill():\n    assert bill(3) == 6\n"},
        "backend/app/bill.py", ("from app.rates import RATE\n\n\ndef bill(x):\n    return x * RATE", "from app.rates import RATE\n\n\ndef bill(x):\n    return RATE * x"), "passed"),
    "source roots by sys.path in conftest": Case(
        {"conftest.py": "import pathlib, sys\nsys.path.insert(0, str(pathlib.Path(__file__).parent / 'lib' / 'code'))\n", "lib/code/shop/rates.py": "RATE = 2\n",
         "lib/code/shop/bill.py": BILL.replace("app", "shop"), "tests/test_bill.py": "from shop.bill import bill\n\n\ndef test_bill():\n    assert bill(3) == 6\n"},
        "lib/code/shop/bill.py", ("return x * RATE", "import shop.rates\n    return shop.rates.RATE * x"), "passed"),
    "a helper beside the test": Case(
        {"calc.py": CALC, "tests/helpers.py": "def one():\n    return 3\n", "tests/test_calc.py": "from helpers import one\nfrom calc import double\n\n\ndef test_it():\n    assert double(one()) == 6\n", "conftest.py": ""},
        "calc.py", RIGHT, "passed"),
    "a guarded import": Case(
        {"calc.py": CALC, "test_calc.py": USES}, "calc.py",
        (CALC, "try:\n    import ujson_that_is_not_here as json\nexcept ImportError:\n    import json\n\n\ndef double(x):\n    return json.loads(json.dumps(2)) * x\n"), "passed"),
    "attributes from keywords": Case(
        {"calc.py": "class Book:\n    def __init__(self, **kw):\n        vars(self).update(kw)\n\n    def name(self):\n        return str(1)\n", "test_calc.py": "from calc import Book\n\n\ndef test_it():\n    assert Book(title='x').name() in ('x', '1')\n"},
        "calc.py", ("str(1)", "self.title"), "passed"),
    "attributes of a frozen dataclass": Case(
        {"calc.py": "from dataclasses import dataclass\n\n\n@dataclass(frozen=True)\nclass Book:\n    x: int\n\n    def __post_init__(self):\n        object.__setattr__(self, 'title', 'x')\n\n    def name(self):\n        return 'x'\n",
         "test_calc.py": "from calc import Book\n\n\ndef test_it():\n    assert Book(1).name() == 'x'\n"},
        "calc.py", ("return 'x'", "return self.title"), "passed"),
    "data that tests read and git tracks": Case(
        {"calc.py": CALC, "tests/a.db": b"\x00\x01", "build/table.txt": "6", "test_calc.py": "import pathlib\nfrom calc import double\n\n\ndef test_it():\n    assert pathlib.Path('tests/a.db').read_bytes() == b'\\x00\\x01'\n"
         "    assert double(3) == int(pathlib.Path('build/table.txt').read_text())\n", ".gitignore": "*.db\nbuild/\n"},
        "calc.py", RIGHT, "passed", tracked=True),
    "a link to data": Case(
        {"calc.py": CALC, "shared/table.txt": "6", "tests/test_calc.py": "import pathlib\nfrom calc import double\n\n\ndef test_it():\n    assert double(3) == int((pathlib.Path(__file__).parent / 'data' / 'table.txt').read_text())\n", "conftest.py": ""},
        "calc.py", RIGHT, "passed", links=(("tests/data", "../shared"),)),
    "a package behind a link": Case(
        {"real/core/rates.py": "TWO = 2\n", "real/core/__init__.py": "", "calc.py": "from core.rates import TWO\n\n\ndef double(x):\n    return TWO * x\n", "test_calc.py": USES}, "calc.py", ("TWO * x", "x * TWO"), "passed", links=(("core", "real/core"),)),
    "a package with a name of refuse": Case(
        {"build/__init__.py": "", "build/calc.py": CALC, "test_calc.py": USES.replace("calc", "build.calc", 1)}, "build/calc.py", RIGHT, "passed"),
    "a module called secrets": Case(
        {"credentials.py": "FACTOR = 2\n", "calc.py": "from credentials import FACTOR\n\n\ndef double(x):\n    return 2 * x\n", "test_calc.py": USES}, "calc.py", ("2 * x", "FACTOR * x"), "passed"),
    "a generated module": Case(
        {".gitignore": "*_pb2.py\n", "api_pb2.py": "FACTOR = 2\n", "calc.py": "import api_pb2\n\n\ndef double(x):\n    return 2 * x\n", "test_calc.py": USES}, "calc.py", ("2 * x", "api_pb2.FACTOR * x"), "passed"),
    "the project's own options": Case(
        {"pytest.ini": "[pytest]\naddopts = --db=sqlite --fixtures-dir data --cache-url=x --html-out=y\n", "conftest.py": "def pytest_addoption(parser):\n    for name in ('--db', '--fixtures-dir', '--cache-url', '--html-out'):\n"
         "        parser.addoption(name, default='')\n", "calc.py": CALC, "test_calc.py": "from calc import double\n\n\ndef test_it(pytestconfig):\n    assert [pytestconfig.getoption(n) for n in ('--db', '--fixtures-dir', '--cache-url', '--html-out')] == ['sqlite', 'data', 'x', 'y']\n    assert double(3) == 6\n"},
        "calc.py", RIGHT, "passed"),
    "pytest's cache": Case(
        {"calc.py": CALC, "test_calc.py": "from calc import double\n\n\ndef test_it(pytestconfig):\n    pytestconfig.cache.set('a/b', 6)\n    assert double(3) == pytestconfig.cache.get('a/b', 0)\n"}, "calc.py", WRONG, "failed", "test_it"),
    "syntax that is newer than ours": Case(
        {"pyproject.toml": f"{PYPROJECT}requires-python = '>=3.12'\n", "calc.py": "def first[T](p: list[T]) -> T:\n    return p[0]\n", "test_calc.py": "from calc import first\n\n\ndef test_it():\n    assert first([6]) == 6\n"},
        "calc.py", ("return p[0]", "return list(p)[0]"), "passed"),
    "async tests that cannot run beside one that can": Case(
        {"calc.py": CALC, "test_calc.py": f"{USES}\n\nasync def test_a():\n    assert double(1) == 2\n\n\nasync def test_b():\n    assert double(2) == 4\n"}, "calc.py", RIGHT, "passed", "2 tests are red before executing it"),
    "no marker file at all": Case(
        {"m.py": CALC, "tests/test_m.py": USES.replace("calc", "m", 1), "requirements.txt": ""}, "m.py", RIGHT, "passed"),
    "ordinary writing": Case(
        {"calc.py": "from pathlib import Path\n\n\ndef save(p):\n    Path(p).write_text('y')\n", "test_calc.py": "from calc import save\n\n\ndef test_it(tmp_path):\n    save(tmp_path / 'a')\n    assert (tmp_path / 'a').read_text() in 'xy'\n"},
        "calc.py", ("write_text('y')", "write_text('x')"), "passed"),
    "code that runs in an older thread": Case(
        {"calc.py": f"import queue, threading\n\nJOBS, DONE = queue.Queue(), queue.Queue()\n\n\n{CALC}\n\ndef work():\n    while True:\n        DONE.put(double(JOBS.get()))\n\n\nthreading.Thread(target=work, daemon=True).start()\n",
         "test_calc.py": "from calc import DONE, JOBS\n\n\ndef test_it():\n    JOBS.put(3)\n    assert DONE.get(timeout=5) == 6\n"}, "calc.py", RIGHT, "passed", "1 test executing it passes"),
    "a loop that an older thread is in already": Case(
        {"calc.py": f"import queue, threading\n\nJOBS, DONE = queue.Queue(), queue.Queue()\n\n\n{CALC}\n\ndef work():\n    while True:\n        DONE.put(double(JOBS.get()))\n\n\nthreading.Thread(target=work, daemon=True).start()\n",
         "test_calc.py": "from calc import DONE, JOBS\n\n\ndef test_it():\n    JOBS.put(3)\n    assert DONE.get(timeout=5) == 6\n"}, "calc.py", ("double(JOBS.get())", "double(x=JOBS.get())"), "no-tests", "which cannot be seen here"),
    "code that runs in another process": Case(
        {"calc.py": CALC, "test_calc.py": "import subprocess, sys\nimport calc\n\n\ndef test_it():\n    code = 'import calc; print(calc.double(3))'\n    assert subprocess.run([sys.executable, '-c', code], capture_output=True).stdout == b'6\\n'\n"},
        "calc.py", RIGHT, "no-tests", "1 test runs code in other processes or threads"),
    "another encoding": Case(
        {"calc.py": "# -*- coding: latin-1 -*-\nNAME = 'caf\xe9'\n\n\ndef double(x):\n    return 2 * x\n".encode("latin-1"),
         "test_calc.py": "from calc import NAME, double\n\n\ndef test_it():\n    assert double(3) == 6 and NAME == 'caf\\xe9'\n"},
        "calc.py", RIGHT, "passed"),
    "a test that a tracer disturbs": Case(
        {"calc.py": CALC, "test_calc.py": f"import sys\n\n{USES}\n\ndef test_unwatched():\n    assert sys.gettrace() is None\n"},
        "calc.py", RIGHT, "passed", "1 test executing it passes"),
    "a wrong change beside a test that a tracer disturbs": Case(
        {"calc.py": CALC, "test_calc.py": f"import sys\n\n{USES}\n\ndef test_unwatched():\n    assert sys.gettrace() is None\n"},
        "calc.py", WRONG, "failed", "1 test that passed without it fails: test_calc.py::test_it"),
    "byte code that a process of a test writes": Case(
        {"calc.py": CALC, "test_calc.py": f"import pathlib, subprocess, sys\n\n{USES}\n\ndef test_process():\n    subprocess.run([sys.executable, '-c', 'import calc'], env={{}}, check=True)\n    assert list(pathlib.Path('__pycache__').glob('calc.*.pyc'))\n"},
        "calc.py", RIGHT, "passed"),
    "byte code that is not of its source": Case(
        {"calc.py": f"import os, pathlib, py_compile\n\npathlib.Path('/tmp/x.py').touch()\nos.makedirs('__pycache__', exist_ok=True)\nfor minor in range(9, 16):\n    py_compile.compile('/tmp/x.py', f'__pycache__/later.cpython-3{{minor}}.pyc',"
         f" invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)\n\n\n{CALC}",
         "later.py": "def five():\n    return 5\n", "test_calc.py": f"{USES}\n\ndef test_later():\n    from later import five\n    assert five() == 5 == double(2.5)\n"},
        "calc.py", RIGHT, "passed", "2 tests executing it pass"),
    "printing": Case(
        {"calc.py": "import sys\n\n\ndef say(x):\n    print(x)\n", "test_calc.py": "from calc import say\n\n\ndef test_it(capsys):\n    say(1)\n    assert capsys.readouterr().out == '1\\n'\n"},
        "calc.py", ("print(x)", "print(x, file=sys.stdout)"), "passed"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
async def test_a_kind_of_the_field(bench: Workbench, tmp_path: Path, name: str) -> None:
    case, root = CASES[name], tmp_path / "p"
    root.mkdir()
    if name != "no marker file at all":
        (root / "pyproject.toml").write_text(PYPROJECT)
    for file, content in case.files.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(content.encode() if isinstance(content, str) else content)
    for link, target in case.links:
        (root / link).symlink_to(target)
    if case.tracked:
        ignore = root / ".gitignore"
        rules = ignore.read_text()
        ignore.unlink()
        porcelain.init(str(root))
        porcelain.add(str(root), [str(root / file) for file in case.files if file != ".gitignore"])
        ignore.write_text(rules)
    path = root / case.path
    text = encodings.decoded(path.read_bytes())
    assert case.edit[0] in text
    found = await judge(bench, path, text.replace(*case.edit), root=root)
    assert case.state in (state(found), getattr(found, "reason", "")), found
    assert case.why in found.why
