"""The same as `tracer` sees, on Pythons without monitoring (before 3.12), for what tests execute: tracing begins where a function is entered that may show something.

A trace function is called for every call of any function, and a suite takes three times as long under it. Here the functions that may show something begin
with a call of `probe` as their files are compiled, and only what they do is traced.
"""

from __future__ import annotations

import ast
import builtins
import sys
import threading
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR, CO_OPTIMIZED
from types import CodeType, FrameType
from typing import Any

from . import codes
from .tracer import Tracer

PROBE = "__assay_probe__"
_GOES_ON = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR  # it is left and entered again: where, no call in it tells
_INNER = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
_FUTURE = 0x1FF0000  # the compiler's flags of `from __future__ import …`


class Probes(Tracer):
    """A Tracer of pieces. From the first one that is made, what is compiled is changed as the module's docstring says. Where something that goes on later may show
    a piece (a generator, a coroutine), all is traced as `Tracer` does it; and what is executed at import is."""

    def __init__(self, root: str, pieces: list[dict[str, Any]]) -> None:
        super().__init__(root, pieces)
        self._is_active = self._is_whole = self._has_lost = False
        self._around: set[tuple[str, int, str]] = set()  # functions with comprehensions that may show something
        self._outer = (
            threading.local()
        )  # the id of the frame at whose end a thread is traced no more: the frame itself would keep its locals
        if pieces:
            self._compile = builtins.compile
            builtins.compile = self._compiled  # importlib's and pytest's, too

            def probe() -> None:  # no method: it would lead whoever calls it to the record
                self._enters(sys._getframe(1))

            setattr(builtins, PROBE, probe)

    def start(self, *, imports: bool = False) -> None:
        """As `Tracer.start`."""
        self._has_lost, self._is_active = False, bool(self._pieces) and not imports
        if imports or self._is_whole:
            super().start(imports=imports)
        else:
            self._clear()
            self._set_imports(is_on=False)

    def stop(self) -> None:
        """As `Tracer.stop`."""
        self._is_active, self._outer.number = False, 0
        if self._on is not None or sys.gettrace() == self._enter:
            super().stop()

    @property
    def is_lost(self) -> bool:
        """As `Tracer.is_lost`."""
        return self._has_lost or (self._on is not None and super().is_lost)

    def _compiled(
        self,
        source: Any,
        filename: Any,
        mode: str,
        flags: int = 0,
        dont_inherit: bool = False,
        optimize: int = -1,
        **more: Any,
    ) -> Any:
        """What stands for `compile`."""
        if not dont_inherit:
            flags |= sys._getframe(1).f_code.co_flags & _FUTURE
        made = self._compile(source, filename, mode, flags, True, optimize, **more)
        if not isinstance(made, CodeType) or mode != "exec" or not self._may_tell(made.co_filename):
            return made
        wanted = self._wanted(made)
        if not wanted:
            return made
        try:
            tree: Any = source
            if not isinstance(source, ast.AST):
                tree = self._compile(source, filename, mode, flags | ast.PyCF_ONLY_AST, True)
            prepared = _Prepared(wanted)
            prepared.visit(tree)
            if prepared.is_handed_over:
                self._trace_all()
                return made
            return self._compile(tree, filename, mode, flags, True, optimize, **more)
        except RecursionError:  # code that is deeper than a tree may be: as text it was compiled
            self._trace_all()
            return made

    def _wanted(self, module: CodeType) -> set[tuple[int, str]]:
        """The functions that begin with a probe, by first line and name."""
        found: set[tuple[int, str]] = set()
        left: list[tuple[CodeType, CodeType]] = [(module, module)]
        while left:
            code, around = left.pop()
            for inner in code.co_consts:
                if not isinstance(inner, CodeType):
                    continue
                is_function = bool(inner.co_flags & CO_OPTIMIZED) and inner.co_name not in _INNER
                left.append((inner, inner if is_function else around))
                _, numbers, is_traced, by_opcode = self._look(inner, imports=False)
                self._uses.pop(id(inner), None)  # this code is compiled again, and its id another's then
                if not numbers and not is_traced:
                    continue
                if is_function:
                    # A function in a function may be sent to another process by its code, where nobody knows the probe.
                    if around is not module or inner.co_name == "<lambda>" or (inner.co_flags & _GOES_ON and is_traced):
                        self._trace_all()
                    found.add((inner.co_firstlineno, inner.co_name))
                elif around is not module:
                    self._around.add((around.co_filename, around.co_firstlineno, around.co_name))
                    found.add((around.co_firstlineno, around.co_name))
                    is_later = inner.co_name == "<genexpr>" and (
                        by_opcode or not codes.lines(inner) <= codes.lines(around)
                    )
                    if is_later or around.co_flags & _GOES_ON:
                        self._trace_all()
        return set() if self._is_whole else found

    def _trace_all(self) -> None:
        """From here on as `Tracer` does it."""
        self._is_whole = True
        if self._is_active and self._on is None:
            self._trace()

    def _enters(self, frame: FrameType) -> None:
        """A function that may show something was entered."""
        if not self._is_active or self._is_whole:
            return
        code = frame.f_code
        known = self._known.get(id(code))
        if known is None:
            known = self._known[id(code)] = self._look(code, imports=False)
        if known[1]:
            self._add(known[1])
        if known[2]:
            self._at_line(code, frame.f_lineno)
        is_around = (code.co_filename, code.co_firstlineno, code.co_name) in self._around
        if not (known[2] or is_around) or not self._is_active:
            return
        tracing = sys.gettrace()
        if tracing is not None and tracing != self._enter:
            self._has_lost = True
            return
        frame.f_trace_opcodes = known[3]
        frame.f_trace = self._inside
        if tracing is None:
            self._outer.number = id(frame)
            sys.settrace(self._enter)

    def _inside(self, frame: FrameType, event: str, arg: object) -> Any:
        super()._inside(frame, event, arg)
        if event == "return" and self._on is None and getattr(self._outer, "number", 0) == id(frame):
            self._outer.number = 0
            sys.settrace(None)
        return self._inside


