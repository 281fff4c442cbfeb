"""Which import statement an undefined name needs: as this project does it, else from the standard library."""

from __future__ import annotations

import ast
import keyword
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from functools import lru_cache

from . import syntax
from .reach import module_names
from .text import Edit, Snapshot, Span

# Names that are written without their module so often that a model forgets the import.
STANDARD: Mapping[str, str] = {
    name: module
    for module, names in {
        "abc": "ABC abstractmethod",
        "collections": "Counter OrderedDict defaultdict deque namedtuple",
        "collections.abc": "Callable Iterable Iterator Mapping MutableMapping Sequence",
        "contextlib": "contextmanager suppress",
        "copy": "deepcopy",
        "dataclasses": "dataclass field asdict",
        "datetime": "datetime timedelta timezone",
        "decimal": "Decimal",
        "enum": "Enum IntEnum",
        "fractions": "Fraction",
        "functools": "cached_property lru_cache partial reduce wraps cmp_to_key",
        "itertools": "accumulate chain combinations count cycle groupby islice permutations product zip_longest",
        "math": "ceil floor gcd isclose log10 sqrt",
        "operator": "attrgetter itemgetter",
        "pathlib": "Path",
        "typing": "Any Dict List Optional Set Tuple Union cast",
        "uuid": "uuid4",
    }.items()
    for name in names.split()
}


def statement_for(name: str, code: str, texts: Mapping[str, str], path: str) -> str | None:
    """The import that defines `name` as `code` uses it, or None. `texts`: relative path → text; `path` asks."""
    if not name.isidentifier():
        return None
    for file, text in texts.items():
        if file != path and name in text and (found := _imported(text, name)):
            return found
    for file, text in texts.items():
        if file != path and name in text and name in _defined(text) and (dotted := _dotted(file)):
            return f"from {dotted} import {name}"
    if name in STANDARD:
        return f"from {STANDARD[name]} import {name}"
    if name in sys.stdlib_module_names and not name.startswith("_") and re.search(rf"(?<![\w.]){name}\.\w", code):
        return f"import {name}"
    return None


def table(texts: Mapping[str, str], tests: Callable[[str], bool]) -> dict[str, str]:
    """The import of each name that a project has at the top of a module, as it does that most often; what only defines it is imported from there, tests aside; then what the standard library has. Takes a second or
    two for each million characters, what did not change is remembered."""
    counted: Counter[tuple[str, str]] = Counter()
    for text in texts.values():
        counted.update(_imports(text))
    found: dict[str, str] = {}
    for (name, statement), _ in counted.most_common():
        found.setdefault(name, statement)
    for file, text in sorted(texts.items()):
        dotted = _dotted(file)
        if dotted and not tests(file):
            for name in sorted(_defined(text)):
                found.setdefault(name, f"from {dotted} import {name}")
    for name, module_name in STANDARD.items():
        found.setdefault(name, f"from {module_name} import {name}")
    for name in sys.stdlib_module_names:
        if not name.startswith("_"):
            found.setdefault(name, f"import {name}")
    return found


def _dotted(file: str) -> str:
    """The name under which others import a file; "" for one that nobody can, and for what is run and not imported."""
    module = module_names(file)
    if not module:
        return ""
    dotted = module[1] if len(module) > 1 and module[0].startswith(("src.", "lib.", "python.")) else module[0]
    parts = dotted.split(".")
    is_name = all(part.isidentifier() and not keyword.iskeyword(part) for part in parts)
    return dotted if is_name and dotted not in ("setup", "conftest") else ""


def edit(snapshot: Snapshot, statements: tuple[str, ...]) -> Edit:
    """The insertion of import statements at the top of a document, which may be broken below: behind its first imports,
    else behind its docstring or leading comments."""
    text, lines = snapshot.text, "\n".join(statements)
    row, has_imports = syntax.head(snapshot.tree)
    if row < 0:
        start = 1 if text.startswith("\ufeff") else 0
        return Edit(Span(start, start), f"{lines}\n\n" if text[start:].strip() else f"{lines}\n")
    offset = len("\n".join(text.split("\n")[: row + 1]))  # tree-sitter's rows end at LF only
    new = f"\n{lines}" if has_imports else f"\n\n{lines}"
    if text[offset - 1] == "\r":
        offset, new = offset - 1, new.replace("\n", "\r\n")
    return Edit(Span(offset, offset), new)


def _imported(text: str, name: str) -> str | None:
    """A one-line absolute import of `name` at the top level of `text`."""
    escaped = re.escape(name)
    plain = re.search(rf"^import (?:{escaped}|[\w.]+ as {escaped})[ \t]*(?:#.*)?$", text, re.M)
    if plain:
        return plain[0].partition("#")[0].strip()
    source = re.search(rf"^from ([\w.]+) import (?:.*\W)?({escaped}|\w+ as {escaped})(?:\W.*)?$", text, re.M)
    return f"from {source[1]} import {source[2]}" if source and not source[1].startswith(".") else None


@lru_cache(maxsize=4096)
def _imports(text: str) -> tuple[tuple[str, str], ...]:
    """The names that absolute imports at the top level bind, each with the statement that binds it alone."""
    tree = syntax.module(text) if "import" in text else None
    found = []
    for node in tree.body if tree is not None else ():
        for alias in node.names if isinstance(node, ast.Import | ast.ImportFrom) else ():
            told = alias.name + (f" as {alias.asname}" if alias.asname else "")
            name = alias.asname or alias.name
            if isinstance(node, ast.ImportFrom) and not node.level and node.module != "__future__" and name != "*":
                found.append((name, f"from {node.module} import {told}"))
            elif isinstance(node, ast.Import) and "." not in name:
                found.append((name, f"import {told}"))
    return tuple(found)


@lru_cache(maxsize=4096)
def _defined(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"^(?:async def|def|class) (\w+)", text, re.M)) | frozenset(
        re.findall(r"^([A-Z][A-Z0-9_]+)\s*(?::[^=\n]+)?=", text, re.M)
    )
