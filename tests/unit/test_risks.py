"""What code reaches for that somebody should look at first, by whichever name."""

from __future__ import annotations

import pytest

from analyzers import risks


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("eval(x)", "runs text as code"),
        ("list(map(eval, xs))", "runs text as code"),
        ("e = eval\ne(x)", "runs text as code"),
        ("import builtins\nbuiltins.exec(x)", "runs text as code"),
        ("import os\nos.system(x)", "starts a shell"),
        ("import os as quiet\nquiet.system(x)", "starts a shell"),
        ("from os import system as s\ns(x)", "starts a shell"),
        ("from os import *", "imports all of"),
        ("import os\ngetattr(os, 'system')(x)", "starts a shell"),
        ("import os\ngetattr(os, 'sys' + 'tem')(x)", "out of a module"),
        ("import os\nvars(os)['system'](x)", "out of a namespace"),
        ("import os\nos.__dict__['system'](x)", "out of a namespace"),
        ("globals()['ev' + 'al'](x)", "out of a namespace"),
        ("__builtins__['eval'](x)", "out of a namespace"),
        ("__import__('os')", "imports what a text names"),
        ("import importlib\nimportlib.import_module(x)", "imports what a text names"),
        ("import sys\nsys.modules['os'].system(x)", "sys.modules"),
        ("import subprocess\nsubprocess.run(['ls'])", "starts a process"),
        ("from subprocess import Popen", "starts a process"),
        ("run(x, shell=True)", "starts a shell"),
        ("import pickle\npickle.loads(x)", "stored bytes"),
        ("import yaml\nyaml.load(x)", "stored text"),
        ("import requests\nrequests.get(x)", "uses the network"),
        ("from urllib.request import urlopen", "uses the network"),
        ("import socket\nsocket.create_connection(x)", "uses the network"),
        ("c.execute(f'SELECT * FROM t WHERE a = {x}')", "SQL"),
        ("c.execute('select * from t where a = ' + x)", "SQL"),
        ("c.execute('DELETE FROM t WHERE a = %s' % x)", "SQL"),
        ("q = 'insert into t values ({})'.format(x)", "SQL"),
        ("().__class__.__bases__[0].__subclasses__()", "reaches for"),
        ("f.__globals__['x']", "reaches for"),
        ("import ctypes\nctypes.CDLL(x)", "around Python"),
        ("x = 'a\u202eb'", "not seen"),
        ("x = 1  # \u200bhidden", "not seen"),
    ],
)
def test_a_risk_is_found_by_whichever_name(text: str, what: str) -> None:
    found = risks.of_text(text)
    assert any(what in one.what for one in found), found
    assert risks.may_have(text)


@pytest.mark.parametrize(
    "text",
    [
        "import os\nos.path.join(a, b)",
        "import yaml\nyaml.safe_load(x)",
        "c.execute('SELECT * FROM t WHERE a = ?', (x,))",
        "model.eval()",
        "re.compile(x)",
        "import re\nre.compile(x)",
        "getattr(self, name)",
        "run(x, shell=False)",
        "x = 'select one from the list ' + y".replace("select one from the list", "pick one of the list"),
        "import urllib.parse\nurllib.parse.quote(x)",
        "import pickle\npickle.dumps(x)",
        "def exec_all(self): return self.exec_all()",
        "x = 'grüße, 日本'",
    ],
)
def test_what_is_usual_is_none(text: str) -> None:
    assert risks.of_text(text) == ()


def test_only_what_is_new_in_the_changed_lines_counts() -> None:
    before = "import os\n\n\ndef f(x):\n    return os.system(x)\n\n\ndef g(x):\n    pass\n"
    after = before.replace("    pass\n", "    return os.system(x)\n")
    assert risks.new(before, after, 9, 9) == ()
    after = before.replace("    pass\n", "    return eval(x)\n")
    (one,) = risks.new(before, after, 9, 9)
    assert (one.what, one.line) == ("runs text as code (`eval`)", 9)
    assert risks.new(before, after, 1, 8) == ()


def test_a_text_that_does_not_parse_is_looked_at_for_characters_alone() -> None:
    assert risks.of_text("def f(:\n    eval(x)") == ()
    assert [one.line for one in risks.of_text("def f(:\n    '\u202e'")] == [2]


def test_all_of_them_are_told_in_one_line() -> None:
    assert risks.told(risks.of_text("eval(x)\nexec(y)")) == "runs text as code (`eval`), line 1; runs text as code (`exec`), line 2"  # fmt: skip


@pytest.mark.parametrize("text", ["select " * 40_000, "delete from " * 20_000, "getattr(" * 20_000, " " * 200_000])
def test_a_hostile_text_is_looked_at_to_its_end(text: str) -> None:
    risks.may_have(text)
    assert all(one.what != "puts SQL together from strings" for one in risks.of_text(text))


def test_what_an_annotation_names_is_read_and_not_used() -> None:
    text = "import os\nimport ssl\nimport subprocess\n\n\ndef f(given: ssl.SSLContext | subprocess.Popen, other: os.system('x') = None) -> subprocess.Popen:\n    kept: subprocess.Popen = given\n    return kept\n"  # fmt: skip
    assert [one.what for one in risks.of_text(text)] == ["starts a shell (`os.system`)"]
