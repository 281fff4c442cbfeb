"""Snapshots, secrets, settings, ignore rules: small facts that much rests on."""

from __future__ import annotations

import asyncio
import gc
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from analyzers import files, harness, reach, secrets, syntax
from analyzers.changed import Changed
from analyzers.text import Snapshot, Span, changed_span
from assay.assistant.changes import patch
from assay.assistant.world.projects import Projects


def test_lines_end_where_the_protocol_says() -> None:
    snapshot = Snapshot("", "", 0, "a\r\nb\rc\nd\u2028e\x0c")
    assert snapshot.line_starts == (0, 3, 5, 7)
    assert snapshot.line_span(0) == Span(0, 1)
    assert snapshot.line_of(len(snapshot.text)) == 3


def test_threads_that_parse_together_all_get_their_tree() -> None:
    text = "".join(f"value_{number} = f([{number}, {{1: (2, {number})}}])\n" for number in range(400))
    pause, threshold = sys.getswitchinterval(), gc.get_threshold()
    yields = lambda *_: sum(range(200))  # noqa: E731  code that runs while a tree is built is where Python changes threads
    gc.callbacks.append(yields)
    sys.setswitchinterval(1e-6)
    gc.set_threshold(50)
    try:
        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(syntax.compiles, [text] * 12))
    finally:
        gc.callbacks.remove(yields)
        sys.setswitchinterval(pause)
        gc.set_threshold(*threshold)


def test_an_edited_tree_equals_a_fresh_one() -> None:
    first = Snapshot("", "", 0, "é = 1\ndef f():\n    return é\n")
    assert first.tree.root_node.child_count == 2
    second = first.edited(Span(4, 5), "[1,\n 2]", 1)
    assert str(second.tree.root_node) == str(syntax.parse(second.text).root_node)


@pytest.mark.parametrize(("a", "b"), [("abc", "abc"), ("", "x"), ("aXc", "aYYc"), ("aa", "aaa"), ("xay", "xaay")])
def test_a_changed_span_turns_one_text_into_the_other(a: str, b: str) -> None:
    old, new = changed_span(a, b)
    assert a[: old.start] + b[new.start : new.end] + a[old.end :] == b


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-Zx81kLmQpW72nVbTyU5431", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "AKIAIOSFODNN7EXAMPLE",
        "xoxb-123456789012-abcdefghij", "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N",
    ],
)  # fmt: skip
def test_known_secrets_are_redacted_wherever_they_stand(secret: str) -> None:
    text = f"x = call({secret!r})  # {secret}\n"
    assert secret not in secrets.redact(text)
    assert len(secrets.redact(text)) == len(text)


def test_a_secret_is_known_by_its_name_and_entropy() -> None:
    assert "tr0ub4dor&3xyz" not in secrets.redact('DB_PASSWORD = "tr0ub4dor&3xyz"')
    assert "p4ssw0rd99" not in secrets.redact("url = 'postgres://admin:p4ssw0rd99@db/x'")
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc\n-----END RSA PRIVATE KEY-----"
    assert "MIIEow" not in secrets.redact(key)
    assert secrets.redact(key).count("\n") == key.count("\n")


@pytest.mark.parametrize(
    "text",
    [
        "token = tokens[0]", "password = get_password()", "assert md5('x') == '9dd4e461268c8034f5c8564e155c67a6'",
        "key = 'name'", "self.secret_santa = draw(names)", "for token in line.split():", "API_KEY = os.environ['API_KEY']",
    ],
)  # fmt: skip
def test_ordinary_code_is_left_alone(text: str) -> None:
    assert secrets.redact(text) == text


def test_a_secret_beside_a_private_key_is_one_still() -> None:
    key = "-----BEGIN PRIVATE KEY-----abcd-----END PRIVATE KEY-----"
    found = secrets.redact(f'k = "AKIAIOSFODNN7EXAMPLE{key}AKIAIOSFODNN7EXAMPLE"')
    assert "AKIA" not in found
    assert "abcd" not in found


def test_equal_secrets_stay_equal() -> None:
    one, other = secrets.redact("token = 'Zx81kLmQpW72nVb'\ntoken = 'Zx81kLmQpW72nVb'").split("\n")
    assert one == other


