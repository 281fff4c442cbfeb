"""Reviews of changes: what is remarked, and what is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assay.assistant.changes import gathered
from assay.assistant.review import shapes, way
from assay.assistant.review.way import Review
from assay.assistant.workbench import Workbench
from evals import handed_in


async def reviewed(bench: Workbench, root: Path, project: str, *edits: tuple[str, str, str]) -> Review:
    """A review of a project with texts in some files for others."""
    files = handed_in.files(project)
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    after: dict[str, str | None] = {}
    for name, old, new in edits:
        text = after.get(name) or files.get(name, "")
        assert text.count(old) == 1 or not old, (name, old)
        after[name] = text.replace(old, new) if old else new
    bench.projects.open_folder(root)
    return await way.reviewed(bench, gathered.of_texts(root, root, after), root / "cache", lambda *_: None)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "p"
    made.mkdir()
    return made


PRICES, CART, ORDERS, PARSE = "src/shop/prices.py", "src/shop/cart.py", "stock/orders.py", "logs/parse.py"
LATE = "def is_late(depot: Depot, name: str) -> bool:"


@pytest.mark.parametrize(
    ("project", "edit", "code", "told"),
    [
        ("shop", (PRICES, "country: str) -> int", "country: str, rounding: int) -> int"), "broken-caller", "does not fit `with_tax`"),
        ("logs", (PARSE, "        raise BadLine(line)", "        raise KeyError(line)"), "behaviour", "raises KeyError where it raised BadLine"),
        ("logs", (PARSE, "        raise ValueError(text)", "        raise TypeError(text)"), "swallowed-exception", "does not raise ValueError any more"),
        ("stock", (ORDERS, "% 10}", "% 9}"), "failed-tests", "test_code"),
        ("stock", (ORDERS, LATE, 'TOKEN = "ghp_' + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8" + f'"\n\n\n{LATE}'), "secret", "secret"),
        ("stock", (ORDERS, LATE, f"def run(text):\n    return eval(text)\n\n\n{LATE}"), "dangerous-call", "eval"),
        ("shop", ("tests/test_cart.py", "\n\ndef test_remove(cart):\n    cart.remove(\"ink\")\n    assert cart.net_total() == 300\n    with pytest.raises(KeyError):\n        cart.remove(\"ink\")\n", ""), "weakened-test", "`test_remove` is taken out"),
        ("shop", (CART, "        del self.lines[name]\n", "        self.lines.pop(name, None)\n"), "failed-tests", "test_remove"),
    ],
    ids=lambda one: str(one)[:24],
)  # fmt: skip
async def test_what_is_broken_is_remarked_with_its_evidence(
    bench: Workbench, root: Path, project: str, edit: tuple[str, str, str], code: str, told: str
) -> None:
    found = await reviewed(bench, root, project, edit)
    remarks = [one for one in found.remarks if one.code == code]
    assert remarks, "\n".join(shapes.review_lines(found))
    assert any(told in one.told for one in remarks), remarks
    assert all(one.evidence and one.line for one in found.remarks)


async def test_a_change_that_is_right_has_no_error_and_no_warning(bench: Workbench, root: Path) -> None:
    found = await reviewed(
        bench, root, "logs", ("logs/stats.py", "        return 0\n    middle", "        return 0.0\n    middle")
    )
    assert [one for one in found.remarks if one.severity != "note"] == []
    assert found.handed.verdict.why


async def test_what_no_test_notices_is_a_note(bench: Workbench, root: Path) -> None:
    edit = (ORDERS, "            if not room and count:\n", "            if room <= 0 and count > 0:\n")
    found = await reviewed(bench, root, "stock", edit)
    told = [one.told for one in found.remarks if one.code == "untested"]
    assert told and all(one.startswith("No test notices if ") for one in told)
    assert len(told) <= way.SURVIVORS


async def test_a_review_is_told_in_each_form(bench: Workbench, root: Path) -> None:
    found = await reviewed(bench, root, "stock", (ORDERS, LATE, f"def run(text):\n    return eval(text)\n\n\n{LATE}"))
    assert json.loads(json.dumps(shapes.review_json(found)))["remarks"][0]["code"] == "dangerous-call"
    page = shapes.review_markdown(found)
    assert page.startswith(shapes.MARK) and "| 🟡 | `stock/orders.py:" in page
    run = shapes.review_sarif(found, "1.0.0")["runs"][0]
    assert run["results"][0]["ruleId"] == run["tool"]["driver"]["rules"][0]["id"]


async def test_rules_are_told_where_they_are_bugs_and_of_the_changed_text(bench: Workbench, root: Path) -> None:
    found = await reviewed(
        bench, root, "shop",
        ("pyproject.toml", "", '[project]\nname = "shop"\nversion = "1"\n\n[tool.ruff.lint]\nselect = ["F", "UP", "E501"]\n'),
        (PRICES, '"""Prices in cents."""\n', '"""Prices in cents."""\n\nfrom typing import Optional\n'),
        (PRICES, "    return round(", "    half: Optional[int] = cents // 2\n    print(half, nowhere)\n    return round("),
    )  # fmt: skip
    assert {"F821"} == {one.code for one in found.remarks if one.evidence.startswith("ruff")}
