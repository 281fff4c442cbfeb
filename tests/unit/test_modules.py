"""Facts of modules and packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.assistant.summarize import modules
from tests.unit.conftest import Make

FILES = {
    "pyproject.toml": "[project]\nname = 'shop'\nversion = '1'\n",
    "shop/__init__.py": "from shop.price import total\n\ndef main(): ...\n",
    "shop/price.py": "from shop import tax\n\nclass Till:\n    def ring(self): ...\n\ndef total(x):\n    return x if x else 0\n\ndef _hidden(): ...\n",
    "shop/tax.py": "def rate(): ...\n",
    "shop/deep/__init__.py": "",
    "shop/deep/well.py": "import shop.tax\n",
    "run.py": "import shop\n",
    "tests/test_price.py": "from shop.price import total\n",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A package with a package in it, a script and a test."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


async def test_a_module_says_what_it_offers_and_who_imports_it(make: Make, shop: Path) -> None:
    one = await modules.of_file(make(), shop, "shop/price.py", FILES["shop/price.py"])
    assert (one.name, one.kind, one.functions, one.classes) == ("shop.price", "module", ("total",), ("Till",))
    assert one.imports == ("shop/__init__.py", "shop/tax.py") or one.imports == ("shop/tax.py",)
    assert one.importers == ("shop/__init__.py", "tests/test_price.py")
    assert one.summary == "Offers 1 function and 1 class."
    assert "Classes: `Till`." in list(modules.lines(one))


async def test_a_package_says_what_is_in_it_and_who_uses_it(make: Make, shop: Path) -> None:
    package, *own = await modules.of_folder(make(), shop, "shop")
    assert (package.name, package.kind, package.functions) == ("shop", "package", ("main",))
    assert package.modules == ("shop.price", "shop.tax")
    assert [one.file for one in own] == ["shop/__init__.py", "shop/price.py", "shop/tax.py"]
    assert package.importers == ("run.py", "tests/test_price.py") and package.imports == ()
    assert package.summary == "Holds 2 modules, 1 package and 1 function."


async def test_a_folder_without_code_gives_nothing_and_the_root_its_own_modules(make: Make, shop: Path) -> None:
    assert await modules.of_folder(make(), shop, "tests") == []
    package, script = await modules.of_folder(make(), shop, "")
    assert (package.kind, package.modules, script.name) == ("package", ("run",), "run")
    assert script.summary == "Offers no function and no class."
    assert package.packages == ("shop",)
    (shop / "__init__.py").write_text("def root_fn(): ...\n")
    package, *own = await modules.of_folder(make(), shop, "")
    assert (package.functions, [one.name for one in own]) == (("root_fn",), ["run"])
