"""Planted breaches of a guide, and clean functions: `python -m evals.guides`.

Thirty breaches of the twelve rules of `evals/guides.md` are each written into a function of their own; two hundred functions of the standard
library are taken that break none of the rules by a look of another kind (Python's own tree and the names as they are written). Printed are how many breaches
were named by their rule, and which clean functions were called anything.
"""

from __future__ import annotations

import ast
import asyncio
import random
import re
import sysconfig
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

from analyzers.conventions import breaches, guide
from analyzers.conventions.guide import Guide

HERE = Path(__file__).with_name("guides.md")
SEED, CLEAN = 11, 200
# Rule, then the lines of a function's body, or the whole text where it begins with a word of the language.
PLANTED = (
    ("Nothing is printed", "print(value)"),
    ("Nothing is printed", "if value:\n    print('x', file=value)"),
    ("Nothing is printed", "import builtins\nbuiltins.print(value)"),
    ("Nothing is printed", "from pprint import pprint as p\np(value)"),
    ("Money is no float", "return float(value)"),
    ("Money is no float", "return [float (one) for one in value]"),
    ("HTTP by our client", "import requests"),
    ("HTTP by our client", "from requests.adapters import HTTPAdapter"),
    ("HTTP by our client", "import urllib.request as r\nreturn r.urlopen(value)"),
    ("HTTP by our client", "from urllib.request import urlopen"),
    ("Nothing is evaluated", "return eval(value)"),
    ("Nothing is evaluated", "exec(compile(value, 'x', 'exec'))"),
    ("No shell", "import os\nos.system(value)"),
    ("No shell", "from os import popen as run\nreturn run(value)"),
    ("No shell", "import subprocess as s\ns.getoutput(value)"),
    ("Names", "theValue = value\nreturn theValue"),
    ("Names", "def innerOne():\n    return value\nreturn innerOne"),
    ("Names", "class lowered:\n    pass"),
    ("Names", "return lambda aB: aB"),
    ("Names", "def g(x, *, keyWord=None):\n    return x"),
    ("No shared defaults", "def g(x=[]):\n    return x"),
    ("No shared defaults", "def g(x, y={}):\n    return x"),
    ("No shared defaults", "return lambda x=[]: x"),
    ("No broad except", "try:\n    pass\nexcept Exception:\n    return value"),
    ("No broad except", "try:\n    pass\nexcept:\n    return value"),
    ("No asserts", "assert value"),
    ("Paths are pathlib's", "import os\nreturn os.path.join(value, 'x')"),
    ("Paths are pathlib's", "from os.path import exists\nreturn exists(value)"),
    ("Time has a zone", "import datetime\nreturn datetime.datetime.utcnow()"),
    ("No sleeping", "import time\ntime.sleep(value)"),
)


def function(body: str) -> str:
    """A function with that body among other lines."""
    return f'def planted(value):\n    """A function."""\n    total = 0\n{textwrap.indent(body, "    ")}\n    return total\n'


def clean(count: int) -> Iterator[str]:
    """Functions of the standard library that break nothing, by Python's tree."""
    folder, chance = Path(sysconfig.get_paths()["stdlib"]), random.Random(SEED)
    files = sorted(one for one in folder.glob("*.py") if one.stem != "this")
    chance.shuffle(files)
    found = 0
    for file in files:
        text = file.read_text("utf-8", "replace")
        for node in ast.walk(ast.parse(text)):
            if (
                isinstance(node, ast.FunctionDef)
                and 4 <= (node.end_lineno or 0) - node.lineno <= 40
                and _is_clean(node)
            ):
                yield textwrap.dedent(ast.get_source_segment(text, node, padded=True) or "")
                found += 1
                if found == count:
                    return


_BANNED = re.compile(
    r"\b(print|pprint|float|eval|exec|system|popen|getoutput|getstatusoutput|requests|urllib|utcnow|sleep|path)\b|\.(today|urlopen)\b"
)


def _is_clean(node: ast.FunctionDef) -> bool:
    """No word of what is banned anywhere in its code, and names of the styles."""
    if _BANNED.search(ast.unparse(_without_docs(node))):
        return False
    for one in ast.walk(node):
        match one:
            case ast.Assert() | ast.ClassDef() | ast.Import() | ast.ImportFrom():
                return False
            case ast.ExceptHandler(type=None) | ast.ExceptHandler(type=ast.Name(id="Exception" | "BaseException")):
                return False
            case ast.ExceptHandler(type=ast.Tuple()):
                return False
            case ast.FunctionDef(name=name) | ast.arg(arg=name) if not re.fullmatch(r"_*[a-z0-9_]+|__\w+__", name):
                return False
            case ast.Name(id=name, ctx=ast.Store()) if not re.fullmatch(r"_*[a-z0-9_]+|_*[A-Z][A-Z0-9_]*|_+", name):
                return False
            case ast.arguments(defaults=plain, kw_defaults=named) if any(
                isinstance(told, ast.List | ast.Dict | ast.Set) for told in (*plain, *named)
            ):
                return False
    return True


def _without_docs(node: ast.FunctionDef) -> ast.AST:
    """Code alone: what stands in a text breaks nothing."""
    copy = ast.parse(ast.unparse(node))
    for one in ast.walk(copy):
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            one.value = ""
    return copy


async def broken(found: Guide, text: str) -> list[str]:
    """The rules that a text breaks."""
    own = [*breaches.found(found, text, "src/shop/a.py"), *await breaches.of_ruff(found, text, "src/shop/a.py")]
    return [one.rule for one in own]


async def main() -> None:
    """Count, and print."""
    found = guide.read(HERE.read_text("utf-8"))
    assert not found.complaints, found.complaints
    named, began = 0, time.monotonic()
    for rule, body in PLANTED:
        told = await broken(found, function(body))
        named += rule in told
        if rule not in told:
            print(f"    not named: {rule}: {body!r} ({told})")
        if extra := set(told) - {rule}:
            print(f"    named beside {rule}: {', '.join(extra)}: {body!r}")
    print(f"{named} of {len(PLANTED)} planted breaches of {len(found.rules)} rules were named")
    texts, wrong = list(clean(CLEAN)), 0
    for text in texts:
        if told := await broken(found, text):
            wrong += 1
            print(f"    {told[0]}: {text.splitlines()[0]}")
    print(
        f"{wrong} of {len(texts)} clean functions were called anything; {(time.monotonic() - began) / (len(texts) + len(PLANTED)) * 1000:.0f} ms a text"
    )


if __name__ == "__main__":
    asyncio.run(main())
