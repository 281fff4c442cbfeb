"""The process in which jedi works: it may be slow or die, and then it is ended and started anew.

It runs isolated, with our own interpreter as jedi's environment; the project's folders reach jedi as text only
(`sys_path`), so no `.pth`, `sitecustomize` or extension module of the workspace is ever run.
"""

from __future__ import annotations

import ast
import difflib
import gc
import json
import os
import pickle
import re
import select
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeGuard

from analyzers import receivers, references, syntax, unsaved
from analyzers.memo import give_back

_KINDS: dict[tuple[str, str, int | None], str] = {}
_LookedUp = ast.Attribute | ast.Import | ast.ImportFrom | ast.Call

REST_S = 2.0  # without a request: somebody thinks, or went away
OVERLOADS = 5  # signatures of one function
DOCSTRING_LIMIT = 4000  # characters
NAMES_LIMIT = 2000  # names of one completion
KINDS_LIMIT = 20_000  # kinds of names that are remembered
SIMILAR = 0.75  # difflib ratio from which a real name is offered for a wrong one


def main() -> None:
    """Answer one JSON line for each JSON line, until standard input ends.

    Garbage is collected between answers: what jedi keeps is millions of objects, and looking through all of them takes a sixth of a second.
    """
    sys.setrecursionlimit(3000)
    gc.disable()
    for line in _lines(sys.stdin.fileno()):
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()
        gc.collect(0)


