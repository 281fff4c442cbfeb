"""What a project without an environment asks for, by its lock or its requirements files; nothing that names a source or a path."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzers import locked

LOCK = '[[package]]\nname = "Attrs"\nversion = "25.1.0"\n\n[[package]]\nname = "pytest"\nversion = "8.4.2"\n\n[[package]]\nname = "iniconfig"\nversion = "2.1.0"\n'
PROJECT = """\
[project]
name = "shop"
dependencies = ["attrs>=20", "evil @ https://evil.example/x.whl"]
[project.optional-dependencies]
test = ["pytest[extra]>=8"]
docs = ["iniconfig"]
"""
POETRY = '[tool.poetry.dependencies]\npython = "^3.11"\nattrs = "^25"\n[tool.poetry.group.dev.dependencies]\npytest = { version = "*" }\n'


@pytest.mark.parametrize("name", locked.LOCKS)
def test_a_lock_pins_what_the_project_names(tmp_path: Path, name: str) -> None:
    own = '[[package]]\nname = "shop"\nversion = "1.0"\nsource = { editable = "." }\n'
    text = (LOCK + own).replace("[[package]]", "[[packages]]" if name == "pylock.toml" else "[[package]]")
    (tmp_path / name).write_text(text)
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    versions = ("attrs==25.1.0", "iniconfig==2.1.0", "pytest==8.4.2")
    assert locked.of(tmp_path) == locked.Locked(("attrs", "pytest[extra]"), versions, name)
    (tmp_path / "pyproject.toml").write_text(POETRY)
    assert locked.of(tmp_path) == locked.Locked(("attrs", "pytest"), versions, name)
    (tmp_path / "pyproject.toml").unlink()
    assert locked.of(tmp_path) == locked.Locked(versions, versions, name), "all of it, where nothing says what of it"


def test_requirements_files_but_for_what_names_a_source(tmp_path: Path) -> None:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements.txt").write_text(
        "attrs==25.1.0 \\\n    --hash=sha256:aa\n-e .\n--index-url https://evil.example\n../x\nx @ https://evil.example/x.whl\n"
    )
    (tmp_path / "requirements-dev.txt").write_text(
        "-r requirements.txt\n-r ../other.txt\npytest>=8 ; python_version >= '3.9'  # why\n"
    )
    found = locked.of(tmp_path)
    assert found == locked.Locked(("attrs==25.1.0", "pytest>=8 ; python_version >= '3.9'"), (), "requirements.txt")


@pytest.mark.parametrize(
    "text",
    ["", "[[package", "package = 3\n", "[[package]]\nname = 3\n", '[[package]]\nname = "a b"\nversion = "1; x"\n'],
)
def test_what_is_no_lock_asks_for_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "uv.lock").write_text(text)
    assert locked.of(tmp_path) is None
