"""Names that a change takes away, with those that still use them; calls that do not fit a signature any more. Pure."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from .. import syntax
from .compared import Compared, Finding, Function, dotted
from .mocked import _imported, _modules, _split

USES = 3  # that a sentence names
_TEXTS = (".toml", ".cfg", ".ini", ".yaml", ".yml", ".json", ".py", ".pyi")
# Attributes that objects of others have, too.
_COMMON = frozenset(
    name
    for kind in (str, bytes, list, dict, set, int, float, tuple, object, type, Exception, property)
    for name in dir(kind)
) | frozenset(
    "name id value values data text key path url type status code size width height start end close open read write run send connect load save parse render result message args kwargs config logger request response user client session db title".split()
)


@dataclass(frozen=True, slots=True)
class Gone:
    """A name that a file defines no more: at the top of its module, or a member ("Cart.total")."""

    file: str
    name: str
    line: int


def of(change: Compared) -> Iterator[Finding]:
    """What a change leaves behind that uses what it took away, or calls it as it was."""
    modules = _modules({**change.before, **change.after})
    for name in (one for one in change.changed if one.endswith((".py", ".pyi")) and not change.is_test(one)):
        yield from _moved_file(change, name, modules)
        for one in _gone(change, name):
            uses = list(_uses(change, one, modules))
            if uses:
                told = ", ".join(f"{file}:{line}" for file, line in uses[:USES])
                rest = f" and {len(uses) - USES} more" if len(uses) > USES else ""
                file, line = uses[0]
                yield Finding("half-rename", file, line, f"`{one.name}` of {one.file} is gone, and is still used: {told}{rest}.")  # fmt: skip
        yield from _calls(change, name, modules)


def _moved_file(change: Compared, name: str, modules: Mapping[str, str]) -> Iterator[Finding]:
    """A module that is gone, and still imported."""
    if name not in change.before or name in change.after:
        return
    left = set(_modules(change.after))
    own = [one for one, file in modules.items() if file == name and one not in left]
    for file, text in change.after.items():
        if not file.endswith(".py"):
            continue
        is_beside = file.rpartition("/")[0] == name.rpartition("/")[0]
        telling = [one for one in own if "." in one or is_beside or "/" not in name]
        bound = _imported(file, text).values()
        if any(meant == one or meant.startswith(f"{one}.") for meant in bound for one in telling):
            line = _line_of(text, PurePosixPath(name).stem)
            yield Finding("half-rename", file, line, f"{name} is gone, and {file} still imports it.")


def _gone(change: Compared, name: str) -> Iterator[Gone]:
    """The names that a file defined before, and nobody does under that name now."""
    before, after = change.before.get(name, ""), change.after.get(name, "")
    if name not in change.after:
        return
    old, new = _names(before), _names(after)
    for one, line in old.items():
        if one not in new:
            yield Gone(name, one, line)


def _names(text: str) -> dict[str, int]:
    """What a module binds at its top, by imports too, and the members of its classes, their attributes among them, with their lines."""
    tree = syntax.module(text)
    found: dict[str, int] = {}
    if tree is None:
        return found

    def add(name: str, node: ast.AST) -> None:
        found.setdefault(name, int(getattr(node, "lineno", 1)))

    left: list[ast.stmt] = list(tree.body)
    while left:
        node = left.pop(0)
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                add(name, node)
            case ast.ClassDef(name=name, body=body):
                add(name, node)
                for one in body:
                    for member in _targets(one):
                        add(f"{name}.{member}", one)
                for inner in ast.walk(node):
                    match inner:
                        case ast.Attribute(value=ast.Name(id="self"), attr=attr, ctx=ast.Store()):
                            add(f"{name}.{attr}", inner)
            case ast.If(body=body, orelse=orelse):
                left += [*body, *orelse]
            case ast.Try(body=body, handlers=handlers, orelse=orelse):
                left += [*body, *(one for handler in handlers for one in handler.body), *orelse]
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                for alias in names:
                    add((alias.asname or alias.name).partition(".")[0], node)
            case _:
                for member in _targets(node):
                    add(member, node)
    return found


def _targets(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            yield from (one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name


def _uses(change: Compared, one: Gone, modules: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """Where it is still used."""
    owner, _, last = one.name.rpartition(".")
    own_names = [name for name, file in modules.items() if file == one.file]
    if owner:
        yield from _member_uses(change, one, owner, last)
        return
    text = change.after[one.file]
    yield from ((one.file, line) for line in _loads(text, last))
    for file, other in change.after.items():
        if last not in other or not file.endswith(_TEXTS) or (file == one.file and file.endswith(".py")):
            continue
        if not file.endswith((".py", ".pyi")):
            yield from ((file, line) for line in _strings(other, own_names, last))
            continue
        for bound, meant in _imported(file, other).items():
            module, what = _split(modules, meant)
            if module and modules[module] == one.file and what == last and file != one.file:
                yield file, _line_of(other, last)
            elif (meant in modules and modules[meant] == one.file) or (module and f"{module}.{what}" in modules and modules[f"{module}.{what}"] == one.file):  # fmt: skip
                yield from ((file, line) for line in _attributes(other, bound, last))
        yield from ((file, line) for line in _strings(other, own_names, last))


def _loads(text: str, name: str) -> Iterator[int]:
    """Lines of a module that read a name that nothing in it binds, `__all__` among them."""
    tree = syntax.module(text)
    if tree is None or any(isinstance(one, ast.ImportFrom) and any(alias.name == "*" for alias in one.names) for one in ast.walk(tree)):  # fmt: skip
        return
    if hasattr(builtins, name):
        return
    stored = {one.id for one in ast.walk(tree) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)} | {one.arg for one in ast.walk(tree) if isinstance(one, ast.arg)}  # fmt: skip
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=found, ctx=ast.Load()) if found == name and name not in stored:
                yield node.lineno
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                for inner in ast.walk(value):
                    if isinstance(inner, ast.Constant) and inner.value == name:
                        yield inner.lineno


def _attributes(text: str, bound: str, name: str) -> Iterator[int]:
    tree = syntax.module(text)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Attribute) and node.attr == name and dotted(node.value) == bound:
            yield node.lineno


def _strings(text: str, modules: list[str], name: str) -> Iterator[int]:
    """Lines with the dotted name in a text: of an entry point, of a patch."""
    for module in modules:
        if len(module) < 3 or name not in text:
            continue
        pattern = re.compile(rf"[\"'\s=]{re.escape(module)}[.:]{re.escape(name)}(?![\w])")
        for number, row in enumerate(text.split("\n"), 1):
            if pattern.search(row) and not row.lstrip().startswith(("#", "from ", "import ")):
                yield number


def _line_of(text: str, name: str) -> int:
    pattern = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    return next((number for number, row in enumerate(text.split("\n"), 1) if pattern.search(row)), 1)


def _member_uses(change: Compared, one: Gone, owner: str, last: str) -> Iterator[tuple[str, int]]:
    """Attributes of that name where no class of the project has one of it any more, nor anything of others is likely to."""
    if last in _COMMON or last.startswith("__"):
        return
    for text in change.after.values():
        if last in text and _defines(text, last):
            return
    for file, text in change.after.items():
        if last not in text or not file.endswith(".py"):
            continue
        tree = syntax.module(text)
        for node in ast.walk(tree) if tree is not None else ():
            match node:
                case ast.Attribute(attr=attr, ctx=ast.Load()) if attr == last and _is_instance(node.value, owner, text):
                    yield file, node.lineno
                case ast.Call(func=ast.Name(id="getattr"), args=[of, ast.Constant(value=value)]) if value == last and _is_instance(of, owner, text):  # fmt: skip
                    yield file, node.lineno
                case ast.Call(func=func, keywords=keywords) if dotted(func).rpartition(".")[2] == owner:
                    if any(word.arg == last for word in keywords):
                        yield file, node.lineno


def _is_instance(node: ast.expr, owner: str, text: str) -> bool:
    """Whether what stands before a dot is an instance of the class `owner`, or it, as far as the text says: `self` in it or below it, what is made by it, or hinted or called so."""
    last = owner.rpartition(".")[2]
    if isinstance(node, ast.Call):
        return dotted(node.func).rpartition(".")[2] == last
    name = dotted(node)
    if not name:
        return False
    if name in ("self", "cls"):
        return re.search(rf"^[ \t]*class \w+\([^)\n]*\b{last}\b|^[ \t]*class {last}\b", text, re.MULTILINE) is not None
    own = name.rpartition(".")[2]
    if own == last or own.strip("_").lower() == re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", last).lower():
        return True
    told = rf"\b{re.escape(own)}\s*(?::[^=\n,)]*\b{last}\b|(?::[^=\n]*)?=\s*(?:\w+\.)*{last}\()|\bdef {re.escape(own)}\([^)]*\)[^:\n]*:(?:.|\n){{0,300}}?\b{last}\("
    return re.search(told, text) is not None


def _defines(text: str, name: str) -> bool:
    tree = syntax.module(text)
    for node in ast.walk(tree) if tree is not None else ():
        match node:
            case ast.FunctionDef(name=found) | ast.AsyncFunctionDef(name=found) if found == name:
                return True
            case ast.Attribute(attr=found, ctx=ast.Store()) if found == name:
                return True
            case ast.ClassDef(body=body) if any(name in _targets(one) for one in body):
                return True
    return False


def _calls(change: Compared, name: str, modules: Mapping[str, str]) -> Iterator[Finding]:
    """Calls that a signature took before, and does not take any more."""
    old, new = change.old(name), change.new(name)
    both = {path: (old[path], now) for path, now in new.items() if path in old and ast.dump(old[path].args) != ast.dump(now.args) and _is_plain(now) and _is_plain(old[path])}  # fmt: skip
    only = {path for path in both if "." in path and _count(change, path.rpartition(".")[2]) == 1}
    for file, text in change.after.items():
        named = [path for path in both if path.rpartition(".")[2] in text or path.partition(".")[0] in text]
        if not named or not file.endswith(".py") or (tree := syntax.module(text)) is None:
            continue  # one tree a file: a class of forty methods is called in many
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        for path in named:
            was, now = both[path]
            for call in _meant(calls, _File(file, text, name), path, modules, is_only=path in only):
                is_member = "." in path and not _is_static(now)
                if not _fits(now, call, is_member=is_member) and _fits(was, call, is_member=is_member):
                    yield Finding("broken-caller", file, call.lineno, f"`{' '.join(ast.unparse(call).split())[:70]}` does not fit `{path}` any more: it takes ({ast.unparse(now.args)}).")  # fmt: skip


def _is_plain(node: Function) -> bool:
    names = {dotted(one.func if isinstance(one, ast.Call) else one).rpartition(".")[2] for one in node.decorator_list}
    return names <= {"staticmethod", "classmethod", "cache", "lru_cache", "override", "final", "abstractmethod"}


def _is_static(node: Function) -> bool:
    return any(dotted(one) == "staticmethod" for one in node.decorator_list)


@dataclass(frozen=True, slots=True)
class _File:
    """A file with its text, and the one in which a function is at `home`."""

    name: str
    text: str
    home: str


def _meant(
    calls: Sequence[ast.Call], of: _File, path: str, modules: Mapping[str, str], *, is_only: bool
) -> Iterator[ast.Call]:
    """The calls in a file that mean this function, as far as names say so; `is_only`: no other has its name."""
    file, text, home = of.name, of.text, of.home
    owner, _, last = path.rpartition(".")
    bound = _imported(file, text)
    of_class = path.rpartition(".")[0] if last == "__init__" else ""
    for node in calls:
        name = dotted(node.func)
        head, _, rest = name.partition(".")
        wanted = of_class or path
        if file == home and name == wanted:
            yield node
        elif head in bound and file != home:
            module, what = _split(modules, f"{bound[head]}.{rest}" if rest else bound[head])
            if module and modules[module] == home and what == wanted:
                yield node
        elif owner and not of_class and is_only and isinstance(node.func, ast.Attribute) and node.func.attr == last and _is_instance(node.func.value, owner, text):  # fmt: skip
            yield node


def _count(change: Compared, name: str) -> int:
    """How many functions of a project have a name."""
    head = re.compile(rf"^[ \t]*(?:async[ \t]+)?def[ \t]+{re.escape(name)}\b", re.M)
    return sum(len(head.findall(text)) for file, text in change.after.items() if file.endswith(".py") and name in text)


def _fits(node: Function, call: ast.Call, *, is_member: bool) -> bool:
    """Whether a call can be made; one with stars can."""
    if any(isinstance(one, ast.Starred) for one in call.args) or any(one.arg is None for one in call.keywords):
        return True
    args = node.args
    plain = [*args.posonlyargs, *args.args][is_member:]
    given = {one.arg for one in call.keywords}
    by_place = {one.arg for one in plain[: len(call.args)]}
    if len(call.args) > len(plain) and args.vararg is None:
        return False
    known = {one.arg for one in (*args.args, *args.kwonlyargs)}
    if args.kwarg is None and not given <= known:
        return False
    if given & by_place:
        return False
    needed = [one.arg for one in plain[: max(0, len(plain) - len(args.defaults))]]
    needed += [one.arg for one, default in zip(args.kwonlyargs, args.kw_defaults, strict=True) if default is None]
    return all(one in by_place or one in given for one in needed)
