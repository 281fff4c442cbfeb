"""Evaluate calls one by one in a module that holds its definitions and assignments, and report which end with an exception, and where.

The module is executed statement by statement, without the statements that are there for their effect alone: a script is not run as one. A call's own
process is the step's; one that hangs is interrupted, and the next one is tried.
"""

from __future__ import annotations

import ast
import contextlib
import dis
import importlib.util
import itertools
import json
import os
import re
import signal
import sys
import time
import traceback
import types
from pathlib import Path
from types import TracebackType
from typing import Any

from . import codes, elsewhere
from .around import Around
from .own import Own
from .sought import Sought

RAISES = dis.opmap["RAISE_VARARGS"]  # what `raise` and `assert` come to
CALL_S = 1.0  # of one call; a literal's result takes no longer, or is no use as a hint
TEXT_LIMIT, VALUES_LIMIT = 1000, 100  # characters of one text, values of one that is computed step by step
FRAMES_LIMIT = 50  # the outermost and innermost ones of a deep recursion
DEFINING = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Assign,
    ast.AnnAssign,
    ast.If,
    ast.Try,
)


class TooLong(BaseException):
    """The time of one call is up; no `except Exception` of the code catches it."""


def main(step: dict[str, Any], root: Path, report: int) -> int:
    """Evaluate `step["calls"]` in the module `step["path"]` below `root`."""
    for folder in reversed([str(root), str(root / "src"), *(str(root / one) for one in step.get("paths", []))]):
        sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    signal.signal(signal.SIGALRM, ended)
    path = root / step["path"]
    own, sought = Own(str(root)), Sought(str(root))
    if step.get("elsewhere"):
        elsewhere.go()
    outside = elsewhere.Outside(str(root)) if step.get("alone") else None
    namespace, around, lates = module(root, path), Around(), 0
    for number, call in enumerate(step["calls"]):
        sought.begin()
        around.begin(call, namespace)
        if outside is not None:
            outside.begin(around.folder, around.variables)
        begun = time.perf_counter()
        told = (
            {"call": number}
            | _evaluated(call, namespace, own, step.get("call_s") or CALL_S)
            | {"took": round(time.perf_counter() - begun, 5)}
        )
        told |= sought.names() | ({"outside": True} if outside is not None and outside.was else {})
        around.end()
        send(report, told)
        lates += bool(told.get("late"))
        if lates and lates == step.get("lates"):
            break
    return 0


def ended(signum: int, frame: object) -> None:
    """The time is up."""
    raise TooLong


def module(root: Path, path: Path) -> dict[str, Any]:
    """The module's names, as far as its statements can be executed."""
    parts = path.relative_to(root).with_suffix("").parts
    name = ".".join(parts[1:] if parts[0] == "src" and len(parts) > 1 else parts)
    made = types.ModuleType(name)
    made.__file__ = str(path)
    made.__package__ = name.rpartition(".")[0]
    made.__spec__ = importlib.util.spec_from_file_location(name, path)
    sys.modules[name] = made
    for statement in ast.parse(path.read_bytes()).body:
        if isinstance(statement, DEFINING):
            # What cannot be executed is missing afterwards, and calls that need it say so by a NameError.
            with contextlib.suppress(Exception, SystemExit, TooLong), _time_limit():
                exec(compile(ast.Module([statement], []), str(path), "exec", dont_inherit=True), made.__dict__)
    return made.__dict__


@contextlib.contextmanager
def _time_limit(limit_s: float = CALL_S) -> Any:
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _evaluated(call: str, namespace: dict[str, Any], own: Own, limit_s: float) -> dict[str, Any]:
    try:
        with _time_limit(limit_s):
            shown = _shown(eval(compile(call, "<call>", "eval", dont_inherit=True), namespace))
    except TooLong:
        return {"late": True}
    except BaseException as error:
        with contextlib.suppress(Exception):  # an exception whose own text raises says nothing
            return told(error, own)
        return {"late": True}
    return {"returned": shown}


def _shown(value: object) -> str:
    """A value as text that is the same for the same value: what is waited for as what comes of it, what is computed step by step as `list(…)` of it, addresses left out."""
    if isinstance(value, types.CoroutineType):
        import asyncio

        value = asyncio.run(value)
    if isinstance(value, (types.GeneratorType, map, filter, zip, range, reversed)):  # older Pythons have no unions
        return f"list({_plain(list(itertools.islice(value, VALUES_LIMIT)))})"
    return _plain(value)


def _plain(value: object) -> str:
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))[:TEXT_LIMIT]


def told(error: BaseException, own: Own) -> dict[str, Any]:
    """An exception as the report has it: its names, its last line, the project's frames, and whether the project raised it itself."""
    frames: list[list[Any]] = []
    is_meant = False
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if file := own.name(code.co_filename):
            positions = codes.positions(code)[trace.tb_lasti // 2]
            line, end_line, column, end_column = (one or 0 for one in positions)
            frames.append(
                [
                    file,
                    codes.qualname(code),
                    line or trace.tb_lineno,
                    column,
                    end_line or trace.tb_lineno,
                    end_column,
                ]
            )
            is_meant = code.co_code[trace.tb_lasti] == RAISES
        trace = trace.tb_next
    kinds = [kind.__name__ for kind in type(error).__mro__ if kind is not object]
    detail = traceback.format_exception_only(type(error), error)[-1].strip()[:TEXT_LIMIT]
    if len(frames) > FRAMES_LIMIT:
        frames = [*frames[: FRAMES_LIMIT // 2], *frames[-FRAMES_LIMIT // 2 :]]
    return {"kinds": kinds, "detail": detail, "frames": frames, "meant": is_meant}


def send(report: int, event: dict[str, Any]) -> None:
    """One line of the report."""
    data = (json.dumps(event) + "\n").encode()
    while data:
        data = data[os.write(report, data) :]
