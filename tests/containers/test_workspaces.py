"""A member of a workspace is checked with the others that it imports, and with what steers pytest above it; no command in between."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from assay.assistant.shapes import state
from assay.assistant.workbench import Workbench
from tests.containers.conftest import judge
from tests.containers.test_pythons import project

BILL = "from rates import RATE\n\n\ndef bill(x):\n    return x * RATE\n"
TEST = "from bill import bill\n\n\ndef test_bill(three):\n    assert bill(three) == 6\n"


@pytest.fixture
def member(tmp_path: Path) -> Path:
    """The module of a member that imports another one; fixtures and options stand above both."""
    top = tmp_path / "shop"
    root, rates = top / "packages" / "bill", top / "packages" / "rates" / "src" / "rates"
    for folder in (root, rates):
        folder.mkdir(parents=True)
    (top / "pyproject.toml").write_text(
        '[tool.uv.workspace]\nmembers = ["packages/*"]\n\n[tool.pytest.ini_options]\naddopts = "--three=3"\n'
    )
    (top / "conftest.py").write_text(
        "import pytest\n\n\ndef pytest_addoption(parser):\n    parser.addoption('--three')\n\n\n@pytest.fixture\ndef three(pytestconfig):\n    return int(pytestconfig.getoption('--three'))\n"
    )
    (rates / "__init__.py").write_text("RATE = 2\n")
    for folder, name in ((root, "bill"), (rates.parents[1], "rates")):
        (folder / "pyproject.toml").write_text(f'[project]\nname = "{name}"\nversion = "1"\n')
    (root / "bill.py").write_text(BILL)
    (root / "test_bill.py").write_text(TEST)
    return root / "bill.py"


@pytest.mark.parametrize(
    "home", ["top", "member", ""], ids=["one environment for all", "one in the member", "no environment"]
)
async def test_members_import_each_other(bench: Workbench, member: Path, home: str) -> None:
    root, top = member.parent, member.parents[2]
    if home:
        place = top if home == "top" else root
        text = (place / "pyproject.toml").read_text()
        site = project(place, Path(sys.executable).resolve())
        (place / "pyproject.toml").write_text(text)
        for name in ("calc.py", "test_calc.py"):
            (place / name).unlink()
        (site / "rates.pth").write_text(f"{top / 'packages' / 'rates' / 'src'}\n")
    right = await judge(bench, member, BILL.replace("x * RATE", "RATE * x"), root=root)
    assert state(right) == "passed", right
    assert state(await judge(bench, member, BILL.replace("x * RATE", "x + RATE"), root=root)) == "failed"


async def test_a_change_of_another_member_is_seen(bench: Workbench, member: Path) -> None:
    right = BILL.replace("x * RATE", "RATE * x")
    assert state(await judge(bench, member, right, root=member.parent)) == "passed"
    (member.parents[1] / "rates" / "src" / "rates" / "__init__.py").write_text("RATE = 3\n")
    bench.projects.forget(member.parent)
    assert state(await judge(bench, member, right, root=member.parent)) == "unverified", "its tests are red now"
