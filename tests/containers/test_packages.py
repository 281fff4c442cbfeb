"""A project without an environment gets the packages of its lock, once, from the user's own index; where they cannot be had, what needs them says so."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assay import compose
from assay.assistant.shapes import state
from assay.assistant.workbench import Workbench
from assay.folders import folders
from tests.containers.conftest import judge

pytestmark = pytest.mark.usefixtures("alone_with_images")

CALC = "import helper_pkg\n\n\ndef double(x):\n    return helper_pkg.TWO * x\n"
TEST = "from calc import double\n\n\ndef test_it():\n    assert double(3) == 6\n"


def wheel(folder: Path, name: str, text: str) -> None:
    """A package of one module, as an index would give it."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}.py", text)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    wheel(tmp_path / "index", "helper_pkg", "TWO = 2\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    folder = tmp_path / "p"
    folder.mkdir()
    (folder / "calc.py").write_text(CALC)
    (folder / "test_calc.py").write_text(TEST)
    return folder


@pytest.fixture
async def offline(docker_url: str) -> AsyncIterator[Workbench]:
    where = folders()
    settings, _ = compose.load_settings(where, editor={"sandbox": {"pool": 1}, "offline": True})
    made = compose.workbench(settings, where)
    yield made
    await compose.close(made)


RIGHT, WRONG = ("TWO * x", "TWO * x + 0"), ("TWO * x", "TWO + x")


async def test_the_packages_of_a_lock(bench: Workbench, root: Path) -> None:
    (root / "pyproject.toml").write_text("[project]\nname = 'p'\ndependencies = ['helper-pkg', 'has-no-wheel']\n")
    (root / "uv.lock").write_text(
        "".join(f'[[package]]\nname = "{name}"\nversion = "1.0"\n' for name in ("helper-pkg", "has-no-wheel"))
    )
    verdict = await judge(bench, root / "calc.py", CALC.replace(*RIGHT))
    assert state(verdict) == "passed", verdict
    assert state(await judge(bench, root / "calc.py", CALC.replace(*WRONG))) == "failed"
    assert bench.sandbox.health().state == "ready"


async def test_offline_nothing_is_fetched_and_what_needs_it_says_so(offline: Workbench, root: Path) -> None:
    (root / "requirements.txt").write_text("helper-pkg==1.0\n")
    verdict = await judge(offline, root / "calc.py", CALC.replace(*RIGHT))
    assert state(verdict) == "unverified"
    assert "No module named 'helper_pkg'" in verdict.why


async def test_packages_that_cannot_be_had_take_nothing_from_tests_that_need_none(bench: Workbench, root: Path) -> None:
    (root / "requirements.txt").write_text("nowhere-at-all==1.0\n")
    (root / "calc.py").write_text(CALC.replace("import helper_pkg", "").replace("helper_pkg.TWO", "2"))
    verdict = await judge(bench, root / "calc.py", "def double(x):\n    return x + x\n")
    assert state(verdict) == "passed", verdict
    assert bench.sandbox.health().image.endswith("without packages"), (
        "what was seen so is not remembered for another time"
    )
