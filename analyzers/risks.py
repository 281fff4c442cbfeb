"""What code reaches for that somebody should look at before it runs: evaluated text, shells and processes, pickles, the network, SQL put together from strings, and characters that nobody sees.

By the tree and by what imports bind, so that another name for the same thing is the same thing. What is put together at run time (`getattr(os, name)`) is a risk by itself, for nobody can tell what it is. That nothing is found proves nothing; the container is the fence.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from . import syntax


@dataclass(frozen=True, slots=True)
class Risk:
    """What it is, in a few words ("calls `eval`"), and its line, from 1."""

    what: str
    line: int


# By the dotted name of what is used: what that is. A module stands for all that it has.
_NAMES: Mapping[str, str] = {
    **dict.fromkeys(("eval", "exec", "compile", "builtins.eval", "builtins.exec", "builtins.compile", "code.interact", "timeit.timeit", "timeit.repeat", "runpy.run_path", "runpy.run_module"), "runs text as code"),
    **dict.fromkeys(("__import__", "builtins.__import__", "importlib.import_module", "importlib.util.spec_from_file_location", "imp.load_source"), "imports what a text names"),
    **dict.fromkeys(("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "commands.getoutput", "pty.spawn", "asyncio.create_subprocess_shell"), "starts a shell"),
    **dict.fromkeys(("subprocess", "asyncio.create_subprocess_exec", "asyncio.subprocess", "multiprocessing.popen_spawn_posix", "pexpect", "sh", "plumbum", "os.posix_spawn", "os.posix_spawnp", "os.startfile", "os.fork", "os.forkpty"), "starts a process"),
    **dict.fromkeys(("pickle.load", "pickle.loads", "pickle.Unpickler", "_pickle", "cPickle", "dill", "cloudpickle", "marshal.load", "marshal.loads", "shelve.open", "joblib.load", "jsonpickle", "torch.load", "pandas.read_pickle", "numpy.lib.format"), "makes objects of stored bytes"),
    **dict.fromkeys(("yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.full_load", "ruamel.yaml.load"), "makes objects of stored text"),
    **dict.fromkeys(("socket", "ssl.get_server_certificate", "ssl.wrap_socket", "urllib.request", "urllib2", "http.client", "httplib", "requests", "httpx", "aiohttp", "urllib3", "ftplib", "smtplib", "poplib", "imaplib", "telnetlib", "nntplib", "xmlrpc.client", "paramiko", "websockets", "websocket", "boto3", "pycurl", "socketserver", "http.server",
                     "asyncio.open_connection", "asyncio.start_server", "asyncio.open_unix_connection", "webbrowser"), "uses the network"),
    **dict.fromkeys(("ctypes", "cffi", "mmap.mmap"), "reaches around Python"),
    **dict.fromkeys(("os.execv", "os.execve", "os.execl", "os.execle", "os.execlp", "os.execlpe", "os.execvp", "os.execvpe", "os.spawnl", "os.spawnle", "os.spawnlp", "os.spawnlpe", "os.spawnv", "os.spawnve", "os.spawnvp", "os.spawnvpe"), "starts a process"),
}  # fmt: skip
_MODULES = frozenset(name.partition(".")[0] for name in _NAMES) - {"eval", "exec", "compile", "__import__"}
# Attributes by which code gets at what it was not given.
_INNER = frozenset(
    "__subclasses__ __globals__ __builtins__ __code__ __closure__ __bases__ __mro__ gi_frame f_globals f_builtins f_locals tb_frame cr_frame __loader__ __import__ __reduce__ __reduce_ex__".split()
)
_SQL = re.compile(r"\s*(?:select\b.*\bfrom|insert\s+into|update\b.*\bset|delete\s+from|drop\s+(?:table|database)|create\s+(?:table|view)|alter\s+table|replace\s+into|union\s+select|exec(?:ute)?\s)\b", re.IGNORECASE | re.DOTALL)  # fmt: skip
# Written from right to left, hidden, or no character at all: what is read is not what is there (CVE-2021-42574).
_UNSEEN = re.compile(
    "[\u202a-\u202e\u2066-\u2069\u200b-\u200f\u2060-\u2064\u061c\u180e\ufeff\U000e0000-\U000e007f\u00ad\u115f\u1160\u3164\uffa0]"
)


# What stands in every line that has one, so that others need not be parsed.
_SIGNS = re.compile(
    rf"\b(?:{'|'.join(sorted({part for name in _NAMES for part in name.split('.')} | {'shell', 'getattr', 'vars', 'globals', 'locals', 'modules', 'import'}, key=len, reverse=True))})\b|__|\b(?:select|insert|update|delete|drop|create|alter|replace|union)\b|{_UNSEEN.pattern}",
    re.IGNORECASE,
)


def may_have(text: str) -> bool:
    """Whether it is worth a look: some word of one stands in it."""
    return _SIGNS.search(text) is not None


def of_text(text: str, first: int = 1, last: int | None = None) -> tuple[Risk, ...]:
    """The risks in lines `first` to `last` (from 1; None: the last one) of a module, each kind once; those of characters alone where it does not parse."""
    rows = text.split("\n")
    last = len(rows) if last is None else last
    found = [Risk("has characters that are not seen", at) for at in range(first, min(last, len(rows)) + 1) if _UNSEEN.search(rows[at - 1])]  # fmt: skip
    tree = syntax.module(text)
    if tree is not None:
        try:
            found += [one for one in _of_tree(tree) if first <= one.line <= last]
        except RecursionError:  # hundreds of operators in one
            found.append(Risk("is too deep to be looked at", first))
    once: dict[str, Risk] = {}
    for one in sorted(found, key=lambda one: one.line):
        once.setdefault(one.what, one)
    return tuple(once.values())


def new(before: str, after: str, first: int, last: int) -> tuple[Risk, ...]:
    """Those in lines of the text after a change that the text before does not have anywhere."""
    known = {one.what for one in of_text(before)} if (found := of_text(after, first, last)) else set()
    return tuple(one for one in found if one.what not in known)


def _of_tree(tree: ast.Module) -> Iterator[Risk]:
    bound, named = _bound(tree), _annotated(tree)
    for node in ast.walk(tree):
        if id(node) in named:
            continue
        line = getattr(node, "lineno", 0)
        match node:
            case ast.ImportFrom(module=str(module), names=[ast.alias(name="*")]) if _kind(module) or module in _MODULES:
                yield Risk(f"imports all of `{module}`", line)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                for one in names:
                    if kind := _kind(f"{module}.{one.name}"):
                        yield Risk(f"{kind} (`{module}.{one.name}`)", line)
            case ast.Attribute(attr=attr) if attr in _INNER:
                yield Risk(f"reaches for `{attr}`", line)
            case ast.Attribute() | ast.Name(ctx=ast.Load()):
                name = _dotted(node, bound)
                if kind := _kind(name):
                    yield Risk(f"{kind} (`{name}`)", line)
            case ast.JoinedStr() | ast.BinOp() if _is_put_together(node):
                yield Risk("puts SQL together from strings", line)
            case ast.Call():
                if _is_put_together(node):
                    yield Risk("puts SQL together from strings", line)
                yield from _of_call(node, bound, line)
            case ast.Subscript(value=ast.Call(func=ast.Name(id="globals" | "locals" | "vars"))):
                yield Risk("takes names out of a namespace", line)
            case ast.Subscript(value=ast.Attribute(attr="__dict__") | ast.Name(id="__builtins__")):
                yield Risk("takes names out of a namespace", line)
            case ast.Subscript(value=ast.Attribute(attr="modules", value=ast.Name(id=name))) if (
                bound.get(name) == "sys"
            ):
                yield Risk("takes modules out of `sys.modules`", line)


def _annotated(tree: ast.Module) -> frozenset[int]:
    """The names in annotations by their ids: they are read and used for nothing, where they are not called there."""
    found: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.arg(annotation=ast.expr() as said) | ast.AnnAssign(annotation=said):
                pass
            case ast.FunctionDef(returns=ast.expr() as said) | ast.AsyncFunctionDef(returns=ast.expr() as said):
                pass
            case _:
                continue
        inner = list(ast.walk(said))
        if not any(isinstance(one, ast.Call) for one in inner):
            found |= {id(one) for one in inner}
    return frozenset(found)


def _of_call(node: ast.Call, bound: Mapping[str, str], line: int) -> Iterator[Risk]:
    match node:
        case ast.Call(func=ast.Name(id="getattr" | "setattr"), args=[of, what, *_]):
            is_literal = isinstance(what, ast.Constant)
            name = _dotted(of, bound)
            told = f"{name}.{what.value}" if isinstance(what, ast.Constant) and isinstance(what.value, str) else ""
            is_module = name.partition(".")[0] in _MODULES | {"builtins", "os", "importlib", "sys"} and name in {
                *bound.values()
            }
            if told and (kind := _kind(told)):
                yield Risk(f"{kind} (`{told}`)", line)
            elif (is_module and not is_literal) or name == "__builtins__" or (is_literal and str(what.value) in _INNER):  # type: ignore[attr-defined]
                yield Risk("takes what a text names out of a module", line)
        case ast.Call(func=ast.Name(id="vars"), args=[of]) if _dotted(of, bound).partition(".")[0] in _MODULES:
            yield Risk("takes names out of a namespace", line)
        case ast.Call(keywords=keywords) if any(one.arg == "shell" and not _is_false(one.value) for one in keywords):
            yield Risk("starts a shell", line)


def _bound(tree: ast.Module) -> dict[str, str]:
    """By name what imports, and assignments of them to another name, bind it to: a dotted name."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                for one in names:
                    found[one.asname or one.name.partition(".")[0]] = one.name if one.asname else one.name.partition(".")[0]  # fmt: skip
            case ast.ImportFrom(module=str(module), names=names, level=0):
                for one in names:
                    found[one.asname or one.name] = f"{module}.{one.name}"
    for node in ast.walk(tree):
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Name() | ast.Attribute() as value)
                | ast.NamedExpr(target=ast.Name(id=name), value=ast.Name() | ast.Attribute() as value)
            ):
                dotted = _dotted(value, found)
                if dotted.partition(".")[0] in _MODULES:
                    found.setdefault(name, dotted)
    return found