def _lines(source: int) -> Iterator[bytes]:
    """The lines of a file descriptor. A pause that follows some is used to look through all that is kept."""
    read, has_rested = bytearray(), True
    while True:
        while (end := read.find(b"\n")) < 0:
            if not has_rested and not select.select([source], [], [], REST_S)[0]:
                gc.collect()
                give_back()
                has_rested = True
            if not (piece := os.read(source, 1 << 20)):
                return
            read += piece
        yield bytes(read[:end])
        del read[: end + 1]
        has_rested = False


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to one request of `analyzers.names`, with its id; an "error" where jedi failed."""
    operations = {
        "check": _check,
        "complete": _complete,
        "define": _define,
        "describe": _describe,
        "extract": lambda request: references.extracted(_script(request), request),
        "references": lambda request: references.places(_script(request), request),
        "signatures": _signatures,
        "warm": _warm,
    }
    try:
        try:
            found: dict[str, Any] = operations[request["op"]](request)
        except (EOFError, pickle.UnpicklingError):
            # A process that was ended while it wrote left half a file in jedi's cache, and every later answer would fail for it.
            for file in Path(request["cache"]).rglob("*.pkl"):
                file.unlink(missing_ok=True)
            found = operations[request["op"]](request)
    except Exception as error:  # noqa: BLE001  jedi raises anything on odd code; the worker must go on
        found = {"error": f"{type(error).__name__}: {error}"[:200]}
    return found | {"id": request["id"]}


def _script(request: dict[str, Any]) -> Any:
    import jedi
    from jedi.api.environment import InterpreterEnvironment

    jedi.settings.cache_directory = request["cache"]
    jedi.settings.allow_unsafe_interpreter_executions = False
    # What callers happen to pass says nothing certain about a parameter, and looking for them costs up to a second.
    jedi.settings.dynamic_params = request["op"] in ("complete", "describe")
    root = request["root"]
    paths = [root, str(Path(root) / "src"), *request["paths"], *_own_paths()]
    project = jedi.Project(root, sys_path=paths, load_unsafe_extensions=False, smart_sys_path=False)
    path = request["path"] or None
    unsaved.forget({path or "", *request["others"]})
    script = jedi.Script(request["text"], path=path, project=project, environment=InterpreterEnvironment())
    for name, text in request["others"].items():
        if name != path:
            unsaved.take_in(script, Path(name), text, [Path(one) for one in paths])
    return script


def _own_paths() -> list[str]:
    """The standard library's folders; our own site-packages are not the project's."""
    return [p for p in sys.path if p and "site-packages" not in p and "dist-packages" not in p]


def _warm(request: dict[str, Any]) -> dict[str, Any]:
    """Have the builtins read, which nearly every answer needs; each further module is read when it is asked about, and stays in memory from then on."""
    _script(request | {"text": '"".jo', "path": "", "others": {}}).complete(1, 5)
    return {}


def _complete(request: dict[str, Any]) -> dict[str, Any]:
    line, column = request["position"]
    found = _script(request).complete(line, column)[:NAMES_LIMIT]
    kinds = _kinds(found, request["path"], request["kinds_s"])
    return {"items": [(c.name_with_symbols, kind) for c, kind in zip(found, kinds, strict=True)]}


def _kinds(found: list[Any], path: str, budget_s: float) -> list[str]:
    """What the completions are, "" where the time does not suffice to look: an imported name is looked for in its module, which may take a second. What was found is remembered."""
    end = time.monotonic() + budget_s
    kinds = []
    for one in found:
        key = path, one.name, one.line
        if key not in _KINDS and time.monotonic() < end:
            if len(_KINDS) >= KINDS_LIMIT:
                _KINDS.clear()
            _KINDS[key] = one.type
        kinds.append(_KINDS.get(key, ""))
    return kinds


def _describe(request: dict[str, Any]) -> dict[str, Any]:
    """What the name of a completion at `position` is: its signatures, or how it is defined, its docstring, and its module."""
    for one in _script(request).complete(*request["position"]):
        if one.name_with_symbols == request["name"]:
            signatures = [signature.to_string() for signature in one.get_signatures()[:OVERLOADS]]
            return {
                "signature": "\n".join(signatures) or one.description,
                "text": one.docstring(raw=True, fast=False)[:DOCSTRING_LIMIT],
                "module": one.module_name or "",
            }
    return {"signature": "", "text": "", "module": ""}


def _signatures(request: dict[str, Any]) -> dict[str, Any]:
    """The signatures of the call around `position`, each with the parameter that is being written, or None."""
    found = _script(request).get_signatures(*request["position"])[:OVERLOADS]
    return {
        "signatures": [
            (
                one.to_string(),
                [given.to_string() for given in one.params],
                one.index,
                one.docstring(raw=True)[:DOCSTRING_LIMIT],
            )
            for one in found
        ]
    }


def _define(request: dict[str, Any]) -> dict[str, Any]:
    """The signature of the name at `position`, where another file of the project defines it."""
    script, root = _script(request), request["root"]
    for name in script.goto(*request["position"], follow_imports=True, follow_builtin_imports=False)[:1]:
        path = name.module_path
        is_own = str(path) == request["path"] and not request.get("own")
        if path is None or is_own or not Path(path).is_relative_to(root):
            continue
        if name.type in ("function", "class", "module") and "site-packages" not in Path(path).parts:
            return {"definitions": [{"path": str(path), "line": name.line, "name": name.name, "kind": name.type}]}
    return {"definitions": []}


def _check(request: dict[str, Any]) -> dict[str, Any]:
    """Attributes, imports and keywords in the given lines that certainly do not exist."""
    tree = _parsed(request["text"], request.get("around"))
    nodes = list(_nodes(tree, *request["lines"]))
    guarded = _guarded(tree)
    if not nodes:
        return {"findings": [], "checked": 0, "of": 0, "unfound": []}
    script = _script(request)
    end = time.monotonic() + request["budget_s"]
    findings: list[dict[str, Any]] = []
    checked = 0
    unfound: list[str] = []
    for node in nodes:
        if time.monotonic() > end:
            break
        checked += 1
        if isinstance(node, ast.Attribute):
            findings += _attribute(script, node, request)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            if node not in guarded:
                findings += _import(script, node, request, unfound)
        else:
            findings += _keywords(script, node, request)
    sure = [one for one in findings if _is_sure(one, request)]
    return {"findings": sure, "checked": checked, "of": len(nodes), "unfound": sorted(set(unfound))}


def _guarded(tree: ast.Module) -> set[ast.AST]:
    """Imports that stand under a condition or a handler: that they fail is provided for."""
    return {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.Try | ast.TryStar | ast.If | ast.With)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    }


def _is_sure(finding: dict[str, Any], request: dict[str, Any]) -> bool:
    """Whether it holds for the project's Python, too: a newer one may have what ours lacks, unless it is but another spelling of what is there."""
    newer = _minor(request.get("python", "")) > sys.version_info[1]
    return bool(finding["instead"]) or not newer


def _minor(python: str) -> int:
    found = re.fullmatch(r"3\.(\d+)", python)
    return int(found[1]) if found else 0


def _parsed(text: str, around: tuple[int, int] | None) -> ast.Module:
    """The rows around the lines that are asked for, where they parse alone, else all of it."""
    if around is not None:
        begin, end = around
        try:
            return ast.increment_lineno(ast.parse("\n".join(text.split("\n")[begin:end])), begin)
        except SyntaxError:
            pass
    if (tree := syntax.module(text)) is None:
        raise ValueError("it does not parse")
    return tree