def test_ignored_and_secret_files_are_not_listed(tmp_path: Path) -> None:
    for name in ("a.py", ".env", "b/c.py", "b/keep.py", "node_modules/x.js", ".git/config", "id_rsa", "d.assay"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "link.py").symlink_to("/etc/passwd")
    (tmp_path / "b" / ".gitignore").write_text("c.py\n")
    (tmp_path / ".assayignore").write_text("*.assay\n")
    found = {entry.name for entry in files.walk(tmp_path, files.Rules(tmp_path))}
    assert found == {"a.py", "b/keep.py", "b/.gitignore", ".assayignore"}


@pytest.mark.parametrize("odd", ["\f", "\u2028", "\x1c", "\x85", "\v"])
def test_a_line_of_a_patch_ends_where_git_ends_it(odd: str) -> None:
    before = f"a\n{odd}b = 'x{odd}y'\nc\n"
    diff = f"--- a\n+++ b\n@@ -1,3 +1,3 @@\n a\n-{odd}b = 'x{odd}y'\n+{odd}b = 'x{odd}z'\n c\n"
    assert patch.apply(before, diff) == f"a\n{odd}b = 'x{odd}z'\nc\n"


def test_tests_are_found_through_imports_and_by_name() -> None:
    texts = {
        "pkg/a.py": "def f():\n    return 1\n",
        "pkg/b.py": "from pkg.a import f\n",
        "tests/test_b.py": "from pkg import b\n\ndef test_far(): pass\n",
        "tests/test_a.py": "from pkg.a import f\n\ndef test_f():\n    f()\n\nclass TestF:\n    def test_in_class(self): f()\n",
        "tests/test_c.py": "def test_none(): pass\n",
    }
    tree = syntax.module(texts["pkg/a.py"])
    assert tree is not None
    changed = Changed((), ("f",), frozenset({2}))
    assert reach.tests(texts, "pkg/a.py", changed, tree).tests == (
        "tests/test_a.py::test_f",
        "tests/test_a.py::TestF::test_in_class",
        "tests/test_b.py::test_far",
    )


def test_tests_of_a_functions_callers_come_before_all_others() -> None:
    code = (
        "def _inner(x):\n    return x\n\ndef middle(x):\n    return _inner(x)\n\ndef outer(x):\n    return middle(x)\n"
    )
    others = "".join(f"def test_{n}():\n    a.unrelated()\n" for n in range(60))
    texts = {"a.py": code, "test_a.py": f"import a\n{others}def test_it():\n    a.outer(1)\n"}
    tree = syntax.module(code)
    assert tree is not None
    found = reach.tests(texts, "a.py", Changed((), ("_inner",), frozenset({2})), tree).tests
    assert found[0] == "test_a.py::test_it"
    assert len(found) == 61


def test_a_file_that_imports_by_name_and_examples_in_prose_reach_a_module() -> None:
    texts = {
        "pkg/a.py": "def f():\n    return 1\n",
        "tests/test_late.py": "import importlib\na = importlib.import_module('pkg.a.f'.rpartition('.')[0])\n",
        "tests/check_it.py": "from pkg import a\n",
        "docs/guide.rst": "Use it::\n\n    >>> from pkg.a import f\n    >>> f()\n    1\n",
    }
    configurations = {
        "pyproject.toml": "[tool.pytest.ini_options]\npython_files = ['check_*.py']\naddopts = '-q --doctest-glob=*.rst'\n",
        "sub/tox.ini": "[pytest]\npython_files = *_spec.py\n",
        "setup.cfg": "[tool:pytest",
        "deep/pyproject.toml": "x = " + "[" * 5000,
    }
    patterns = reach.patterns(configurations)
    assert patterns[len(reach.PATTERNS) :] == ("check_*.py", "*.rst", "*_spec.py")
    tree = syntax.module(texts["pkg/a.py"])
    assert tree is not None
    found = reach.tests(texts, "pkg/a.py", Changed((), ("f",), frozenset({2})), tree, patterns)
    assert set(found.files) == {"tests/test_late.py", "tests/check_it.py", "docs/guide.rst"}


def test_ordinary_code_does_not_touch_the_harness() -> None:
    text = "import re\nfrom pathlib import Path\n\ndef f(x, registry):\n    registry.register(x)\n    return re.sub('a', 'b', Path(x).name)\n"
    tree = syntax.module(text)
    assert tree is not None
    assert harness.touched(tree, frozenset(range(1, 7))) == ""