def _dotted(node: ast.AST, bound: Mapping[str, str]) -> str:
    """The dotted name of an expression by what is bound, "" where it has none."""
    match node:
        case ast.Name(id=name):
            return bound.get(name, name if name in _NAMES or name == "__builtins__" else "")
        case ast.Attribute(value=value, attr=attr):
            head = _dotted(value, bound)
            return f"{head}.{attr}" if head else ""
    return ""


def _kind(name: str) -> str:
    """What a dotted name is, or the longest beginning of it that is known."""
    parts = name.split(".") if name else []
    for end in range(len(parts), 0, -1):
        if (kind := _NAMES.get(".".join(parts[:end]))) is not None:
            return kind
    return ""


def _is_put_together(node: ast.expr) -> bool:
    """Whether a text is made of SQL and of something else."""
    match node:
        case ast.JoinedStr(values=values):
            told = "".join(str(one.value) for one in values if isinstance(one, ast.Constant))
            return any(isinstance(one, ast.FormattedValue) for one in values) and bool(_SQL.match(told))
        case ast.BinOp(left=left, op=ast.Add() | ast.Mod()):
            return bool(_SQL.match(_leading(left)))
        case ast.Call(func=ast.Attribute(value=value, attr="format" | "join" | "replace")):
            return bool(_SQL.match(_leading(value))) or any(_SQL.match(_leading(one)) for one in node.args)
    return False


def _leading(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.BinOp(left=left):
            return _leading(left)
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
            return text
        case ast.List(elts=[first, *_]) | ast.Tuple(elts=[first, *_]):
            return _leading(first)
    return ""


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not node.value


def told(found: tuple[Risk, ...]) -> str:
    """All of them in one line."""
    return "; ".join(f"{one.what}, line {one.line}" for one in found)
