"""What is there for a description: the index follows its files, the best comes first, and nothing is said to be there that is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzers import signatures
from analyzers.signatures import module_of
from assay.assistant.finding import search
from assay.assistant.finding.index import Index, names_below, terms
from assay.assistant.finding.search import Item, Tree
from assay.assistant.suggest import shapes
from evals import suggesting
from tests.unit.conftest import Make

SHOP = '''\
def vat(price, rate=0.19):
    """Return the value added tax of a price."""
    return price * rate


def _rounded(price):
    """Round a price to whole cents."""


class Basket:
    """What a customer wants to buy."""

    def add(self, article: str, /, count: int = 1) -> None:
        """Put an article into the basket."""

    @staticmethod
    def empty(): ...

    @property
    def total(self):
        """What everything in it costs together."""


@overload
def vat(price: int) -> int: ...
'''


def unheard(done: int, of: int) -> None:
    pass


def test_what_a_module_offers_is_told_as_it_is_called() -> None:
    found = {one.path: one for one in signatures.of_text(SHOP)}
    assert list(found) == ["vat", "Basket", "Basket.add", "Basket.empty", "Basket.total"]
    assert (found["vat"].parameters, found["vat"].required) == ("price, rate=0.19", ("price",))
    assert (found["Basket.add"].parameters, found["Basket.add"].required) == (
        "article: str, /, count: int=1",
        ("article",),
    )
    assert (found["Basket.total"].kind, found["Basket.empty"].kind) == ("property", "method")
    assert "_rounded" in {one.path for one in signatures.of_text(SHOP, private=True)}
    assert signatures.of_text("def f(:") == []


def test_the_index_follows_its_files(tmp_path: Path) -> None:
    root, read = tmp_path / "tree", list[int]()
    root.mkdir()

    def names() -> Iterator[str]:
        return (path.relative_to(root).as_posix() for path in sorted(root.rglob("*.py")))

    def found(text: str) -> list[str]:
        index.follow(names, lambda done, of: read.append(of))
        return [f"{one.module}.{one.path}" for one in index.found(text, 9)]

    (root / "shop.py").write_text(SHOP)
    index = Index(tmp_path / "cache", root)
    assert found("value added tax")[0] == "shop.vat"
    assert found("value added tax")[0] == "shop.vat"
    assert read == [1]  # the second time no file was read
    (root / "shop.py").write_text(SHOP.replace("vat", "tax_of"))
    assert found("value added tax")[0] == "shop.tax_of"
    (root / "shop.py").unlink()
    assert found("value added tax") == []


def test_a_damaged_index_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    index = Index(tmp_path / "cache", tmp_path)
    index.follow(lambda: iter(["shop.py"]), unheard)
    (file,) = (tmp_path / "cache").glob("*.sqlite")
    file.write_bytes(b"no database" * 1000)
    index.follow(lambda: iter(["shop.py"]), unheard)
    assert index.found("value added tax", 9)


def test_an_index_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        Index(tmp_path / "file" / "cache", tmp_path)


@pytest.mark.parametrize("query", ['"', "'; DROP TABLE items; --", "the of a", "NEAR(a b) AND *", "ü" * 5000, "\0"])
def test_odd_descriptions_are_survived(query: str, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    index = Index(tmp_path / "cache", tmp_path)
    index.follow(lambda: iter(["shop.py"]), unheard)
    found = [(one, Tree(tmp_path, "project")) for one in index.found(query, 9)]
    assert search.ranked(query, found, 5) == []


async def suggested(make: Make, root: Path, text: str) -> list[Item]:
    return await search.suggest(make(), root, root.parent / "cache", text, 5, lambda what, done, of: None)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a package in its virtual environment; the standard library is left out, for it takes seconds."""
    root = tmp_path / "project"
    site = root / ".venv" / "lib" / "python3.11" / "site-packages"
    (site / "mailer").mkdir(parents=True)
    (root / ".venv" / "pyvenv.cfg").write_text("")
    (root / "pyproject.toml").write_text("")
    (root / "shop.py").write_text(SHOP)
    (site / "mailer" / "__init__.py").write_text("from ._send import send\n")
    (site / "mailer" / "_send.py").write_text('def send(letter, to):\n    """Send a letter by electronic mail."""\n')
    (site / "mailer" / "tests").mkdir()
    (site / "mailer" / "tests" / "test_send.py").write_text(
        'def letter():\n    """Send a letter by electronic mail."""\n'
    )
    (site / "Mailer_x-2.1.dist-info").mkdir()
    (site / "Mailer_x-2.1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: mailer-x\nVersion: 2.1\n")
    (site / "Mailer_x-2.1.dist-info" / "top_level.txt").write_text("mailer\n")
    (tmp_path / "stdlib").mkdir()
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path / "stdlib"))
    return root


