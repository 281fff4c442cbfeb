"""Cells of a notebook: Python as IPython has it, and what is claimed of one holds in whatever order they are run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from analyzers import lint, notebooks, syntax
from analyzers.notebooks import Cells
from analyzers.text import Snapshot, Span
from assay import compose
from assay.assistant.hints import static
from assay.assistant.nouns import Failed
from assay.assistant.proof.verdict import Limits, begin
from assay.assistant.workbench import Workbench
from assay.assistant.world.change import one_file
from assay.assistant.world.world import World
from assay.folders import folders
from tests.unit.conftest import NamesHere


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("%matplotlib inline\nx = 1\n", "#matplotlib inline\nx = 1\n"),
        ("if x:\n    !ls -la\n    pass", "if x:\n    #ls -la\n    pass"),
        ("files = %pwd\n", "files = _#wd\n"),
        ("a, b = !ls *.py\n", "a, b = _#s *.py\n"),
        ("%%time\nx = 1\n", "#%time\nx = 1\n"),
        ("%%bash\nls | grep x\n\n  done\n", "#%bash\n#s | grep x\n\n# done\n"),
        ("frame.head?\n", "#rame.head?\n"),
        ("?frame\n", "#frame\n"),
        ("x = (5\n     % 3)\ny = (x\n     != 3)", "x = (5\n     % 3)\ny = (x\n     != 3)"),
        ("y = await g()\ny", "y = await g()\ny"),
        ("print('''\n  a?b\n''')", "print('''\n  a?b\n''')"),
    ],
)
def test_a_cell_is_python_of_the_same_length(cell: str, read: str) -> None:
    assert notebooks.plain(cell) == read
    assert len(read) == len(cell)
    assert syntax.module(read) is not None


def cells(*texts: str, at: int) -> tuple[Cells, str]:
    every = [notebooks.plain(one) for one in texts]
    return Cells(tuple(every[:at]), tuple(every[at + 1 :])), every[at]


FOUND = [
    ("a last expression is shown", ("total = 1", "total"), 1, []),
    ("an await at the top", ("async def g(): ...", "y = await g()\ny"), 1, []),
    ("an import that a cell below uses", ("import math", "x = 1", "math.pi"), 0, []),
    ("what a magic gives", ("files = %pwd\nfiles.upper()",), 0, []),
    ("what IPython gives", ("display(Out[1], _)\nget_ipython()",), 0, []),
    ("a name that a cell below gives", ("later + 1", "later = 2"), 0, []),
    ("an unfinished cell above", ("def f(:", "x = 1\nx"), 1, []),
    ("what an unfinished cell above may give", ("frame = load(\n", "frame.head()"), 1, []),
    ("what an unfinished cell below may use", ("import math", "f(math.pi"), 0, []),
    ("another language above", ("%%bash\nfor x in *; do\n", "y = 1\ny"), 1, []),
    ("a name that no cell gives", ("x = 1", "x + nowhere"), 1, ["F821"]),
    ("the same beside an unfinished one", ("def f(:", "nowhere"), 1, ["F821"]),
    ("an expression that is not the last", ("x = 1", "x == 2\nx"), 1, ["B015"]),
    ("its own error of syntax", ("x = 1", "x = ("), 1, ["invalid-syntax"]),
]


@pytest.mark.parametrize(("what", "texts", "at", "codes"), FOUND, ids=[one[0] for one in FOUND])
async def test_rules_are_those_of_notebooks_over_all_cells(
    what: str, texts: tuple[str, ...], at: int, codes: list[str]
) -> None:
    around, text = cells(*texts, at=at)
    assert [one.code for one in await lint.of_cell(around, text)] == codes


@pytest.fixture
async def bench(tmp_path: Path) -> Workbench:
    where = folders()
    settings, _ = compose.load_settings(where, editor={"verify": {"policy": "static"}})
    return replace(compose.workbench(settings, where), names=NamesHere(where.cache / "jedi"))


@pytest.mark.parametrize(("what", "texts", "at", "codes"), FOUND, ids=[one[0] for one in FOUND])
async def test_hints_are_in_the_cell_itself(
    bench: Workbench, tmp_path: Path, what: str, texts: tuple[str, ...], at: int, codes: list[str]
) -> None:
    around, text = cells(*texts, at=at)
    (tmp_path / "ruff.toml").write_text("lint.select = ['E9', 'F', 'B', 'PLE']\n")
    document = Snapshot("cell:1", str(tmp_path / "n.ipynb"), 1, text, around.preamble, cells=around)
    found = await static.of_document(bench, document, "n.ipynb", tmp_path)
    assert [one.code for one in found] == codes
    await compose.close(bench)


@pytest.mark.parametrize(
    ("texts", "written", "is_failed"),
    [
        (("import math\nx = 1", ""), "math.sqrt(x)", False),
        (("def f(:", "x = 1\n"), "x + 1", False),
        (("async def g():\n    return 1", ""), "y = await g()", False),
        (("files = %pwd", ""), "files.upper()", False),
        (("import math", ""), "math.sqrtt(1)", True),
        (("x = 1", ""), "x = (", True),
        (("x = 1", ""), "nowhere.x()", True),
    ],
)
async def test_a_suggestion_in_a_cell_is_judged_by_the_same_rules(
    bench: Workbench, tmp_path: Path, texts: tuple[str, ...], written: str, *, is_failed: bool
) -> None:
    around, text = cells(*texts, at=1)
    before = Snapshot("cell:1", str(tmp_path / "n.ipynb"), 1, text, around.preamble, cells=around)
    change = one_file(World(tmp_path), before, text + written, Span(len(text), len(text) + len(written)))
    verdict = (await begin(bench, change, Limits(run_s=None))).now
    assert isinstance(verdict, Failed) == is_failed, verdict
    await compose.close(bench)
