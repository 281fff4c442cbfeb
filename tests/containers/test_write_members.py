"""Members of classes, what is there already, and tests in the project's own file: from a wish to an offer, on real containers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from analyzers.text import Snapshot
from assay.assistant.nouns import Passed
from assay.assistant.workbench import Workbench
from assay.assistant.write import asked, sources, way
from assay.assistant.write.asked import Asked
from assay.assistant.write.candidate import Target
from assay.assistant.write.way import Written
from assay.engine.missing import Missing
from assay.engine.scripted import Answer, Scripted

CART = '''"""Carts."""

from dataclasses import dataclass, field


@dataclass
class Item:
    name: str
    price: float


class Cart:
    """What somebody wants."""

    def __init__(self) -> None:
        self.items: list[Item] = []

    def add(self, item: Item) -> None:
        self.items.append(item)

    def total(self) -> float:
        """Return the price of all of it.

        >>> cart = Cart()
        >>> cart.add(Item("a", 2.0))
        >>> cart.add(Item("b", 1.5))
        >>> cart.total()
        3.5
        """

    # find an item by its name

    def clear(self) -> None:
        self.items.clear()


def other() -> int:
    return 1
'''


def silent(stage: str, done: int, of: int) -> None:
    pass


async def write(
    bench: Workbench, root: Path, tmp: Path, files: dict[str, str], wanted: Asked, answers: Sequence[str] = ()
) -> Written:
    """What comes of a wish in the first of the files."""
    (root / "pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\n")
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True, parents=True)
        (root / name).write_text(text)
    engine = Scripted([Answer("", tuple(answers))]) if answers else Missing("No model.")
    bench = replace(bench, engine=engine)
    bench.projects.open_folder(root)
    state = await bench.projects.state(root)
    name = next(iter(files))
    at = Target(state, name, files[name], wanted.span, indent=wanted.indent)
    wanted = asked.with_tests(wanted, at.texts, name)
    return await way.written(bench, bench.projects.world(root), at, wanted.wish, sources.every(tmp / "cache"), silent)


async def test_a_method_is_written_by_rule_and_proved_by_its_docstring(bench: Workbench, tmp_path: Path) -> None:
    wanted = asked.named(CART, "Cart.total")
    found = await write(bench, tmp_path, tmp_path, {"cart.py": CART}, wanted)
    assert found.best is not None, found.why
    assert (found.best.candidate.source, found.best.candidate.told) == ("template", "the sum of price")
    assert isinstance(found.verdict, Passed), found.verdict
    assert '        """\n        return sum(one.price for one in self.items)\n\n    # find' in found.offered
    assert found.offered.replace("        return sum(one.price for one in self.items)\n", "") == CART


async def test_a_comment_between_methods_becomes_one(bench: Workbench, tmp_path: Path) -> None:
    offset = CART.index("# find")
    wanted = asked.placed(Snapshot("", "", 0, CART), offset)
    assert (wanted.wish.owner, wanted.wish.head) == ("Cart", "def find_item(self, name: str):")
    found = await write(bench, tmp_path, tmp_path, {"cart.py": CART}, wanted)
    assert found.best is not None, found.why
    assert "    def find_item(self, name: str):\n        " in found.offered
    assert "# find an item" not in found.offered
    compile(found.offered, "cart.py", "exec")


async def test_methods_are_told_apart_by_ways_to_use_an_instance(bench: Workbench, tmp_path: Path) -> None:
    text = CART.replace("class Item:\n    name: str\n    price: float", "class Item:\n    name: str\n    price: int")
    text = text.replace("2.0", "2").replace("1.5", "2").replace("        3.5", "        4")
    wanted = asked.named(text, "Cart.total")
    answers = ["return len(self.items) * 2", "return sum(item.price for item in self.items)"]
    found = await write(bench, tmp_path, tmp_path, {"cart.py": text}, wanted, answers)
    assert found.best is not None, found.why
    assert "sum(" in found.best.candidate.body
    split = found.chosen.split
    assert split is not None and "total" in split.call
    chosen = await way.settled(bench, bench.projects.world(tmp_path), found, 0)
    assert "        >>> o = Cart()\n" in chosen.offered
    assert isinstance(chosen.verdict, Passed), chosen.verdict


