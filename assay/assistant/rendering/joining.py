"""Tests and what they import, put into the text of a test file that is there, or a new one. What stands there stays as it is."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from analyzers import homes, syntax


def joined(before: str, module: str, names: Sequence[str], body: str, imports: Sequence[str] = ()) -> str:
    """The file with the tests `body` at its end, and `names` of `module` and pytest imported at its top where they are not yet, behind other `imports`. Line ends are those of the file."""
    if "\r\n" in before:
        return joined(before.replace("\r\n", "\n"), module, names, body, imports).replace("\n", "\r\n")
    lacking = sorted(one for one in names if not homes.imports(before, module, one))
    needs = ["import pytest"] if "pytest." in body and not _has_pytest(before) else []
    if not before.strip():
        groups = ["\n".join(imports), *needs, *([f"from {module} import {', '.join(lacking)}"] if lacking else [])]
        head = "\n\n".join(one for one in groups if one)
        return f"{head}\n\n\n{body}" if head else body
    needs = [*imports, *needs]
    lines = re.split(r"(?<=\n)", before)  # as Python counts them: not at other signs that end a line elsewhere
    if lacking and (found := _import_line(before, module)) is not None:
        number, known = found
        lines[number] = f"from {module} import {', '.join(sorted({*known, *lacking}))}\n"
    elif lacking:
        needs.append(f"from {module} import {', '.join(lacking)}")
    at = _behind_imports(before)
    head, rest = "".join(lines[:at]), "".join(lines[at:])
    if head and not head.endswith("\n"):
        head += "\n"
    added = "".join(f"{one}\n" for one in needs)
    if needs and not at and rest.strip():
        added += "\n\n"
    whole, end = _main(f"{head}{added}{rest}")
    text = whole.rstrip("\n") + f"\n\n\n{body}"
    return text.rstrip("\n") + f"\n\n\n{end}" if end else text


def _main(text: str) -> tuple[str, str]:
    """A text without the part at its end that runs where the file is run by itself, and that part."""
    tree = syntax.module(text)
    match tree.body[-1] if tree is not None and tree.body else None:
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__")), lineno=line):
            lines = re.split(r"(?<=\n)", text)
            return "".join(lines[: line - 1]), "".join(lines[line - 1 :])
    return text, ""


def _has_pytest(text: str) -> bool:
    tree = syntax.module(text)
    return tree is not None and any(
        isinstance(node, ast.Import)
        and any(one.name == "pytest" and one.asname in (None, "pytest") for one in node.names)
        for node in tree.body
    )


def _import_line(text: str, module: str) -> tuple[int, list[str]] | None:
    """The number (from 0) of a line that is nothing but an import of names of the module, and the names; None where there is none."""
    tree, rows = syntax.module(text), text.split("\n")
    for node in tree.body if tree is not None else ():
        if (
            isinstance(node, ast.ImportFrom)
            and node.module == module
            and not node.level
            and not any(one.asname for one in node.names)
        ):
            names = [one.name for one in node.names]
            if rows[node.lineno - 1].rstrip() == f"from {module} import {', '.join(names)}":
                return node.lineno - 1, names
    return None


def _behind_imports(text: str) -> int:
    """The number of lines up to the last import at the top, or to the docstring's end."""
    tree = syntax.module(text)
    at = 0
    for number, node in enumerate(tree.body if tree is not None else ()):
        if isinstance(node, ast.Import | ast.ImportFrom) or (
            not number and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        ):
            at = node.end_lineno or 0
        elif not isinstance(node, ast.If | ast.Try):
            break
    return at