def _nodes(tree: ast.AST, first: int, last: int) -> Iterator[_LookedUp]:
    """What begins in lines `first` to `last` and can be looked up. Only what overlaps them is walked: a file has tens of thousands of nodes."""
    stack = [tree]
    while stack:
        node = stack.pop()
        line, end = getattr(node, "lineno", first), getattr(node, "end_lineno", last)
        line = min([line, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
        if line > last or end < first:
            continue
        stack += ast.iter_child_nodes(node)
        if line < first:
            continue
        if _is_looked_up(node):
            yield node


def _is_looked_up(node: ast.AST) -> TypeGuard[_LookedUp]:
    match node:
        case ast.Attribute(ctx=ast.Load(), value=ast.Name() | ast.Attribute()) | ast.Import() | ast.ImportFrom():
            return True
        case ast.Call(func=ast.Name() | ast.Attribute()):
            return bool(node.keywords)
        case _:
            return False


def _attribute(script: Any, node: ast.Attribute, request: dict[str, Any]) -> list[dict[str, Any]]:
    text = request["text"]
    line, end = node.end_lineno or node.lineno, node.end_col_offset or 0
    column = _column(text, line, end) - len(node.attr)
    if script.goto(line, column):
        return []
    receiver_line = node.value.end_lineno or line
    receiver = script.infer(receiver_line, max(_column(text, receiver_line, node.value.end_col_offset or 0) - 1, 0))
    if not receiver or not all(receivers.is_known(one, request) for one in receiver):
        return []
    if any(receivers.is_new_module(one.module_path, node.attr, request) for one in receiver):
        return []
    if receivers.may_be_assigned(receiver, node.attr, request):
        return []
    names = {name.name for name in script.complete(line, column)}
    if not names or node.attr in names or script.infer(line, column):
        return []
    close = difflib.get_close_matches(node.attr, names, n=1, cutoff=SIMILAR)
    what = f"{ast.unparse(node.value)} ({receiver[0].type} {receiver[0].name}) has no {node.attr}"
    return [_finding("attribute", what, line, column, len(node.attr), close)]


def _import(
    script: Any, node: ast.Import | ast.ImportFrom, request: dict[str, Any], unfound: list[str]
) -> list[dict[str, Any]]:
    """Names that modules do not have; modules that are not found are `unfound`."""
    findings = []
    for alias in node.names:
        if alias.name == "*" or alias.lineno is None:
            continue
        if script.infer(alias.lineno, alias.col_offset) or script.goto(alias.lineno, alias.col_offset):
            continue
        if isinstance(node, ast.Import):
            unfound.append(alias.name)
            continue
        column = node.col_offset + len("from ") + len("." * node.level)
        module = script.infer(node.lineno, column + len(node.module or "") - 1) if node.module else []
        if not module:
            if node.level == 0 and node.module and not _could_exist(node.module) and node.module not in unfound:
                unfound.append(node.module)
            continue
        if all(m.type == "module" and receivers.is_known(m, request) for m in module):
            names = {n.name for m in module for n in m.defined_names()}
            close = difflib.get_close_matches(alias.name, names, n=1, cutoff=SIMILAR)
            what = f"{node.module} has no {alias.name}"
            findings.append(_finding("import", what, alias.lineno, alias.col_offset, len(alias.name), close))
    return findings


def _could_exist(module: str) -> bool:
    return not module or module.partition(".")[0] in sys.stdlib_module_names


def _keywords(script: Any, node: ast.Call, request: dict[str, Any]) -> list[dict[str, Any]]:
    if any(k.arg is None for k in node.keywords):
        return []
    line, column = node.func.end_lineno or node.lineno, (node.func.end_col_offset or 0) - 1
    targets = script.infer(line, column)
    signatures = [s for t in targets for s in t.get_signatures()]
    if not signatures or any(t.type not in ("function", "class") for t in targets):
        return []
    if any(t.type == "class" and not receivers.is_known(t, request) for t in targets):
        return []
    if any(p.kind.name == "VAR_KEYWORD" for s in signatures for p in s.params) or not any(s.params for s in signatures):
        return []
    if any(t.module_path is None or t.module_path.suffix == ".pyi" for t in targets):
        return []  # overloads in stubs are seen one at a time
    known = {p.name for s in signatures for p in s.params}
    findings = []
    for keyword in node.keywords:
        if keyword.arg and keyword.arg not in known:
            close = difflib.get_close_matches(keyword.arg, known, n=1, cutoff=SIMILAR)
            what = f"{ast.unparse(node.func)} takes no keyword {keyword.arg}"
            findings.append(_finding("keyword", what, keyword.lineno, keyword.col_offset, len(keyword.arg), close))
    return findings


def _finding(kind: str, what: str, line: int, column: int, length: int, close: list[str]) -> dict[str, Any]:
    return {"kind": kind, "what": what, "line": line, "column": column, "length": length, "instead": "".join(close)}


def _column(text: str, line: int, byte_column: int) -> int:
    """ast counts UTF-8 bytes, jedi code points."""
    source = text.split("\n")[line - 1]
    return byte_column if source.isascii() else len(source.encode()[:byte_column].decode("utf-8", "ignore"))


if __name__ == "__main__":
    main()
