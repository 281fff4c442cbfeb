"""Settings: who may set what, and that a project only ever tightens."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.assistant import settings


def test_a_project_may_only_tighten(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.assay]\noffline = true\nverify.policy = "strict"\nengine.url = "http://evil"\nsandbox.image = "evil"\n'
    )
    merged, complaints = settings.load(tmp_path / "none", roots=[tmp_path])
    assert (merged.policy, merged.is_on("offline"), merged.text("engine.url"), merged.text("sandbox.image")) == (
        "strict",
        True,
        "",
        "",
    )
    assert len(complaints) == 2
    (tmp_path / "pyproject.toml").write_text('[tool.assay]\noffline = false\nverify.policy = "static"\n')
    merged, complaints = settings.load(tmp_path / "none", roots=[tmp_path], editor={"verify": {"policy": "balanced"}})
    assert merged.policy == "balanced"
    assert len(complaints) == 2


@pytest.mark.parametrize(
    ("users", "wish", "policy"),
    [
        ("static", "strict", "static"),
        ("static", "eager", "static"),
        ("eager", "balanced", "balanced"),
        ("eager", "static", "eager"),
        ("strict", "balanced", "strict"),
    ],
)
def test_a_project_can_have_less_offered_and_never_more_run(users: str, wish: str, policy: str, tmp_path: Path) -> None:
    """Who chose `static` wants nothing to be run."""
    (tmp_path / "pyproject.toml").write_text(f'[tool.assay]\nverify.policy = "{wish}"\n')
    merged, complaints = settings.load(tmp_path / "none", roots=[tmp_path], editor={"verify.policy": users})
    assert merged.policy == policy
    assert len(complaints) == (wish != policy)


@pytest.mark.parametrize("url", ["http://[::1", "http://models.example", "//", "http://127.0.0.1.example"])
def test_offline_leaves_out_what_is_not_surely_on_this_machine(url: str, tmp_path: Path) -> None:
    merged, complaints = settings.load(tmp_path / "none", editor={"engine.url": url, "offline": True})
    assert merged.text("engine.url") == ""
    assert len(complaints) == 1
