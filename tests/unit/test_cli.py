"""The commands' JSON shapes and exit codes, as scripts rely on them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import typer
from typer.testing import CliRunner

from assay.cli.commands import app

CALC = "def double(x):\n    return x\n"
RIGHT = "def double(x):\n    return 2 * x\n"
VERDICT = {"state", "reason", "why", "checks"}


def assay(*words: str, stdin: str = "", env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-m", "assay", *words],
        input=stdin, capture_output=True, text=True, env={**os.environ, **(env or {})}, check=False, timeout=120,
    )  # fmt: skip


def answer(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found = json.loads(done.stdout)
    assert found["schema"] == 1
    return found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "p"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\n")
    (root / "calc.py").write_text(CALC)
    (root / "test_calc.py").write_text("from calc import double\n\n\ndef test_double():\n    assert double(2) == 4\n")
    return root


@pytest.fixture
def scripted(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"default": "return 2 * x"}))
    return {"ASSAY_ENGINE_SCRIPT": str(path)}


def test_complete_has_its_shape(project: Path, scripted: dict[str, str], docker_url: str) -> None:
    (project / "calc.py").write_text("def double(x):\n    \n")
    found = answer(assay("complete", f"{project}/calc.py:2:5", "--json", env=scripted))
    (one,) = found["suggestions"]
    assert one["text"] == "return 2 * x"
    assert one["replace"] == {"start": 19, "end": 19}
    assert set(one["verdict"]) == VERDICT
    assert one["verdict"]["state"] == "passed"
    assert set(one["origin"]) == {"engine", "model", "promptId", "sources", "sampling", "confidence"}
    counts = {"executed", "changed", "run", "reaching", "chosen", "harness"}
    for check in one["verdict"]["checks"]:
        assert set(check) == {"name", "state", "detail", "ms"} | (counts if check["name"] == "tests" else set())
    told = answer(assay("why", found["traceId"], "--json"))
    assert told["trace"]["id"] == found["traceId"]


def test_what_is_dropped_says_where_and_why(project: Path, scripted: dict[str, str]) -> None:
    found = answer(
        assay(
            "complete",
            f"{project}/calc.py:2:5",
            "--json",
            env={**scripted, "ASSAY_VERIFY_POLICY": "strict", "ASSAY_SANDBOX_ENABLED": "false"},
        )
    )
    assert found["suggestions"] == []
    assert {"text", "stage", "reason"} == set(found["dropped"][0])


@pytest.mark.parametrize(
    "place", ["calc.py", "calc.py:0:1", "calc.py:1:99", "calc.py:99:1", "none.py:1:1", "calc.py:x:1"]
)
def test_a_place_that_is_not_there_is_misuse(project: Path, place: str) -> None:
    done = assay("complete", f"{project}/{place}", "--json")
    assert done.returncode == 2
    assert set(answer(done)["error"]) == {"code", "message"}


def test_columns_count_code_points(project: Path, scripted: dict[str, str]) -> None:
    (project / "calc.py").write_text("s = '😀é'; y = \n")
    found = answer(
        assay("complete", f"{project}/calc.py:1:15", "--json", env={**scripted, "ASSAY_SANDBOX_ENABLED": "false"})
    )
    assert "error" not in found


@pytest.mark.parametrize(
    ("text", "status", "state"),
    [(RIGHT, 0, "passed"), ("def double(x):\n    return (\n", 1, "failed"), (CALC + "\nY = 1\n", 3, "unverified")],
)
def test_verify_tells_by_its_exit_status(project: Path, docker_url: str, text: str, status: int, state: str) -> None:
    done = assay("verify", f"{project}/calc.py", "--json", stdin=text)
    assert (done.returncode, answer(done)["verdict"]["state"]) == (status, state)
    assert set(answer(done)) == {"schema", "verdict", "files", "findings", "tests", "unchecked", "tree", "traceId"}


def test_verify_takes_a_patch(project: Path, docker_url: str) -> None:
    patch = "--- a/calc.py\n+++ b/calc.py\n@@ -1,2 +1,2 @@\n def double(x):\n-    return x\n+    return 2 * x\n"
    assert assay("verify", f"{project}/calc.py", "--patch", "--json", stdin=patch).returncode == 0


def test_a_patch_that_does_not_fit_is_misuse(project: Path) -> None:
    done = assay("verify", f"{project}/calc.py", "--patch", "--json", stdin="@@ -1,1 +1,1 @@\n-nothing\n+else\n")
    assert done.returncode == 2
    assert "does not fit" in answer(done)["error"]["message"]


def test_verify_without_a_sandbox_is_unverified_and_runs_nothing(project: Path) -> None:
    done = assay(
        "verify", f"{project}/calc.py", "--json", stdin=RIGHT, env={"ASSAY_SANDBOX_ENGINE_URL": "unix:///nowhere.sock"}
    )
    verdict = answer(done)["verdict"]
    assert (done.returncode, verdict["reason"]) == (3, "no-sandbox")
    assert "sandbox.engine_url" in verdict["why"]


def test_sandbox_run_has_its_shape(tmp_path: Path, docker_url: str) -> None:
    (tmp_path / "s.py").write_text("import sys\nprint('x' * 100000)\nsys.exit(3)\n")
    done = assay("sandbox", "run", str(tmp_path / "s.py"), "--timeout", "5", "--json")
    found = answer(done)
    assert done.returncode == 0
    assert set(found) == {"schema", "exit", "signal", "timedOut", "oom", "stdout", "stderr", "truncated", "ms"}
    assert (found["exit"], found["truncated"], len(found["stdout"])) == (3, True, 65536)


def test_sandbox_run_without_a_sandbox_is_status_three(tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text("open('/tmp/ran', 'w')\n")
    done = assay("sandbox", "run", str(tmp_path / "s.py"), "--json", env={"ASSAY_SANDBOX_ENABLED": "false"})
    assert done.returncode == 3
    assert answer(done)["error"]["code"] == "no-sandbox"


def test_doctor_names_what_is_missing_and_what_mends_it() -> None:
    done = assay("doctor", "--json", env={"ASSAY_SANDBOX_ENGINE_URL": "unix:///nowhere.sock"})
    assert done.returncode == 1
    missing = {p["part"]: p["fix"] for p in answer(done)["parts"] if p["state"] == "missing"}
    assert missing == {
        "model": "Run `assay setup`, or set `engine.url`.",
        "container engine": "Start that engine, or correct `sandbox.engine_url`.",
    }


def commands(group: click.Command, *words: str) -> Iterator[tuple[str, ...]]:
    """Each command and group below one, by the words that call it."""
    yield words
    for name, one in getattr(group, "commands", {}).items():
        yield from commands(one, *words, name)


def test_every_command_has_a_help() -> None:
    every = list(commands(typer.main.get_command(app)))
    assert len(every) > 20 and ("sandbox", "run") in every
    for words in every:
        done = CliRunner().invoke(app, [*words, "--help"])
        assert done.exit_code == 0 and "Usage" in done.output, words
    assert "Usage" in assay("--help").stdout


def test_settings_tell_their_source() -> None:
    found = answer(assay("settings", "--json", env={"ASSAY_VERIFY_POLICY": "strict", "ASSAY_SANDBOX_POOL": "none"}))
    assert found["values"]["verify.policy"] == "strict"
    assert found["sources"]["verify.policy"] == "environment"
    assert found["complaints"] == ['environment: sandbox.pool is "none", and must be a number.']


@pytest.mark.parametrize(
    "words", [["model", "list"], ["model", "info"], ["complete", "{}/calc.py:1:1"], ["sandbox", "run", "{}/calc.py"]]
)
def test_a_setting_that_cannot_be_used_is_told_wherever_it_counts(project: Path, words: list[str]) -> None:
    done = assay(
        *(word.format(project) for word in words), env={"ASSAY_SANDBOX_POOL": "none", "ASSAY_SANDBOX_ENABLED": "no"}
    )
    assert 'assay: environment: sandbox.pool is "none", and must be a number.' in done.stderr.splitlines()


def test_what_is_no_regular_file_is_misuse(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f.py")
    done = assay("complete", f"{tmp_path}/f.py:1:1", "--json")
    assert done.returncode == 2
    assert "no regular file" in answer(done)["error"]["message"]


def test_an_unchanged_file_is_said_to_be_one(project: Path) -> None:
    done = assay("verify", f"{project}/calc.py", "--json", stdin=CALC)
    assert (done.returncode, answer(done)["verdict"]["why"]) == (3, "Nothing is changed.")


@pytest.mark.parametrize(
    ("name", "stdin", "words"),
    [
        ("notes.txt", "x = 1\n", "is not a Python file (.py or .pyi)"),
        ("calc.py", "", "Standard input is empty: the whole new text"),
    ],
)
def test_what_cannot_be_verified_is_misuse(project: Path, name: str, stdin: str, words: str) -> None:
    (project / "notes.txt").write_text("hello\n")
    done = assay("verify", f"{project}/{name}", "--json", stdin=stdin)
    assert done.returncode == 2
    assert words in answer(done)["error"]["message"]


def test_a_map_is_recorded_and_then_used(project: Path, tmp_path: Path, docker_url: str) -> None:
    env = {"ASSAY_HOME": str(tmp_path / "home")}
    (project / "calc.py").write_text("def double(x):\n    return 2 * x\n\n\ndef other():\n    return 1\n")
    (project / "test_calc.py").write_text(
        "from calc import double, other\n\n\ndef test_double():\n    assert double(2) == 4\n\n\ndef test_other():\n    assert other() == 1\n"
    )
    found = answer(assay("map", str(project), "--json", env=env))
    assert {name: found[name] for name in ("tests", "functions", "red", "owed")} == {
        "tests": 2, "functions": 4, "red": 0, "owed": 0,
    }  # fmt: skip
    new = (project / "calc.py").read_text().replace("2 * x", "x + x")
    told = assay("verify", str(project / "calc.py"), env=env, stdin=new)
    assert told.returncode == 0
    assert "1 of 1 tests ran, chosen by the coverage map; 1 of 1 changed lines executed" in told.stdout


def test_a_map_without_a_sandbox_is_none(project: Path) -> None:
    told = assay("map", str(project), env={"ASSAY_SANDBOX_ENABLED": "false"})
    assert told.returncode == 3
    assert "switched off" in told.stderr


def test_check_has_its_shape_and_exits_1_for_a_rule(project: Path) -> None:
    (project / "pyproject.toml").write_text('[project]\nname = "p"\nversion = "1"\n[tool.ruff.lint]\nselect = ["F"]\n')
    (project / "calc.py").write_text("import os\n\n\ndef last(xs):\n    return xs[len(xs)]\n")
    done = assay("check", str(project), "--static", "--json")
    assert done.returncode == 1
    found = answer(done)
    assert [(one["class"], one["code"], one["line"], one["column"]) for one in found["hints"]] == [
        ("rule", "F401", 1, 8),
        ("suspected", "off-by-one", 5, 12),
    ]
    for one in found["hints"]:
        assert set(one) == {
            "file", "line", "column", "endLine", "endColumn", "class", "code", "message", "confidence", "evidence", "fix",
        }  # fmt: skip
        assert set(one["evidence"]) == {"kind", "detail", "tests", "input"}
        assert one["fix"] is None or set(one["fix"]) == {"title", "edits", "verdict", "note"}
    assert any("static" in note for note in found["notes"])


def test_check_exits_0_for_suspicions_and_tells_a_person(project: Path) -> None:
    (project / "calc.py").write_text("def last(xs):\n    return xs[len(xs)]\n")
    done = assay("check", f"{project}/calc.py", "--static")
    assert done.returncode == 0
    assert "2:12" in done.stdout
    assert "1 hint in 1 file: 1 suspected." in done.stdout


def test_check_speaks_sarif(project: Path) -> None:
    (project / "calc.py").write_text("def last(xs):\n    return xs[len(xs)]\n")
    found = json.loads(assay("check", f"{project}/calc.py", "--static", "--format", "sarif").stdout)
    assert found["version"] == "2.1.0"
    assert [one["ruleId"] for one in found["runs"][0]["results"]] == ["suspected/off-by-one"]


@pytest.mark.parametrize(
    ("words", "code"),
    [(("nowhere.py",), "bad-place"), (("pyproject.toml",), "not-python"), ((".", "--fix"), "bad-input")],
)
def test_check_misuse_has_a_code(words: tuple[str, ...], code: str, project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-m", "assay", "check", *words, "--static", "--json"],
        capture_output=True, text=True, check=False, cwd=project, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert answer(done)["error"]["code"] == code


def test_check_applies_the_first_checked_fix_and_shows_it(project: Path, docker_url: str) -> None:
    (project / "calc.py").write_text(RIGHT.replace("2", "3"))
    done = assay("check", f"{project}/calc.py", "--fix")
    assert done.returncode == 1, "there was a hint"
    assert "-    return 3 * x" in done.stdout
    assert "passed: It makes 1 test pass." in done.stdout
    assert (project / "calc.py").read_text() == RIGHT
    again = assay("check", f"{project}/calc.py")
    assert again.returncode == 0, again.stdout


RENAMED = """\
--- a/calc.py
+++ b/calc.py
@@ -1,2 +1,2 @@
-def double(x):
+def twice(x):
     return 2 * x