async def test_what_is_installed_is_told_with_its_version_and_where_people_import_it_from(
    make: Make, root: Path
) -> None:
    (one,) = await suggested(make, root, "send a letter by mail")
    assert (one.full_name, one.module, one.call) == ("mailer.send", "mailer", "send(letter, to)")
    assert (one.source, one.version) == ("mailer-x", "2.1")
    told = shapes.items_json([one])["items"][0]
    assert told["installed"] == {"from": "mailer-x", "version": "2.1"}


async def test_ones_own_functions_are_there_too_private_ones_as_well(make: Make, root: Path) -> None:
    assert (await suggested(make, root, "round a price to cents"))[0].full_name == "shop._rounded"
    (first, *_) = await suggested(make, root, "put an article into the basket")
    assert (first.full_name, first.call, first.source) == ("shop.Basket.add", "basket.add(article)", "project")


async def test_ones_own_tests_are_not_offered(make: Make, root: Path) -> None:
    for name in ("tests/helper.py", "test_bread.py", "pkg/test/deep/x.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text('def bake_bread():\n    """Bake a loaf of bread."""\n')
    assert await suggested(make, root, "bake a loaf of bread") == []
    (root / "bakery.py").write_text('def bake_bread():\n    """Bake a loaf of bread."""\n')
    assert [one.module for one in await suggested(make, root, "bake a loaf of bread")] == ["bakery"]


@pytest.mark.parametrize("text", ["bake a loaf of bread", "send a rocket to the moon", "", "the"])
async def test_what_is_not_there_is_not_told(text: str, make: Make, root: Path) -> None:
    assert await suggested(make, root, text) == []


def test_modules_are_named_as_they_are_imported(tmp_path: Path) -> None:
    assert [module_of(name) for name in ("a/b.py", "a/__init__.py", "src/a/b.py", "c.py")] == ["a.b", "a", "a.b", "c"]
    (tmp_path / "a" / "tests").mkdir(parents=True)
    (tmp_path / "a" / "tests" / "x.py").write_text("")
    (tmp_path / "a" / "x.py").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert list(names_below(tmp_path)) == ["a/x.py"]
    assert terms("Read the file_names of get_url") == ["read", "file", "names", "url"]


def test_functions_of_a_real_package_are_found_by_what_they_say(tmp_path: Path) -> None:
    """A dozen of one package; `python -m evals.suggesting` does six packages, beside plain BM25."""
    packages = ("click",)
    index = Index(tmp_path, suggesting.SITE_PACKAGES)
    index.follow(lambda: suggesting.files_of(packages), unheard)
    tree = Tree(suggesting.SITE_PACKAGES, "packages")

    def first(text: str) -> list[str]:
        found = [(one, tree) for one in index.found(text, search.CANDIDATES)]
        return [one.full_name for one in search.ranked(text, found, 5)]

    wanted = suggesting.described(packages, 12)
    hits = [one for one in wanted if one.full_name in first(one.text)]
    assert len(hits) >= 10
    assert sum(not first(text) for text in suggesting.NOTHING) >= 16
