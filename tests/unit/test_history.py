"""Commits since a moment, and what is reported of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dulwich import porcelain
from typer.testing import CliRunner

from assay.assistant.changes import history
from assay.assistant.changes.history import RangeError, Touched
from assay.assistant.review import report
from assay.cli.commands import app

DAY = 86400
NOW = 1_790_000_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with five commits, one a day, the last of them now."""
    path = tmp_path / "p"
    path.mkdir()
    porcelain.init(str(path))
    steps = (
        {"src/shop/prices.py": "X = 1\n", "README.md": "shop\n", "pyproject.toml": "[project]\nname = 'shop'\n"},
        {"src/shop/prices.py": "X = 2\n", "tests/test_prices.py": "from shop import prices\n\n\ndef test_x():\n    assert prices.X\n"},
        {"src/shop/cart.py": "Y = 1\n"},
        {"src/shop/cart.py": "Y = 2\n", "docs/cart.md": "cart\n"},
        {"src/shop/cart.py": "Y = 3\n"},
    )  # fmt: skip
    for number, files in enumerate(steps):
        for name, text in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(text)
        porcelain.add(str(path), [str(path / name) for name in files])
        at = NOW - DAY * (len(steps) - 1 - number)
        porcelain.commit(str(path), message=f"step {number}".encode(), author=b"Ann <a@x>", committer=b"Ann <a@x>", commit_timestamp=at, author_timestamp=at)  # fmt: skip
    return path


def test_commits_are_those_since_a_moment_with_their_files(root: Path) -> None:
    found = history.since(root, "36 days", NOW + 1)
    assert [one.title for one in found] == ["step 4", "step 3", "step 2", "step 1", "step 0"]
    assert found[1].files == ("docs/cart.md", "src/shop/cart.py")
    assert [one.title for one in history.since(root, "2d", NOW + 1)] == ["step 4", "step 3"]
    assert [one.title for one in history.since(root, "HEAD~2", NOW)] == ["step 4", "step 3"]
    assert [one.title for one in history.since(root, found[2].id, NOW)] == ["step 4", "step 3"]
    with pytest.raises(RangeError):
        history.since(root, "no such thing", NOW)
    with pytest.raises(RangeError):
        history.since(root.parent, "2d", NOW)


def test_every_sentence_rests_on_commits_that_touch_what_it_says(root: Path) -> None:
    commits = history.since(root, "10d", NOW + 1)
    texts = {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*.py")}
    found = report.of(commits, texts)
    for one in (*found.areas, *found.hot, *found.untested):
        assert one.commits
        assert all(set(each.files) & set(one.files) for each in one.commits), one
    assert found.areas[0].text.startswith("src/shop: 5 commits in 2 files")
    assert [one.text for one in found.hot] == ["src/shop/cart.py was changed in 3 commits"]
    assert [one.text for one in found.untested] == ["no test imports src/shop/cart.py", "4 of 5 commits that change code change no test"]  # fmt: skip


def test_merges_say_nothing_of_their_own() -> None:
    merge = Touched("a" * 40, "Merge", "Ann", NOW, (), is_merge=True)
    assert report.of([merge], {}) == report.Report((merge,), (), (), ())


def test_the_command_tells_it_as_markdown_and_json(root: Path) -> None:
    told = CliRunner().invoke(app, ["report", "--since", "HEAD~4", "--in", str(root), "--url", "https://x/"])
    assert told.exit_code == 0 and "## By area" in told.output and "](https://x/" in told.output
    answer = json.loads(CliRunner().invoke(app, ["report", "--since", "HEAD~4", "--in", str(root), "--json"]).stdout)
    assert {one["title"] for one in answer["commits"]} == {"step 1", "step 2", "step 3", "step 4"}
    ids = {one["id"] for one in answer["commits"]}
    assert all(set(one["commits"]) <= ids for one in answer["areas"])
    refused = CliRunner().invoke(app, ["report", "--since", "nothing", "--in", str(root), "--json"])
    assert (refused.exit_code, json.loads(refused.stdout)["error"]["code"]) == (2, "bad-range")
