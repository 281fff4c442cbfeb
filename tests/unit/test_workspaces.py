"""Several projects in one repository or workspace: how far up what concerns one of them lies, and which others it brings along."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzers import locked, workspaces
from analyzers.environment import Environment
from assay.assistant.world import around

MEMBERS = '[tool.uv.workspace]\nmembers = ["packages/*", "tools/one"]\nexclude = ["packages/old*"]\n'


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A workspace in a folder of projects."""
    folder = tmp_path / "work" / "shop"
    for name in ("packages/bill", "packages/rates/src/rates", "packages/older", "tools/one", "tools/two"):
        (folder / name).mkdir(parents=True)
    for name in ("packages/bill", "packages/rates", "packages/older", "tools/one", "tools/two"):
        (folder / name / "pyproject.toml").write_text(f'[project]\nname = "{name}"\n')
    (folder / "packages" / "rates" / "src" / "rates" / "__init__.py").write_text("RATE = 2\n")
    (folder / "packages" / "rates" / ".env").write_text("KEY=1\n")
    (folder / "pyproject.toml").write_text(MEMBERS)
    return folder


@pytest.mark.parametrize(
    ("name", "is_member"),
    [("packages/bill", True), ("tools/one", True), ("packages/older", False), ("tools/two", False), ("packages/rates/src", False)],
)  # fmt: skip
def test_a_workspace_names_its_members(top: Path, name: str, is_member: bool) -> None:
    assert workspaces.top(top / name) == (top if is_member else None)
    assert workspaces.declared(top / name) == (top if is_member else None)


def test_what_was_opened_and_the_repository_count_too_the_outermost_does(top: Path) -> None:
    (top.parent / ".git").mkdir()
    assert workspaces.top(top / "packages" / "bill", top / "packages") == top.parent
    assert workspaces.top(top / "packages" / "bill", top.parent.parent) == top.parent.parent
    assert workspaces.top(top / "packages" / "bill", top / "tools") == top.parent, (
        "another folder that is open says nothing"
    )


@pytest.mark.parametrize("text", ["[tool.uv", "[tool.uv.workspace]\nmembers = 3\n", "tool = 1\n", "[tool.uv.workspace]\nmembers = [1, '/', '..', '']\n"])  # fmt: skip
def test_what_is_no_workspace_has_no_members(top: Path, text: str) -> None:
    (top / "pyproject.toml").write_text(text)
    assert workspaces.top(top / "packages" / "bill") is None
    assert list(workspaces.members(top / "packages" / "bill")) == []


@pytest.mark.parametrize(
    "members",
    ['[".", "packages/*"]', '["./"]', '["packages/*/"]', '["*/*/*/*/*/*"]', '["packages/**"]', '["[", "packages/*"]'],
)
def test_odd_patterns_break_nothing(top: Path, members: str) -> None:
    (top / "pyproject.toml").write_text(f"[tool.uv.workspace]\nmembers = {members}\n")
    found = [one.relative_to(top).as_posix() for one in workspaces.members(top / "packages" / "bill")]
    assert found in ([], ["packages/older", "packages/rates/src"])


def test_what_links_lead_to_outside_does_not_come_along(top: Path, tmp_path: Path) -> None:
    private = tmp_path / "private"
    (private / "src").mkdir(parents=True)
    (private / "pyproject.toml").touch()
    (top / "packages" / "p").symlink_to(private)
    (top / "conftest.py").symlink_to(private / "notes.txt")
    (private / "notes.txt").touch()
    (top / "link").symlink_to(private / "src")
    root = top / "packages" / "bill"
    for found in (
        around.of(root, top, None),
        around.of(root, top, environment(top / "link", top / "packages" / "p" / "src")),
    ):
        assert found is not None
        assert top / "packages" / "p" not in found.projects
        assert not any(name.startswith(("packages/p/", "link", "conftest")) for name in around.contents(found))


def environment(*paths: Path) -> Environment:
    return Environment(paths[0], "3.12", paths[0], (), (paths[0],), paths)


def test_an_environment_says_which_others_are_imported(top: Path) -> None:
    root, rates = top / "packages" / "bill", top / "packages" / "rates"
    found = around.of(root, top, environment(root / "src", rates / "src", top.parent / "elsewhere"))
    assert found is not None
    assert (found.projects, found.paths) == ((rates,), ())
    assert set(around.contents(found)) == {
        "pyproject.toml",
        "packages/rates/pyproject.toml",
        "packages/rates/src/rates/__init__.py",
    }, "no secrets, nothing from outside"


def test_without_one_all_members_are_and_code_is_found_there(top: Path) -> None:
    found = around.of(top / "packages" / "bill", top, None)
    assert found is not None
    assert found.paths == (str(top / "packages/rates/src"), str(top / "tools/one"))
    assert around.of(top, top, None) is None
    assert workspaces.inside(top) == ("packages/bill", "packages/rates/src", "tools/one")


def test_what_steers_pytest_above_a_project_comes_along(top: Path) -> None:
    (top / "pyproject.toml").write_text("")
    (top / "packages" / "conftest.py").write_text("")
    root = top / "packages" / "older"
    assert list(workspaces.steering(root, top)) == ["packages/conftest.py", "pyproject.toml"]


def test_a_members_packages_are_those_of_the_workspaces_lock(top: Path) -> None:
    (top / "uv.lock").write_text(
        '[[package]]\nname = "pytz"\nversion = "2026.6"\n[[package]]\nname = "rates"\nversion = "1"\nsource = { editable = "packages/rates" }\n'
    )
    root = top / "packages" / "bill"
    (root / "pyproject.toml").write_text('[project]\nname = "bill"\ndependencies = ["pytz", "rates"]\n')
    asked = locked.of(root)
    assert asked is not None
    assert (asked.wanted, asked.versions, asked.source) == (("pytz",), ("pytz==2026.6",), "uv.lock")