HALF = 'def half(value: int) -> int:\n    """Give half of it, e.g. half(8) == 4, half(10) == 5."""\n'


async def test_examples_become_tests_in_the_projects_own_file(bench: Workbench, tmp_path: Path) -> None:
    tests = "from numbers_of import one\n\n\ndef test_one():\n    assert one() == 1\n"
    text = f"def one():\n    return 1\n\n\n{HALF}"
    files = {"numbers_of.py": text, "tests/test_numbers_of.py": tests}
    found = await write(bench, tmp_path, tmp_path, files, asked.named(text, "half"))
    assert found.best is not None, found.why
    assert list(found.files) == ["numbers_of.py", "tests/test_numbers_of.py"]
    assert found.files["numbers_of.py"].startswith(text), "its description is as somebody wrote it"
    made = found.files["tests/test_numbers_of.py"]
    assert "from numbers_of import half, one\n" in made
    assert "def test_half_as_asked_for():\n    assert half(8) == 4\n    assert half(10) == 5\n" in made
    assert isinstance(found.verdict, Passed), found.verdict


async def test_a_failing_test_is_an_example(bench: Workbench, tmp_path: Path) -> None:
    text = "def middle(values):\n    ...\n"
    tests = "from mod import middle\n\n\ndef test_middle():\n    values = [5, 1, 4, 2, 3]\n    assert middle(values) == 3\n    assert middle([2, 9, 1]) == 2\n"
    wanted = asked.named(text, "middle")
    answers = ["return values[-1]", "return sorted(values)[1]", "return sorted(values)[len(values) // 2]"]
    found = await write(bench, tmp_path, tmp_path, {"mod.py": text, "test_mod.py": tests}, wanted, answers)
    assert found.best is not None, found.why
    broken = {one.candidate.body: one.broken for one in found.judged}
    assert broken["return sorted(values)[1]"][0].startswith("`values = [5, 1, 4, 2, 3]; middle(values)` is to give 3")
    assert found.others == {}, "what tests show already is not written again"
    assert isinstance(found.verdict, Passed)


@pytest.mark.parametrize(
    ("text", "name", "body", "source"),
    [
        ('def dedented(text: str) -> str:\n    """Remove any common leading whitespace from every line in the text.\n\n    >>> dedented("  a ")\n    \'a \'\n    """\n', "dedented", "return textwrap.dedent(text)", "library"),
        ('def to_celsius(value):\n    """Convert a temperature to celsius."""\n    return round((value - 32) * 5 / 9 + 0.001, 2)\n\n\ndef in_celsius(degrees):\n    """Convert a temperature in fahrenheit to celsius.\n\n    >>> in_celsius(212)\n    100.0\n    """\n', "in_celsius", "return to_celsius(degrees)", "library"),
    ],
    ids=["standard library", "project"],
)  # fmt: skip
async def test_what_is_there_is_called(
    bench: Workbench, tmp_path: Path, text: str, name: str, body: str, source: str
) -> None:
    found = await write(bench, tmp_path, tmp_path / "elsewhere", {"mod.py": text}, asked.named(text, name))
    assert found.best is not None, found.why
    assert (found.best.candidate.body, found.best.candidate.source) == (body, source), found.judged
    assert isinstance(found.verdict, Passed), found.verdict


async def test_what_is_found_by_words_alone_is_not_offered(bench: Workbench, tmp_path: Path) -> None:
    text = (
        'def dedented(text: str) -> str:\n    """Remove any common leading whitespace from every line in the text."""\n'
    )
    found = await write(bench, tmp_path, tmp_path / "elsewhere", {"mod.py": text}, asked.named(text, "dedented"))
    assert found.best is None
    assert {one.broken for one in found.judged} == {("There is no example to hold it against.",)}
