"""Where the tests of a module are, or are to be: the file, what it imports, and names that are free in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath

from . import reach, syntax


def importable(name: str, texts: Mapping[str, str]) -> str:
    """The dotted name by which others among the project's files import a file; "" for one that nobody can import so. `src` is a package where it has an `__init__.py`."""
    names = reach.module_names(name)
    if not names or not all(part.isidentifier() for part in max(names, key=len).split(".")):
        return ""
    longest = max(names, key=len)
    return longest if "src/__init__.py" in texts else longest.removeprefix("src.")


def test_file(texts: Mapping[str, str], name: str) -> str:
    """The file with the tests of the module `name`, among the project's files, or the one where people would look for them."""
    path = PurePosixPath(name)
    module = importable(name, texts)
    stem = path.parent.name if path.stem == "__init__" and path.parent.name else path.stem
    wanted, plain = f"test_{stem}.py", stem.lstrip("_")
    usual = (wanted, f"{stem}_test.py", f"test_{plain}.py", f"{plain}_test.py")
    known = [one for one in texts if PurePosixPath(one).name in usual]
    own = [one for one in known if speaks_of(texts[one], module)]
    alike = {importable(one, texts) for one in texts if PurePosixPath(one).stem == stem and one not in known} - {module}
    if plain != stem:
        known = own  # `_utils` is another module than `utils`: only what imports it has its tests
        wanted = f"test_{plain}.py" if f"test_{plain}.py" not in {PurePosixPath(one).name for one in texts} else wanted
    others = [one for one in known if _imported(texts[one], stem) & alike]
    if found := own or [one for one in known if one not in others]:
        return min(found, key=len)
    if known:  # those of another module of that name
        wanted = f"test_{'_'.join(module.split('.')[-2:])}.py" if "." in module else f"test_{stem}_module.py"
        return str(PurePosixPath(min(known, key=len)).with_name(wanted))
    folders = {PurePosixPath(one).parts[0] for one in texts if len(PurePosixPath(one).parts) > 1}
    folder = next((one for one in ("tests", "test") if one in folders), "")
    return f"{folder}/{wanted}" if folder else str(path.with_name(wanted))


def speaks_of(text: str, module: str) -> bool:
    """Whether a text imports a module, or names from it."""
    package, _, name = module.rpartition(".")
    return bool(module) and bool(
        re.search(rf"^[ \t]*(?:from|import) +{re.escape(module)}\b", text, re.MULTILINE)
        or (
            package
            and re.search(rf"^[ \t]*from +{re.escape(package)} +import +.*\b{re.escape(name)}\b", text, re.MULTILINE)
        )
    )


def _imported(text: str, name: str) -> set[str]:
    """The dotted names of modules of that last name that a text imports from."""
    whole = re.findall(rf"^[ \t]*(?:from|import) +((?:\w+\.)*{re.escape(name)})\b", text, re.MULTILINE)
    parts = re.findall(rf"^[ \t]*from +([\w.]+) +import +[^\n]*\b{re.escape(name)}\b", text, re.MULTILINE)
    return {*whole, *(f"{package}.{name}" for package in parts)}


def imports(text: str, module: str, name: str) -> bool:
    """Whether a text has a name of a module by an import at its top."""
    tree = syntax.module(text)
    return tree is not None and any(
        isinstance(node, ast.ImportFrom)
        and node.module == module
        and any(alias.name == name and alias.asname is None for alias in node.names)
        for node in tree.body
    )


def origin(text: str, name: str) -> str:
    """The import at a module's top that gives `name`, for that alone; "" for what is defined there, and for what comes from beside it."""
    tree = syntax.module(text)
    for node in tree.body if tree is not None else ():
        if isinstance(node, ast.Import | ast.ImportFrom) and not getattr(node, "level", 0):
            for alias in node.names:
                if (alias.asname or alias.name.partition(".")[0]) == name:
                    told = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
                    return f"from {node.module} import {told}" if isinstance(node, ast.ImportFrom) else f"import {told}"
    return ""


def given_names(text: str) -> tuple[str, ...]:
    """The public attributes that are given to what has a name of its own, and to no `self`."""
    tree = syntax.module(text)
    found = {
        node.attr: None
        for node in (ast.walk(tree) if tree is not None else ())
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id not in ("self", "cls")
        and not node.attr.startswith("_")
    }
    return tuple(found)


def free(name: str, taken: Collection[str]) -> str:
    """The name, or with the first number behind it that makes it free."""
    number, found = 2, name
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found


def bound(text: str) -> frozenset[str]:
    """The names at the top of a module: functions, classes, imports, and what is assigned."""
    tree, found = syntax.module(text), set[str]()
    for node in tree.body if tree is not None else ():
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found.add(node.name)
            case ast.Assign(targets=targets):
                found.update(one.id for one in targets if isinstance(one, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=one)):
                found.add(one)
            case ast.Import() | ast.ImportFrom():
                found.update((one.asname or one.name).partition(".")[0] for one in node.names)
    return frozenset(found)
