"""Ruff's findings under the project's own configuration: the same places and codes, and what ruff leaves out is left out."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from analyzers import lint, rules
from analyzers.text import Snapshot
from assay.assistant.hints import shapes, static

TEXT = 'import os\nimport sys\n\n\ndef größe(a, b=[]):\n    b.append("ü" + a); x = 1\n    assert (a, "no")\n    return sys.path\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text('[tool.ruff.lint]\nselect = ["E9", "F", "B"]\n')
    (tmp_path / "m.py").write_text(TEXT)
    return tmp_path


def ruffs_own(root: Path) -> list[tuple[str, int, int, int, int]]:
    """What the program itself says."""
    command = [lint.program(), "check", "--no-cache", "--exit-zero", "--output-format=json", "."]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return sorted(
        (
            i["code"],
            i["location"]["row"],
            i["location"]["column"],
            i["end_location"]["row"],
            i["end_location"]["column"],
        )
        for i in json.loads(done.stdout)
    )


def ours(findings: tuple[rules.RuleFinding, ...], text: str) -> list[tuple[str, int, int, int, int]]:
    """The same after they were hints and JSON."""
    document = Snapshot("", "", 0, text)
    told = [shapes.hint_json(hint, document) for hint in static.of_rules(findings, document, "m.py")]
    return sorted((t["code"], t["line"], t["column"], t["endLine"], t["endColumn"]) for t in told)


async def test_files_are_told_as_ruff_tells_them(project: Path, tmp_path: Path) -> None:
    found = await rules.of_files(["m.py"], project, tmp_path / "cache")
    assert ours(found["m.py"], TEXT) == ruffs_own(project)
    assert {"F401", "B006", "F841", "F631"} == {finding.code for finding in found["m.py"]}


async def test_a_text_is_told_as_if_it_stood_there(project: Path) -> None:
    found = await rules.of_text(TEXT, str(project / "m.py"), project)
    assert ours(found, TEXT) == ruffs_own(project)


async def test_texts_are_told_whether_they_stand_on_disk_or_not(project: Path, tmp_path: Path) -> None:
    texts = {"m.py": TEXT.replace("import os\n", "import re\n"), "new.py": "print(nowhere)\n", "clean.py": "A = 1\n"}
    (project / "clean.py").write_text("import os\n")
    (project / "there.py").write_bytes(b"import os\r\n")
    found = await rules.of_texts({**texts, "there.py": "import os\n"}, project, tmp_path / "cache")
    assert "`re` imported but unused" in {one.message for one in found["m.py"]}, "not what the disk has"
    assert [one.code for one in found["new.py"]] == ["F821"]
    assert [one.code for one in found["there.py"]] == ["F401"]
    assert "clean.py" not in found


async def test_a_safe_fix_is_ruffs_own(project: Path) -> None:
    found = await rules.of_text(TEXT, str(project / "m.py"), project)
    (hint,) = [one for one in static.of_rules(found, Snapshot("", "", 0, TEXT), "m.py") if one.code == "F401"]
    assert hint.fix is not None
    (edit,) = hint.fix.edits
    assert TEXT[edit.span.start : edit.span.end] == "import os\n"
    assert edit.text == ""
    assert hint.tags == ("unnecessary",)


async def test_what_the_project_leaves_out_is_left_out(project: Path, tmp_path: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.ruff]\nexclude = ["m.py"]\n')
    assert await rules.of_files(["m.py"], project, tmp_path / "cache") == {}
    assert await rules.of_text(TEXT, str(project / "m.py"), project) == ()


async def test_syntax_errors_are_told(project: Path) -> None:
    found = await rules.of_text("def f(:\n", str(project / "m.py"), project)
    assert found
    assert all(one.code == "invalid-syntax" for one in found)


async def test_a_configuration_that_ruff_refuses_is_said(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.ruff]\nnothing = 1\n")
    with pytest.raises(lint.LintError, match="ruff ended with status"):
        await rules.of_text(TEXT, str(project / "m.py"), project)


async def test_a_file_whose_name_reads_like_an_option_is_a_file(project: Path, tmp_path: Path) -> None:
    (project / "--fix.py").write_text("import os\n")
    found = await rules.of_files(["--fix.py", "m.py"], project, tmp_path / "cache")
    assert [one.code for one in found["--fix.py"]] == ["F401"]
    assert (project / "--fix.py").read_text() == "import os\n"
