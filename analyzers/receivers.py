"""What stands before a dot, as jedi infers it: whether all of it is known, so that a name it lacks does not exist. A module or class that makes names as it runs is not.

A request is that of `analyzers.names_worker`; reading files is all that is done with it.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from . import syntax
from .memo import MIB, remembered

# With one of these a module may make names as it runs.
_MAKES_NAMES = re.compile(r"__getattr__|__dict__|sys\.modules|\b(?:globals|locals|vars|setattr|exec)\(")
_IN_CLASSES = re.compile(
    r"__getattr__|__getattribute__|__dict__|__slots__|__new__|__init_subclass__|__set_name__|setattr|\b(?:globals|locals|vars|exec)\("
)
_PLAIN = frozenset(["str", "bytes", "int", "float", "complex", "list", "dict", "set", "frozenset", "tuple", "bool"])


def is_known(name: Any, request: dict[str, Any]) -> bool:
    """Whether jedi sees all there is: a module or a class from source or stub, with nothing dynamic about it."""
    path = name.module_path
    if name.type == "module":
        text = _text_of(path, request) if path is not None and path.suffix in (".py", ".pyi") else None
        return text is not None and _MAKES_NAMES.search(text) is None
    if name.type not in ("instance", "class"):
        return False
    if name.full_name and name.full_name.startswith("builtins."):
        return name.full_name.removeprefix("builtins.") in _PLAIN
    text = _text_of(path, request) if path is not None else None
    return text is not None and name.name in _plain_classes(text)


def may_be_assigned(receiver: list[Any], attribute: str, request: dict[str, Any]) -> bool:
    """Whether an attribute of this name, or of any name, is assigned somewhere in the document or where the receivers are defined."""
    paths = {one.module_path for one in receiver if one.module_path is not None and one.module_path.suffix == ".py"}
    texts = [request["text"], *(text for path in paths if (text := _text_of(path, request)) is not None)]
    pattern = re.compile(rf"\.{re.escape(attribute)}\s*(?::[^=\n]+)?=(?!=)|\bsetattr\(")
    return any(pattern.search(text) for text in texts)


def is_new_module(package: Path, name: str, request: dict[str, Any]) -> bool:
    """Whether a package has a module of this name that is on no disk yet."""
    places = (package.parent / f"{name}.py", package.parent / name / "__init__.py")
    return package.stem == "__init__" and any(str(one) in request["others"] for one in places)


def _text_of(path: Path, request: dict[str, Any]) -> str | None:
    """A file as jedi saw it; None for one that cannot be read."""
    if str(path) == request["path"]:
        return str(request["text"])
    if (known := request["others"].get(str(path))) is not None:
        return str(known)
    try:
        return _on_disk(path, path.stat().st_mtime_ns)
    except OSError:
        return None


@remembered(8 * MIB)
def _on_disk(path: Path, _changed_ns: int) -> str:
    return path.read_text("utf-8", "replace")


@remembered(4 * MIB)
def _plain_classes(text: str) -> frozenset[str]:
    """The classes of a file with nothing dynamic about them; of several with one name, the first one counts."""
    if (tree := syntax.module(text)) is None:
        return frozenset()
    classes: dict[str, ast.ClassDef] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            classes.setdefault(node.name, node)
    return frozenset(name for name, node in classes.items() if _is_plain(node))


def _is_plain(node: ast.ClassDef) -> bool:
    bases = {ast.unparse(base) for base in node.bases}
    plain_decorators = all("dataclass" in ast.unparse(d) for d in node.decorator_list)
    is_plain = not (bases - {"object"}) and not node.keywords and plain_decorators
    return is_plain and _IN_CLASSES.search(ast.unparse(node)) is None
