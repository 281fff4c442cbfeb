"""Does a change touch the test harness? Then a green run proves nothing, and the verdict says so.

Meant for careless tricks, not for a determined author: what code can do to the process that judges it is endless.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator
from pathlib import PurePosixPath


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


HARNESS_FILES = _words(
    "conftest.py pytest.ini tox.ini setup.cfg pyproject.toml sitecustomize.py usercustomize.py noxfile.py setup.py"
)
MODULES = _words(
    "pytest _pytest pluggy gc inspect ctypes atexit builtins faulthandler signal importlib runpy imp pkgutil code "
    "unittest doctest ptrace multiprocessing _thread pdb bdb trace tracemalloc site sitecustomize mmap fcntl resource"
)
NAMES = _words("__assay_probe__ exec eval compile __import__ __builtins__ breakpoint globals vars exit quit")
# Telling wherever they stand, and telling only on `os` and `sys`, where the same word is common elsewhere.
ATTRIBUTES = _words(
    "_exit _getframe _current_frames settrace setprofile gettrace meta_path path_hooks killpg dup dup2 closerange forkpty "
    "execv execve execvp execl spawnv posix_spawn set_trace f_back f_globals f_locals f_builtins f_code gi_frame cr_frame "
    "tb_frame __globals__ __builtins__ __subclasses__ __code__ __closure__ __loader__ __spec__ excepthook displayhook "
    "unraisablehook __self__ __stdout__ __stderr__ addaudithook fdopen"
)
SYSTEM_ATTRIBUTES = _words("modules monitoring exit abort kill fork close write read setrecursionlimit")
COMPARISONS = _words("__eq__ __ne__ __lt__ __le__ __gt__ __ge__ __bool__ __hash__ __contains__ __instancecheck__")
STEERING = (
    "PYTEST",
    "PYTHON",
)  # variables of the environment that steer the tests' own process and those that it starts
DESCRIPTORS = ("/proc/", "/dev/fd")  # what leads to the descriptors of the report
QUOTE_LIMIT = 60  # characters of the code that a sentence quotes
WRITERS = _words("open write_text write_bytes symlink symlink_to hardlink_to rename replace copy copyfile move touch")


def steers(path: str) -> str:
    """Whether the file at `path` steers the tests themselves, in words; "" when not."""
    name = PurePosixPath(path).name
    return f"{name} steers the tests themselves" if name in HARNESS_FILES else ""


def touched(after: ast.Module, lines: frozenset[int], *, is_test: bool = False) -> str:
    """What in the changed lines (1-based) reaches for the harness; "" when nothing does. A file of tests imports what they are written with."""
    for node in _around(after, lines):
        is_named = isinstance(node, ast.FunctionDef | ast.ClassDef)
        if is_test and isinstance(node, ast.Import | ast.ImportFrom) and _roots(node) <= _OF_TESTS:
            continue
        if (what := _reach(node)) and (getattr(node, "lineno", 0) in lines or is_named):
            return f"{what} (`{ast.unparse(node).splitlines()[0][:QUOTE_LIMIT]}`)"
    return ""


_OF_TESTS = _words("pytest unittest doctest")


def _roots(node: ast.Import | ast.ImportFrom) -> frozenset[str]:
    names = [one.name for one in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    return frozenset(name.partition(".")[0] for name in names)


def _around(after: ast.Module, lines: frozenset[int]) -> Iterator[ast.AST]:
    """What stands on some lines or around them, from the outside in."""
    left: deque[ast.AST] = deque(after.body)
    while left:
        node = left.popleft()
        line: int | None = getattr(node, "lineno", None)
        last: int = getattr(node, "end_lineno", None) or line or 0
        if line is not None and not lines.isdisjoint(range(line, last + 1)):
            yield node
        first = min((one.lineno for one in getattr(node, "decorator_list", ())), default=line)
        if first is None or not lines.isdisjoint(range(first, last + 1)):
            left.extend(ast.iter_child_nodes(node))


def _reach(node: ast.AST) -> str:
    match node:
        case ast.Import(names=names):
            return next((f"it imports {n.name}" for n in names if _is_telling(n)), "")
        case ast.ImportFrom(module=module, names=names):
            if (module or "").partition(".")[0] in MODULES:
                return f"it imports from {module}"
            telling = ATTRIBUTES | NAMES | (SYSTEM_ATTRIBUTES if module in ("os", "sys", "posix") else frozenset())
            return next((f"it imports {n.name}" for n in names if n.name in telling), "")
        case ast.Name(id=name) if name in NAMES or name in (
            "SystemExit",
            "KeyboardInterrupt",
            "GeneratorExit",
            "BaseException",
        ):
            return f"it uses {name}"
        case ast.Attribute(attr=attr) if attr in ATTRIBUTES:
            return f"it uses .{attr}"
        case ast.Attribute(attr="path", value=ast.Name(id="sys")):
            return "it uses sys.path"
        case ast.Attribute(attr=attr, value=ast.Name(id=("os" | "sys" | "posix") as module)) if (
            attr in SYSTEM_ATTRIBUTES
        ):
            return f"it uses {module}.{attr}"
        case ast.Constant(value=str(text)) if text.startswith((*STEERING, *DESCRIPTORS)) and " " not in text:
            return f"it names {text[:QUOTE_LIMIT]} in a string"
        case ast.keyword(arg=str(name)) if name.startswith(STEERING):
            return f"it names {name}"
        case ast.Constant(value=str(text)) if text in ATTRIBUTES | COMPARISONS and text.startswith("_"):
            return f"it names {text} in a string"
        case ast.Call(func=ast.Name(id=word) | ast.Attribute(attr=word)) if word in WRITERS and (
            file := _steering_file(node)
        ):
            return f"it may write {file}"
        case ast.FunctionDef(name=name) if name in COMPARISONS and not _can_differ(node):
            return f"its {name} cannot differ"
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda(body=ast.Constant())) if name in COMPARISONS:
            return f"its {name} cannot differ"
        case ast.Call(func=ast.Name(id="type"), args=[_, _, _]):
            return "it makes a class at run time"
    return ""


def _is_telling(name: ast.alias) -> bool:
    """A harness module, or one of the system's under another name."""
    return name.name.partition(".")[0] in MODULES or (name.name in ("os", "sys", "posix") and name.asname is not None)


def _steering_file(call: ast.Call) -> str:
    """A file named in a call that steers the tests; "" where there is none. Writing other files is ordinary code, and what else is written over is seen after the run."""
    texts = (one.value for one in ast.walk(call) if isinstance(one, ast.Constant) and isinstance(one.value, str))
    return next((text for text in texts if steers(text)), "")


def _can_differ(function: ast.FunctionDef) -> bool:
    """Whether a comparison returns something that depends on its other operand (or on itself, for one operand), or different constants
    on different paths."""
    returns = [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value is not None]
    operands = function.args.args[1:] or function.args.args
    name = operands[0].arg if operands else ""
    constants = {repr(value.value) for value in returns if isinstance(value, ast.Constant)}
    return len(constants) > 1 or any(isinstance(n, ast.Name) and n.id == name for v in returns for n in ast.walk(v))