class _Prepared(ast.NodeTransformer):
    """Puts a probe where functions begin."""

    def __init__(self, wanted: set[tuple[int, str]]) -> None:
        self._wanted = wanted
        self.is_handed_over = (
            False  # a decorator that nobody knows has one of them: it may compile its code, or send it away
        )

    def visit_FunctionDef(self, node: Any) -> ast.AST:
        if (_line(node), node.name) in self._wanted:
            self.is_handed_over = self.is_handed_over or not all(map(_is_known, node.decorator_list))
            at = 1 if ast.get_docstring(node, clean=False) is not None else 0
            telling = [one for one in node.body[at:] if not isinstance(one, (ast.Global, ast.Nonlocal))] or node.body[
                :1
            ]
            node.body.insert(at, ast.Expr(_call(_line(telling[0]), telling[0])))
            ast.copy_location(node.body[at], node.body[at].value)
        return self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815  as `ast` names it


def _is_known(decorator: Any) -> bool:
    """Whether a decorator is one of those that call the function and look at nothing in it."""
    words = ast.unparse(decorator).partition("(")[0].split(".")
    return words[0] in _KNOWN or words[-1] in _KNOWN


_KNOWN = frozenset(
    "property staticmethod classmethod setter getter deleter functools cache lru_cache cached_property wraps abc abstractmethod typing overload "
    "override final contextlib pytest".split()
)


def _line(node: Any) -> Any:
    """Where a statement begins to be executed."""
    return min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])


def _call(line: int, node: Any) -> Any:
    """A call of the probe on the line with which the function goes on: of it, the trace function hears no more."""
    call = ast.Call(ast.Name(PROBE, ast.Load()), [], [])
    for part in (call, call.func):
        part.lineno = part.end_lineno = line
        part.col_offset = part.end_col_offset = node.col_offset
    return call
