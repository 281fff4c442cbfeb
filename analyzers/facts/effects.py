"""What a function changes besides giving something back: its object, its arguments, the module, the world outside."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from . import bound, flow


@dataclass(frozen=True, slots=True)
class Effects:
    """`attributes` of self that it sets; `arguments` that it changes in place; `globals` of the module that it sets or changes; `outside`: what it does with
    the machine, in words, each with the call that shows it. `uncaught_calls`: dotted names of what it calls with no handler around."""

    attributes: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    globals: tuple[str, ...] = ()
    outside: tuple[tuple[str, str], ...] = ()
    uncaught_calls: tuple[str, ...] = ()


def of(
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    nodes: Sequence[ast.AST],
    parameters: set[str],
    own: frozenset[str],
) -> Effects:
    """Effects of the function's own `nodes`; `own` are its local names."""
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del)}
    declared = {name for node in nodes if isinstance(node, ast.Global) for name in node.names}
    outer = {name for node in nodes if isinstance(node, ast.Nonlocal) for name in node.names}
    local = own | bound.arguments(function.args) | outer
    first = next(iter([*function.args.posonlyargs, *function.args.args]), None)
    itself = first.arg if first is not None and first.arg == "self" and "self" not in stored else ""
    attributes, arguments, changed = dict[str, None](), dict[str, None](), dict[str, None]()
    for target in _changed(nodes):
        match target:
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if name == itself and itself:
                attributes[attr] = None
            case ast.Attribute(value=ast.Name(id=name)) | ast.Subscript(value=ast.Name(id=name)) | ast.Name(id=name):
                if name in parameters and name not in stored:
                    arguments[name] = None
                elif name not in local and name != itself and isinstance(target, ast.Subscript):
                    changed[name] = (
                        None  # of a method nobody knows here whether it changes a module's name: it may be a module
                    )
    set_globals = [name for name in declared if name in stored]
    return Effects(
        tuple(attributes),
        tuple(arguments),
        tuple(dict.fromkeys([*sorted(set_globals), *changed])),
        tuple(_outside(nodes, local)),
        tuple(
            dict.fromkeys(
                ast.unparse(one.func)
                for one in flow.uncaught(function)
                if _is_plain(one.func, own | bound.arguments(function.args) - {"self", "cls"})
            )
        ),
    )


_CHANGING = frozenset(
    "append extend insert remove pop clear sort reverse add discard update setdefault popitem appendleft popleft".split()
)


def _changed(nodes: Sequence[ast.AST]) -> Iterator[ast.expr]:
    """What is assigned to or deleted below a name, and the names whose method changes them in place."""
    for node in nodes:
        match node:
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                yield node
            case ast.Call(func=ast.Attribute(value=ast.Name() as of, attr=attr)) if attr in _CHANGING:
                yield of


def _is_plain(func: ast.expr, own: frozenset[str]) -> bool:
    named = func.value if isinstance(func, ast.Attribute) else func
    return isinstance(named, ast.Name) and named.id not in own


_WORDS = {
    "open": "opens a file", "print": "prints", "input": "asks on the terminal", "exec": "runs code from a text", "eval": "evaluates a text as code",
    "breakpoint": "stops for a debugger",
}  # fmt: skip
_MODULES = {
    "subprocess": "starts processes", "urllib.request": "uses the network", "requests": "uses the network", "httpx": "uses the network", "smtplib": "uses the network", "ftplib": "uses the network",
    "random": "draws random values",
}  # fmt: skip
_CALLS = {
    "os.remove": "deletes a file", "os.unlink": "deletes a file", "os.rename": "renames a file", "os.replace": "renames a file", "os.mkdir": "makes a folder",
    "os.makedirs": "makes a folder", "os.rmdir": "deletes a folder", "os.listdir": "reads a folder", "os.scandir": "reads a folder", "os.walk": "reads folders", "os.stat": "looks at a file",
    "os.system": "starts a process", "os.fork": "starts a process", "os.kill": "sends a signal", "os.getenv": "reads the environment", "os.putenv": "changes the environment",
    "os.environ.get": "reads the environment", "os.urandom": "draws random values", "os.open": "opens a file", "os.chmod": "changes a file's rights", "os.chdir": "changes the current folder",
    "os.path.exists": "looks at a file", "os.path.isfile": "looks at a file", "os.path.isdir": "looks at a folder", "os.path.getsize": "looks at a file",
    "time.time": "reads the clock", "time.monotonic": "reads the clock", "time.perf_counter": "reads the clock", "time.sleep": "waits", "datetime.now": "reads the clock",
    "datetime.datetime.now": "reads the clock", "datetime.utcnow": "reads the clock", "date.today": "reads the clock", "datetime.date.today": "reads the clock",
    "sys.exit": "ends the program", "os._exit": "ends the program", "sys.stdout.write": "prints", "sys.stderr.write": "prints to standard error", "sys.stdin.read": "reads standard input",
    "asyncio.sleep": "waits", "socket.create_connection": "uses the network", "socket.socket": "uses the network", "sqlite3.connect": "uses a database", "shutil.copy": "copies files",
    "shutil.copyfile": "copies files", "shutil.copytree": "copies files", "shutil.move": "moves files", "shutil.rmtree": "deletes a folder", "tempfile.mkstemp": "makes a temporary file",
    "tempfile.mkdtemp": "makes a temporary folder", "tempfile.NamedTemporaryFile": "makes a temporary file", "tempfile.TemporaryDirectory": "makes a temporary folder",
    "secrets.token_hex": "draws random values", "secrets.token_bytes": "draws random values", "secrets.token_urlsafe": "draws random values", "secrets.choice": "draws random values",
    "warnings.warn": "warns", **{f"logging.{level}": "writes to the log" for level in ("debug", "info", "warning", "error", "critical", "exception", "log")},
}  # fmt: skip
_HARMLESS = frozenset(("random.Random", "random.SystemRandom", "subprocess.list2cmdline", "httpx.URL"))


def _outside(nodes: Sequence[ast.AST], local: Set[str]) -> Iterator[tuple[str, str]]:
    told: set[str] = set()
    for node in nodes:
        name = bound.dotted(node.func) if isinstance(node, ast.Call) else ""
        if not name or name.partition(".")[0] in local or name in _HARMLESS:
            continue
        words = _WORDS.get(name) or _CALLS.get(name) or _MODULES.get(name.rpartition(".")[0], "")
        if words and words not in told:
            told.add(words)
            yield words, name
