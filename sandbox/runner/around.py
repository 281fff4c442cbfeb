"""What pytest puts around a test, for one call: a folder of its own, what it prints, and what is changed for its time. By pytest's names, as far as calls use it."""

from __future__ import annotations

import collections
import importlib
import io
import os
import sys
from pathlib import Path
from typing import Any

_Printed = collections.namedtuple("_Printed", "out err")
_MODULES = ("asyncio", "random", "time")
_NONE: Any = object()


class Around:
    """`begin` before a call, `end` behind it. `folder` is the call's own, "" for none."""

    def __init__(self) -> None:
        self.folder = ""
        self._namespace: dict[str, Any] = {}
        self._added: list[str] = []
        self._patches = Patches()
        self._streams = sys.stdout, sys.stderr
        self._warned: Any = None
        self._cwd = os.getcwd()

    @property
    def variables(self) -> set[str]:
        """Those of the environment that were set for the call, as they are at any time."""
        return self._patches.variables

    def begin(self, call: str, namespace: dict[str, Any]) -> None:
        """Put around it what it names."""
        self._namespace, self.folder = namespace, ""
        for name in _MODULES:
            if f"{name}." in call:
                self._add(name, importlib.import_module(name))
        if "monkeypatch." in call:
            self._add("monkeypatch", self._patches)
        if "capsys." in call:
            self._streams = sys.stdout, sys.stderr
            self._add("capsys", Printed())
        if "recwarn" in call:
            import warnings

            self._warned = warnings.catch_warnings(record=True)
            self._add("recwarn", self._warned.__enter__())
            warnings.simplefilter("default")
        if "tmp_path" in call:
            import tempfile  # most calls need none

            self.folder = os.path.realpath(tempfile.mkdtemp())
            self._add("tmp_path", Path(self.folder))

    def end(self) -> None:
        """All as it was."""
        sys.stdout, sys.stderr = self._streams
        self._patches.undo()
        os.chdir(self._cwd)
        if self._warned is not None:
            self._warned.__exit__(None, None, None)
            self._warned = None
        for name in self._added:
            self._namespace.pop(name, None)
        self._added = []
        if self.folder:
            import shutil

            shutil.rmtree(self.folder, ignore_errors=True)

    def _add(self, name: str, value: Any) -> None:
        if name not in self._namespace:
            self._namespace[name] = value
            self._added.append(name)


class Printed:
    """What is printed from now on."""

    def __init__(self) -> None:
        sys.stdout, sys.stderr = self._out, self._err = io.StringIO(), io.StringIO()

    def readouterr(self) -> Any:
        """It, as far as it was not asked for before."""
        found = _Printed(self._out.getvalue(), self._err.getvalue())
        for one in (self._out, self._err):
            one.seek(0)
            one.truncate()
        return found


class Patches:
    """Changes that `undo` takes back, the last one first."""

    def __init__(self) -> None:
        self._undone: list[Any] = []
        self.variables: set[str] = set()

    def setenv(self, name: str, value: str) -> None:
        """A variable of the environment."""
        self._keep(name)
        os.environ[name] = value

    def delenv(self, name: str, raising: bool = True) -> None:
        """None of that name."""
        self._keep(name)
        if os.environ.pop(name, None) is None and raising:
            raise KeyError(name)

    def setattr(self, target: str, value: Any) -> None:
        """What a dotted name stands for."""
        where, _, name = target.rpartition(".")
        owner = importlib.import_module(where)
        before = getattr(owner, name, _NONE)
        self._undone.append(lambda: delattr(owner, name) if before is _NONE else setattr(owner, name, before))
        setattr(owner, name, value)

    def undo(self) -> None:
        """All of them."""
        while self._undone:
            self._undone.pop()()
        self.variables.clear()

    def _keep(self, name: str) -> None:
        self.variables.add(name)
        before = os.environ.get(name)
        self._undone.append(
            lambda: os.environ.pop(name, None) if before is None else os.environ.__setitem__(name, before)
        )
