"""Mocks that stand in for the very thing that is tested, or for something that nobody uses. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from .. import homes, reach, syntax
from ..memo import MIB, remembered
from .compared import Compared, Finding, Function, dotted

_PATCH = ("patch", "mock.patch", "mocker.patch", "unittest.mock.patch")
_OBJECT = ("patch.object", "mock.patch.object", "mocker.patch.object", "unittest.mock.patch.object")


def of(change: Compared) -> Iterator[Finding]:
    """Mocks of a change's tests that prove nothing of it."""
    modules = _modules(change.after)
    for name in change.files(tests=True):
        text, old = change.after.get(name, ""), change.old(name)
        bound = _imported(name, text)
        for path, now in change.new(name).items():
            was = old.get(path)
            known = {target for target, _ in _targets(was, bound)} if was is not None else set()
            for target, node in _targets(now, bound):
                if target not in known and (told := _useless(change, modules, bound, target, now)):
                    yield Finding("mock", name, getattr(node, "lineno", now.lineno), f"`{path}` {told}")


def _modules(files: Mapping[str, str]) -> dict[str, str]:
    """The project's files by the dotted names of their modules."""
    found: dict[str, str] = {}
    for file in sorted(files, key=len, reverse=True):
        if file.endswith(".py"):
            for name in reach.module_names(file):
                found[name] = file
    return found


@remembered(MIB)
def _imported(file: str, text: str) -> dict[str, str]:
    """The names that imports anywhere in a file bind, with what they mean."""
    tree = syntax.module(text)
    package = list(PurePosixPath(file).parent.parts)
    found: dict[str, str] = {}
    for node in ast.walk(tree) if tree is not None else ():
        match node:
            case ast.Import(names=names):
                for one in names:
                    found[one.asname or one.name.partition(".")[0]] = (
                        one.name if one.asname else one.name.partition(".")[0]
                    )
            case ast.ImportFrom(module=module, names=names, level=level):
                base = package[: len(package) - level + 1] if level else []
                whole = ".".join([*base, *([module] if module else [])])
                for one in names:
                    found[one.asname or one.name] = f"{whole}.{one.name}"
    return found


def _targets(node: Function, bound: Mapping[str, str]) -> Iterator[tuple[str, ast.Call]]:
    """What a test replaces, by dotted name."""
    for one in ast.walk(node):
        if not isinstance(one, ast.Call):
            continue
        name = dotted(one.func)
        match one.args:
            case [ast.Constant(value=str(target)), *_] if name in _PATCH or name.endswith("monkeypatch.setattr"):
                if "." in target:
                    yield target, one
            case [holder, ast.Constant(value=str(attribute)), *_] if name in _OBJECT or name.endswith("monkeypatch.setattr"):  # fmt: skip
                head, dot, rest = dotted(holder).partition(".")
                if head:
                    yield f"{bound.get(head, head)}{dot}{rest}.{attribute}", one


def _useless(change: Compared, modules: Mapping[str, str], bound: Mapping[str, str], target: str, test: Function) -> str:  # fmt: skip
    """Why a replacement proves nothing; "" where it may."""
    module, attribute = _split(modules, target)
    if not module:
        return ""
    file = modules[module]
    called = {(dotted(one.func) or "") for one in ast.walk(test) if isinstance(one, ast.Call)}
    used = {_meant(one, bound) for one in called if one}
    first = attribute.partition(".")[0]
    if f"{module}.{attribute}" in used or any(_same(modules, one, file, attribute) for one in used):
        return f"replaces `{target}`, which is what it calls."
    if "." in attribute:
        return ""
    if first not in homes.bound(change.after.get(file, "")) and first not in _imported(file, change.after.get(file, "")):  # fmt: skip
        return f"replaces `{target}`, and there is no `{first}` in {file}."
    changed = {path for name in change.files(tests=False) for path, node in change.new(name).items() if name == file and (path not in change.old(name) or ast.dump(change.old(name)[path]) != ast.dump(node))}  # fmt: skip
    if attribute in changed:
        return f"replaces `{target}`, which the change is about."
    # Who has it by its own name looks there, and not where it is defined.
    for user in _users(modules, used, bound):
        own = _imported(user, change.after.get(user, ""))
        for name, meant in own.items():
            at, what = _split(modules, meant)
            if user != file and at and modules[at] == file and what == first and not _is_used_by_module(change.after.get(user, ""), module, first):  # fmt: skip
                dotted_user = _dotted(user, modules)
                return (
                    f"replaces `{target}`, but {user} has it by its own name: `{dotted_user}.{name}` is what it uses."
                )
    return ""


def _dotted(file: str, modules: Mapping[str, str]) -> str:
    names = [name for name, one in modules.items() if one == file]
    usual = [name for name in names if not name.startswith(("src.", "lib."))]
    return max(usual or names, key=len)


def _is_used_by_module(text: str, module: str, name: str) -> bool:
    """Whether a text also uses it through its module."""
    return f"{module.rpartition('.')[2]}.{name}" in text


def _split(modules: Mapping[str, str], target: str) -> tuple[str, str]:
    """A dotted name as a module of the project and what is in it; "" for another one's."""
    parts = target.split(".")
    for end in range(len(parts) - 1, 0, -1):
        if ".".join(parts[:end]) in modules:
            return ".".join(parts[:end]), ".".join(parts[end:])
    return "", ""


def _meant(name: str, bound: Mapping[str, str]) -> str:
    head, dot, rest = name.partition(".")
    return f"{bound.get(head, head)}{dot}{rest}"


def _same(modules: Mapping[str, str], name: str, file: str, attribute: str) -> bool:
    module, what = _split(modules, name)
    return bool(module) and modules[module] == file and what == attribute


def _users(modules: Mapping[str, str], used: set[str], bound: Mapping[str, str]) -> set[str]:
    """The project's files that a test calls something of."""
    found = set()
    for name in {*used, *bound.values()}:
        module, _ = _split(modules, name)
        if module:
            found.add(modules[module])
        elif name in modules:
            found.add(modules[name])
    return found