ORDINARY = [
    "class P:\n    def __eq__(self, other):\n        return self.x == other.x\n",
    "class P:\n    def __eq__(self, other):\n        if self is other:\n            return True\n        return self.x == other.x\n",
    "class P:\n    def __bool__(self):\n        for _ in self.parts:\n            return True\n        return False\n",
    "class P:\n    def __contains__(self, item):\n        if item in self.a:\n            return True\n        return item in self.b\n",
    "class Link:\n    def unlink(self):\n        self.next = None\n\n\ndef f(link):\n    link.unlink()\n",
    "import os\n\n\ndef home():\n    return os.environ['HOME'] + os.environ.get('X', '')\n",
    "import os\n\n\ndef f():\n    os.environ['X'] = '1'\n    os.environ.update(X='1')\n",
    "from pathlib import Path\n\n\ndef f(x):\n    Path(x).unlink()\n    Path(x).write_text('y')\n    open(x, 'w').close()\n",
    "import sys\n\n\ndef f(x):\n    print(x, file=sys.stdout)\n    sys.stderr.write(x)\n",
    "import json, os, shutil\n\n\ndef f(x):\n    with open('out.json', 'w') as file:\n        json.dump(x, file)\n    os.rename('a', 'b')\n    shutil.rmtree('c')\n",
    "def f(x):\n    return open('pyproject.json').read() + 'pyproject.toml'\n",
]
TRICKY = {
    "its __eq__ cannot differ (`def __eq__(self, other):`)": "class P:\n    def __eq__(self, other):\n        return True\n",
    "its __eq__ cannot differ (`__eq__ = lambda self, other: True`)": "class P:\n    __eq__ = lambda self, other: True\n",
    "it may write conftest.py (`open('conftest.py', 'w')`)": "def f(x):\n    open('conftest.py', 'w').write(x)\n",
    "it may write sub/pytest.ini (`Path('sub/pytest.ini').write_text('x')`)": "from pathlib import Path\n\n\ndef f(x):\n    Path('sub/pytest.ini').write_text('x')\n",
    "it names PYTEST_ADDOPTS in a string (`'PYTEST_ADDOPTS'`)": "import os\n\n\ndef f():\n    os.environ['PYTEST_ADDOPTS'] = '-x'\n",
    "it names PYTHONPATH (`PYTHONPATH='x'`)": "import os\n\n\ndef f():\n    os.environ.update(PYTHONPATH='x')\n",
    "it uses sys.monitoring (`sys.monitoring`)": "import sys\n\n\ndef f(x):\n    sys.monitoring.free_tool_id(x)\n",
    "it names /proc/self/fd/3 in a string (`'/proc/self/fd/3'`)": "def f(x):\n    open('/proc/self/fd/3', 'w').write(x)\n",
}


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_comparisons_and_reading_the_environment_are_no_tricks(text: str) -> None:
    tree = syntax.module(text)
    assert tree is not None
    assert harness.touched(tree, frozenset(range(1, 9))) == ""


@pytest.mark.parametrize("what", TRICKY)
def test_a_trick_is_named_with_its_code(what: str) -> None:
    tree = syntax.module(TRICKY[what])
    assert tree is not None
    assert harness.touched(tree, frozenset(range(1, 9))) == what


def test_a_patch_may_have_moved_but_must_fit() -> None:
    diff = "@@ -1,2 +1,2 @@\n b\n-c\n+C\n"
    assert patch.apply("a\nb\nc\n", diff) == "a\nb\nC\n"
    with pytest.raises(patch.PatchError):
        patch.apply("a\nb\nd\n", diff)


def test_a_patch_can_change_the_last_line_without_an_end() -> None:
    diff = "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n"
    assert patch.apply("a", diff) == "b"


def test_of_two_modules_with_one_name_the_neighbour_is_meant() -> None:
    texts = {
        f"{p}/{name}": text for p in ("a", "b") for name, text in (("m.py", "x = 1\n"), ("test_m.py", "import m\n"))
    }
    assert reach.imports(texts)["a/test_m.py"] == {"a/m.py"}
    assert reach.imports(texts)["b/test_m.py"] == {"b/m.py"}


SECRETS = (
    'password = "tr0ub4dor&3xyz"\n', "api_key = (\n    'Zx81kLmQpW72nVb'\n)\n", 'token\n\n:\n  str  =\n   "Zx81kLmQpW72nVb"\n',
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc\n", "-----END RSA PRIVATE KEY-----\n", "x = 'AKIAIOSFODNN7EXAMPLE'\n",
    "url = 'postgres://admin:p4ssw0rd99@db/x'\n", "# Bearer abcdefghijklmnop1234\n", "'Zx81kLmQpW72nVbTyU5431aBcDeFgHiJkLmNoPqRs+/9'\n",
    "SECRET", "token", "=", '"', "'", "\n", " " * 9, "token" + "_" * 60 + "\n  :\n" + "T" * 38 + "\n  =\n  'Zx81kLmQpW72nVb'\n",
    "-----BEGIN ", "PRIVATE KEY-----", "İ", "apı_key = 'Zx81kLmQpW72nVb'\n",
)  # fmt: skip