--- a/shop.py
+++ b/shop.py
@@ -1 +1 @@
-from calc import double
+from calc import twice
@@ -5 +5 @@
-    return double(n)
+    return twice(n)
"""


def test_a_change_of_several_files_is_verified_as_a_diff(tmp_path: Path, docker_url: str) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\n")
    (tmp_path / "calc.py").write_text("def double(x):\n    return 2 * x\n")
    (tmp_path / "shop.py").write_text("from calc import double\n\n\ndef price(n):\n    return double(n)\n")
    (tmp_path / "test_shop.py").write_text("from shop import price\n\n\ndef test_price():\n    assert price(2) == 4\n")

    def verified(diff: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-m", "assay", "verify", "--diff", "-", "--json"]
        return subprocess.run(command, input=diff, cwd=tmp_path, capture_output=True, text=True, check=False)

    done = verified(RENAMED)
    assert done.returncode == 0, done.stdout + done.stderr
    assert answer(done)["files"] == [
        {"file": "calc.py", "kind": "edited", "executed": 1, "changed": 1},
        {"file": "shop.py", "kind": "edited", "executed": 2, "changed": 2},
    ]
    forgotten = verified(RENAMED[: RENAMED.index("--- a/shop.py")])
    assert forgotten.returncode == 1
    assert "test_shop.py" in answer(forgotten)["verdict"]["why"]
    for diff, code in ((RENAMED.replace("calc.py", "../calc.py"), "bad-input"), ("hello\n", "bad-input")):
        assert (verified(diff).returncode, answer(verified(diff))["error"]["code"]) == (2, code)


def test_of_a_lone_script_only_the_files_beside_it_go_into_a_container(tmp_path: Path, docker_url: str) -> None:
    (tmp_path / "m.py").write_text("def double(x):\n    return x\n")
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "test_m.py").write_text(
        "from m import double\n\n\ndef test_m():\n    assert double(2) == 4\n"
    )
    done = assay("verify", f"{tmp_path}/m.py", "--json", stdin="def double(x):\n    return 2 * x\n")
    assert (done.returncode, answer(done)["verdict"]["reason"]) == (3, "no-tests"), done.stdout
    new = assay("verify", f"{tmp_path}/n.py", "--json", stdin="x = 1\n")
    assert answer(new)["files"] == [{"file": "n.py", "kind": "new", "executed": None, "changed": None}]


@pytest.mark.parametrize("words", [(), ("m.py", "--staged"), ("--staged", "--against", "HEAD")])
def test_what_is_verified_is_named_once(words: tuple[str, ...]) -> None:
    done = assay("verify", *words, "--json")
    assert (done.returncode, answer(done)["error"]["code"]) == (2, "bad-input")


def test_a_fix_that_nothing_proves_is_written_when_somebody_says_so(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.ruff.lint]\nselect = ["F"]\n')
    (tmp_path / "m.py").write_text("import os\nx = 1\n")
    words = ("check", f"{tmp_path}/m.py", "--static", "--fix")
    done = assay(*words)
    assert "-import os" in done.stdout
    assert "`--unverified` writes it" in done.stderr
    assert (tmp_path / "m.py").read_text() == "import os\nx = 1\n"
    assert "it is not proved" in assay(*words, "--unverified").stderr
    assert (tmp_path / "m.py").read_text() == "x = 1\n"


def test_an_ignored_file_is_summarised_and_never_run(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\n")
    (tmp_path / ".gitignore").write_text("private.py\n")
    (tmp_path / "private.py").write_text("def f():\n    return 1\n")
    (tmp_path / "test_p.py").write_text("import private\n\n\ndef test_f():\n    private.f()\n")
    assert assay("summarize", f"{tmp_path}/private.py").returncode == 0
    done = assay("summarize", f"{tmp_path}/private.py", "--run", "--json")
    assert (done.returncode, answer(done)["error"]["code"]) == (3, "withheld")


def test_a_package_without_any_python_has_no_hints(tmp_path: Path) -> None:
    done = assay("check", str(tmp_path), "--static")
    assert (done.returncode, done.stdout) == (
        0,
        "No hints in 0 files.\nNote: Nothing was run: the policy is static (`verify.policy`).\n",
    )


def test_explain_has_its_shape(project: Path, docker_url: str) -> None:
    (project / "calc.py").write_text(RIGHT.replace("2", "3"))
    output = "FAILED test_calc.py::test_double - assert 6 == 4\n"
    done = assay("explain", str(project), "--json", stdin=output)
    assert done.returncode == 0
    found = answer(done)
    assert set(found) == {"schema", "cause", "file", "line", "fix"}
    assert (found["file"], found["line"]) == ("calc.py", 2)
    assert found["fix"]["verdict"]["state"] == "passed"


def test_explain_says_that_there_is_nothing_to_explain(project: Path) -> None:
    done = assay("explain", str(project), "--json", stdin="hello")
    assert done.returncode == 2
    assert answer(done)["error"]["code"] == "bad-input"


def repository(root: Path) -> None:
    """Commit all files of a folder."""
    from dulwich import porcelain

    porcelain.init(str(root))
    porcelain.add(str(root), [str(path) for path in root.rglob("*") if path.is_file() and ".git" not in path.parts])
    porcelain.commit(str(root), message=b"one", author=b"A <a@example>", committer=b"A <a@example>")


def test_check_of_a_difference_tells_only_what_is_new(project: Path) -> None:
    (project / "calc.py").write_text("def last(xs):\n    return xs[len(xs)]\n")
    repository(project)
    (project / "calc.py").write_text(
        "def last(xs):\n    return xs[len(xs)]\n\n\ndef other(ys):\n    return ys[len(ys)]\n"
    )
    (project / "new.py").write_text("def last(zs):\n    return zs[len(zs)]\n")
    found = answer(assay("check", str(project), "--static", "--json", "--diff", "HEAD"))
    assert [(one["file"], one["line"]) for one in found["hints"]] == [("calc.py", 6), ("new.py", 2)]
    for wanted in ("HEAD~0", "@"):
        same = answer(assay("check", str(project), "--static", "--json", "--diff", wanted))
        assert [one["line"] for one in same["hints"]] == [6, 2]
    for wanted in ("nothing", "HEAD...nothing", "HEAD~1"):
        done = assay("check", str(project), "--static", "--json", "--diff", wanted)
        assert (done.returncode, answer(done)["error"]["code"]) == (2, "bad-range")


def test_check_of_a_difference_needs_a_repository(project: Path) -> None:
    done = assay("check", str(project), "--static", "--json", "--diff", "HEAD")
    assert (done.returncode, answer(done)["error"]["code"]) == (2, "bad-range")


def test_a_repository_that_is_no_good_is_one_sentence(project: Path) -> None:
    repository(project)
    (project / ".git" / "config").write_text("[core\n\x00")
    (project / ".git" / "HEAD").write_text("ref: refs/heads/../../../etc/passwd\n")
    done = assay("check", str(project), "--static", "--json", "--diff", "HEAD")
    assert (done.returncode, answer(done)["error"]["code"]) == (2, "bad-range")


def test_summarize_has_its_shape(project: Path) -> None:
    found = answer(assay("summarize", str(project / "calc.py"), "--json"))
    module, one = found["symbols"]
    assert (module["name"], module["kind"], module["facts"]["importedBy"]) == ("calc", "module", ["test_calc.py"])
    assert set(one) == set(module) == {"name", "kind", "line", "summary", "source", "facts"}
    assert (one["name"], one["kind"], one["line"], one["source"]) == ("double", "function", 1, "facts")
    assert one["facts"]["returns"] == [{"type": None, "text": "x"}]
    assert one["facts"]["callers"] == ["test_calc.py::test_double"]
    done = assay("summarize", f"{project / 'calc.py'}::double")
    assert "double(x)" in done.stdout
    assert "Called by `test_calc.py::test_double`." in done.stdout
    assert "module calc" not in done.stdout
    package, module = answer(assay("summarize", str(project), "--json"))["symbols"]
    assert (package["kind"], package["facts"]["modules"], module["name"]) == ("package", ["calc"], "calc")
    assert "calc.py: module calc\n  Offers 1 function." in assay("summarize", str(project)).stdout


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("calc.py::nothing", "bad-place"),
        ("none.py", "bad-place"),
        ("pyproject.toml", "not-python"),
        ("broken.py", "bad-input"),
        ("nothing", "bad-place"),
    ],
)
def test_summarize_says_what_is_wrong_with_what_it_was_given(what: str, code: str, project: Path) -> None:
    (project / "broken.py").write_text("def f(:\n")
    (project / "nothing").mkdir()
    done = assay("summarize", str(project / what), "--json")
    assert (done.returncode, answer(done)["error"]["code"]) == (2, code)


def test_suggest_has_its_shape(project: Path) -> None:
    (project / "calc.py").write_text('def double(x):\n    """Return twice a number of oranges."""\n    return 2 * x\n')
    found = answer(assay("suggest", "twice the number of oranges", "--in", str(project), "--json"))
    one = found["items"][0]
    assert set(one) == {"name", "fullName", "module", "kind", "signature", "call", "about", "score", "installed"}
    assert (one["fullName"], one["call"], one["installed"]) == (
        "calc.double",
        "double(x)",
        {"from": "project", "version": None},
    )
    assert (
        "from calc import double; double(x)"
        in assay("suggest", "twice the number of oranges", "--in", str(project)).stdout
    )
    assert "Nothing" in assay("suggest", "knit a purple sock for an octopus", "--in", str(project)).stderr
    (project / "use.py").write_text("# twice the number of oranges\n\n")
    at = answer(assay("suggest", f"{project / 'use.py'}:1:5", "--json"))
    assert at["items"] == found["items"]
    for wrong in (f"{project / 'use.py'}:2:1", f"{project / 'use.py'}:9:1", f"{project / 'none.py'}:1:1"):
        assert json.loads(assay("suggest", wrong, "--json").stdout)["error"]["code"] == "bad-place"
    done = assay("suggest", " ", "--json")
    assert (done.returncode, answer(done)["error"]["code"]) == (2, "bad-input")


def test_docs_renders_checks_and_writes(project: Path) -> None:
    stale = 'def half(x):\n    """Halve.\n\n    Args:\n        x: It.\n        y: Gone.\n    """\n    return x / 2\n'
    (project / "calc.py").write_text(f"{CALC}\n\n{stale}")
    page = answer(assay("docs", str(project / "calc.py"), "--json"))["pages"][0]
    assert (page["module"], page["text"].startswith("# `calc`")) == ("calc", True)
    assert "def double(x)" in page["text"]
    assert (
        assay("docs", str(project / "calc.py"), "--out", str(project / "pages")).stdout
        == f"1 pages in {project / 'pages'}\n"
    )
    assert (project / "pages" / "calc.md").read_text() == page["text"]
    done = assay("docs", str(project / "calc.py"), "--check", "--json")
    found = answer(done)
    assert (done.returncode, found["style"]) == (1, "google")
    assert [(one["function"], one["kind"]) for one in found["docstrings"]] == [
        ("double", "new"),
        ("half", "updated"),
        ("half", "wrong"),
    ]
    assert assay("docs", str(project / "calc.py"), "--write").returncode == 0
    after = (project / "calc.py").read_text()
    assert "        x: The x.\n" in after
    assert "Gone" not in after
    done = assay("docs", str(project / "calc.py"), "--check")
    assert (done.returncode, done.stdout) == (0, "")


def test_docs_says_what_is_wrong_with_what_it_was_given(project: Path) -> None:
    assert answer(assay("docs", str(project / "pyproject.toml"), "--json"))["error"]["code"] == "not-python"
    assert answer(assay("docs", str(project), "--check", "--write", "--json"))["error"]["code"] == "bad-input"


def test_test_has_its_shape_and_writes_beside_what_is_there(project: Path, docker_url: str) -> None:
    (project / "calc.py").write_text("def double(x: int) -> int:\n    return 2 * x\n")
    (project / "test_calc.py").write_text((project / "test_calc.py").read_text().replace("(2) == 4", "(0) == 0"))
    done = assay("test", f"{project / 'calc.py'}::double", "--write", "--json")
    found = answer(done)
    (file,) = found["files"]
    assert done.returncode == 0 and file["file"] == "calc.py" and file["test"]["file"] == "test_calc.py"
    (one,) = file["functions"]
    assert set(one) == set("name line tests why calls questions mutants before survivors tried runs seconds".split())
    assert one["runs"] == {"passed": 5, "of": 5} and not one["survivors"] and 0 < one["before"] < one["mutants"] == 6
    assert {tuple(sorted(call)) for call in one["calls"]} == {("call", "expected", "kind", "source")}
    text = (project / "test_calc.py").read_text()
    assert text == file["test"]["text"] and text.startswith("from calc import double\n")
    assert "def test_double():\n    assert double(0) == 0\n\n\n" in text and "def test_double_as_it_is_today(" in text
    done = assay("test", f"{project / 'calc.py'}::double")
    assert done.returncode == 1 and "The tests that are there notice all 6 small changes of it." in done.stdout
    found = answer(assay("mutants", str(project / "calc.py"), "--json"))
    assert (found["mutants"], found["noticed"], found["survivors"]) == (6, 6, []) and found["tests"] == len(
        one["tests"]
    ) + 1


def test_mutants_of_a_folder_are_told_file_by_file(project: Path, docker_url: str) -> None:
    (project / "calc.py").write_text("def double(x: int) -> int:\n    return 2 * x\n")
    (project / "more").mkdir()
    (project / "more" / "__init__.py").write_text("")
    (project / "more" / "half.py").write_text("def half(x):\n    return x / 2\n")
    found = answer(assay("mutants", str(project), "--json"))
    by_name = {one["file"]: one for one in found["files"]}
    assert by_name["calc.py"]["noticed"] and not by_name["more/half.py"]["noticed"] and "test_calc.py" not in by_name
    done = assay("mutants", str(project / "more"))
    assert "more/half.py:2: no test executes this" in done.stdout and done.stdout.strip().endswith(
        "of 2 files are noticed."
    )
    assert answer(assay("mutants", str(project), "--lines", "1-2", "--json"))["error"]["code"] == "bad-input"


def test_test_shows_what_it_would_write(project: Path, docker_url: str) -> None:
    before = (project / "test_calc.py").read_text().replace("4", "5")
    (project / "test_calc.py").write_text(before)
    (project / "calc.py").write_text("def double(x: int) -> int:\n    return 2 * x\n")
    done = assay("test", str(project / "calc.py"))
    assert "+++ b/test_calc.py" in done.stdout and "notice 6 of 6 small changes; passed 5 of 5 runs" in done.stdout
    assert (project / "test_calc.py").read_text() == before, "nothing is written without being told to"
    done = assay("mutants", str(project / "calc.py"))
    assert "calc.py:2: no test executes this" in done.stdout and "0 of 6 small changes (0%)" in done.stdout
    assert "1 of its tests are red" in done.stdout
    done = assay("mutants", str(project / "calc.py"), "--lines", "9-2", "--json")
    assert (done.returncode, answer(done)["error"]["code"]) == (2, "bad-place")


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("calc.py::nothing", "bad-place"),
        ("none.py", "bad-place"),
        ("pyproject.toml", "not-python"),
        ("broken.py", "bad-place"),
        ("test_calc.py", "bad-input"),
    ],
)
def test_test_says_what_is_wrong_with_what_it_was_given(what: str, code: str, project: Path) -> None:
    (project / "broken.py").write_text("def f(:\n")
    done = assay("test", str(project / what), "--json")
    assert (done.returncode, answer(done)["error"]["code"]) == (2, code)


def test_test_needs_the_sandbox(project: Path) -> None:
    done = assay("test", str(project / "calc.py"), "--json", env={"ASSAY_SANDBOX_ENABLED": "false"})
    assert (done.returncode, answer(done)["error"]["code"]) == (3, "no-sandbox")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A = 1\n", "no functions at its top"),
        ("def _f(x):\n    return x\n", "only private functions at its top; name one"),
    ],
)
def test_a_file_without_public_functions_says_which_it_has(project: Path, text: str, said: str) -> None:
    (project / "calc.py").write_text(text)
    done = assay("test", str(project / "calc.py"), "--json")
    assert done.returncode == 2 and said in answer(done)["error"]["message"]


def test_write_has_its_shape_and_is_taken_back(project: Path) -> None:
    env = {"ASSAY_HOME": str(project.parent / "home"), "ASSAY_SANDBOX_IMAGE": os.environ.get("ASSAY_SANDBOX_IMAGE", "")}
    env = {name: value for name, value in env.items() if value}
    stub = 'def shout(text: str) -> str:\n    """Return it in upper case.\n\n    >>> shout("ab")\n    \'AB\'\n    """\n'
    (project / "words.py").write_text(stub)
    (project / "test_calc.py").unlink()  # a project without tests has examples in docstrings
    found = answer(assay("write", f"{project / 'words.py'}::shout", "--json", env=env))
    assert set(found) == {"schema", "wish", "offered", "why", "verdict", "candidates", "inputs", "agreement", "split", "rounds", "seconds", "files"}  # fmt: skip
    wish = {"name", "form", "signature", "doc", "examples", "checks", "constraints", "steps", "assumed"}
    assert set(found["wish"]) == wish
    assert found["offered"]["body"] == "return text.upper()"
    assert {"body", "source", "told", "likely", "broken"} == set(found["candidates"][0])
    assert (project / "words.py").read_text() == stub
    done = assay("write", f"{project / 'words.py'}::shout", "--apply", env=env)
    assert done.returncode == 0, done.stderr
    assert "+    return text.upper()" in done.stdout
    assert "`assay undo` takes it back" in done.stderr
    assert (project / "words.py").read_text() == found["offered"]["text"]
    (one,) = answer(assay("log", "--in", str(project), "--json", env=env))["changes"]
    assert (one["title"], one["files"], one["whole"], one["undone"]) == ("write shout", ["words.py"], True, False)
    assert "write shout" in assay("undo", "--in", str(project), env=env).stdout
    assert (project / "words.py").read_text() == stub
    again = assay("undo", "--in", str(project), "--json", env=env)
    assert (again.returncode, answer(again)["error"]["code"]) == (1, "not-written")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["calc.py::double"], "bad-input"),
        (["calc.py::nobody"], "bad-input"),
        (["calc.py:1:1"], "bad-input"),
        (["calc.py:9:1"], "bad-place"),
        (["count the vowels"], "bad-place"),
        (["count the vowels", "--into", "calc.py::nobody"], "bad-input"),
        (["", "--into", "calc.py"], "bad-input"),
        (["count the vowels", "--into", "none.py"], "bad-place"),
    ],
)
def test_what_nobody_can_write_is_one_sentence(
    project: Path, words: list[str], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    done = CliRunner().invoke(app, ["write", *words, "--json"])
    assert (done.exit_code, json.loads(done.stdout)["error"]["code"]) == (2, code)


def on_a_terminal(*words: str, types: str, env: dict[str, str]) -> str:
    """What a command says to somebody at a terminal who types this."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "assay", *words]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, **env}) as process:
        os.close(theirs)
        os.write(ours, types.encode())
        told = b""
        while True:
            try:
                data = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not data:
                break
            told += data
    os.close(ours)
    assert process.returncode in (0, 1), told
    return told.decode("utf-8", "replace").replace("\r\n", "\n")


def test_on_a_terminal_somebody_chooses_and_changes_the_plan(project: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"default": ["return sorted(values)[1]", "return sorted(values)[len(values) // 2]"]}))
    changes = tmp_path / "changes.py"
    changes.write_text("import sys\nopen(sys.argv[1], 'w').write('tidy(text: str) -> str:\\n1. strip_ends(\" a \") == \"a\"\\n2. shout(\"a\") == \"A\"')\n")  # fmt: skip
    env = {"ASSAY_HOME": str(tmp_path / "home"), "ASSAY_ENGINE_SCRIPT": str(script), "EDITOR": f"{sys.executable} {changes}", "TERM": "dumb"}  # fmt: skip
    if image := os.environ.get("ASSAY_SANDBOX_IMAGE"):
        env["ASSAY_SANDBOX_IMAGE"] = image
    (project / "test_calc.py").unlink()
    place = project / "words.py"
    place.write_text(
        'def pick(values: list[int]) -> int:\n    """Return one.\n\n    >>> pick([3, 1, 2])\n    2\n    """\n'
    )
    told = on_a_terminal("write", f"{place}::pick", "--apply", types="2\n", env=env)
    assert "which one is right?" in told and "  1: it gives" in told and "  2: it gives" in told
    assert place.read_text().count(">>> pick(") == 2, "what was chosen is an example"
    said = "tidy(text: str) -> str: first strip_ends(' a ') == 'a', then lower('A') == 'a'"
    told = on_a_terminal("write", said, "--into", str(place), types="e\n", env=env)
    assert "step 2: def lower" in told and "step 2: def shout" in told
    assert "def shout(value" in told


def test_a_plan_is_a_text_that_can_be_given_back(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    said = "tidy(text: str) -> str: first strip_ends(' a ') == 'a', then lower('A') == 'a'"
    done = assay("write", said, "--into", str(project / "calc.py"), "--plan")
    assert done.stdout == "tidy(text: str) -> str:\n1. strip_ends(' a ') == 'a'\n2. lower('A') == 'a'\n"
    again = assay("write", "-", "--into", str(project / "calc.py"), "--plan", "--json", stdin=done.stdout)
    assert answer(again)["plan"] == done.stdout.strip()
    assert answer(again)["wish"]["steps"] == ["strip_ends(' a ') == 'a'", "lower('A') == 'a'"]