def test_what_changed_is_redacted_as_if_all_of_it_were_looked_at() -> None:
    chance = Random(16)
    lines = [f"def f{n}(x):\n    y = x + {n}\n    return y\n\n\n" for n in range(150)]
    text = "".join(lines)
    seen = 0
    for number in range(2000):
        if number % 200 == 0:
            text = "".join(lines) + chance.choice(SECRETS)
        at = chance.randrange(len(text) + 1)
        if number % 3:  # near the one before, as somebody types
            at = min(len(text), max(0, seen + chance.randrange(-60, 60)))
        removed = chance.choice((0, 0, 0, 1, 5, 40, 300))
        text = text[:at] + chance.choice(SECRETS) + text[at + removed :]
        seen = at
        assert secrets.redact(text) == secrets._redacted(secrets._without_keys(text)), number


def test_only_what_stands_around_a_change_is_looked_at_again() -> None:
    text = "".join(f"def f{n}(x):\n    return x + {n}\n\n\n" for n in range(400))
    assert secrets._line_after(text, 9000) - secrets._line_before(text, 9000) < 1000
    assert secrets._redacted_again(text[:9000] + "y" + text[9000:], text, text) is not None


def test_a_hostile_line_is_redacted_in_linear_time() -> None:
    for text in ("x = '" + "a-" * 20_000 + "'", "x = " + "a.b" * 20_000, "password" * 5_000):
        assert len(secrets.redact(text)) == len(text)
        assert len(secrets.redact_data(text)) == len(text)


@pytest.mark.parametrize(
    "text",
    ["token = hashlib.sha256(data).hexdigest()", "self.token_count = int64_array.sum()", "access_token: Base64Token"],
)
def test_a_value_without_quotes_is_code(text: str) -> None:
    assert secrets.redact(text) == text


def test_different_secrets_stay_different() -> None:
    one, other = (secrets.redact(f'password = "{value}"') for value in ("hunter42", "qwertz17"))
    assert one != other
    assert "hunter42" not in one


@pytest.mark.parametrize("line", ["!", "\\", "foo\\", "[z-a]", "\ufeff", "**/**/["])
def test_a_malformed_ignore_pattern_spoils_only_itself(tmp_path: Path, line: str) -> None:
    (tmp_path / ".gitignore").write_text(f"{line}\nhidden.py\n", "utf-8")
    rules = files.Rules(tmp_path)
    assert not rules.allows("hidden.py")
    assert rules.allows("seen.py")


@pytest.mark.parametrize(
    "code",
    [
        "import os\np = os.path.join(a, b)\n",
        "df = df.rename(columns=c)\n",
        "class A:\n    def __contains__(self, item):\n        return item in self.items\n",
        "class A:\n    def __ne__(self, other):\n        return not self == other\n",
    ],
)
def test_everyday_code_does_not_touch_the_harness(code: str) -> None:
    tree = syntax.module(code)
    assert tree is not None
    assert harness.touched(tree, frozenset(range(1, 5))) == ""


def test_line_starts_follow_every_edit() -> None:
    random = Random(1)
    for _ in range(3000):
        snapshot = Snapshot("", "", 0, "".join(random.choices("ab\r\n\r\n", k=random.randrange(14))))
        for version in range(3):
            start, end = sorted(random.choices(range(len(snapshot.text) + 1), k=2))
            snapshot = snapshot.edited(
                Span(start, end), "".join(random.choices("x\r\n", k=random.randrange(5))), version
            )
            assert snapshot.line_starts == Snapshot("", "", 0, snapshot.text).line_starts


def test_a_script_among_other_files_is_no_project(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("x = 1\n")
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "private.txt").write_text("not for a container")
    workspace = Projects(tmp_path / "images.json")
    assert list(asyncio.run(workspace.state(tmp_path)).entries) == ["script.py"]
    workspace.open_folder(tmp_path)
    workspace.forget(tmp_path)
    assert sorted(asyncio.run(workspace.state(tmp_path)).entries) == ["letters/private.txt", "script.py"]
