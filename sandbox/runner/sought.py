"""What a test looks for and does not find in a container: files below the project's root, and other machines. The host knows which of the files are there, and were withheld."""

from __future__ import annotations

import contextlib
import os
import pathlib
import socket
import sys
from collections.abc import Callable
from typing import Any

from .own import Own

LIMIT = 60  # of one test, and of the import of one file
# Written again by what writes them: their absence changes no result.
CACHES = frozenset(
    ".hypothesis .pytest_cache .mypy_cache .ruff_cache __pycache__ .benchmarks .eggs .idea .vscode .tox .nox".split()
)
HEARD = frozenset({"open", "sqlite3.connect", "os.listdir", "os.scandir", "socket.connect", "socket.getaddrinfo"})
OWN = frozenset({"localhost", "", "0.0.0.0", "::", "::1", "ip6-localhost"})


class _Look:
    """A function of `os` that tells of what it does not find. An object, for a function would become a method where a class has it as an attribute."""

    def __init__(self, original: Callable[..., Any], note: Callable[[Any], None]) -> None:
        self._original, self._note = original, note
        self.__name__ = self.__qualname__ = original.__name__
        self.__doc__ = original.__doc__

    def __call__(self, path: Any, *arguments: Any, **named: Any) -> Any:
        try:
            return self._original(path, *arguments, **named)
        except FileNotFoundError:
            self._note(path)
            raise


class Sought:
    """`noted` since `begin`: names of files and folders, relative to the root ("folder/" where its content was asked for), and machines as "//host:port". `shared`: by fixture, what was sought as it was
    set up for the first test that has it."""

    def __init__(self, root: str) -> None:
        self.noted: set[str] = set()
        self.shared: dict[str, set[str]] = {}
        self._root = f"{root}/"
        self._own = Own(root)
        self._stat, self._is_busy = os.stat, False
        self._hosts = OWN | {socket.gethostname()}
        self._numbers: dict[str, int] = {}
        for name in ("stat", "lstat"):
            self._wrap(name)
        sys.addaudithook(self._hear)

    def begin(self) -> set[str]:
        """A test begins, or the import of a file; returns what was noted before."""
        before, self.noted = self.noted, set()
        return before

    def told(self, fixtures: frozenset[str] = frozenset()) -> dict[str, Any]:
        """What the test that ends here sought, with these fixtures, as the report has it: new names in full, all of them by number. Empty where it sought nothing."""
        every = sorted(self.noted.union(*(self.shared.get(one, ()) for one in fixtures)))
        new = [one for one in every if one not in self._numbers]
        self._numbers.update({one: len(self._numbers) + n for n, one in enumerate(new)})
        return {"sought": [self._numbers[one] for one in every], "names": new} if every else {}

    def names(self) -> dict[str, list[str]]:
        """What was noted, as the report of a call has it."""
        return {"sought": sorted(self.noted)} if self.noted else {}

    def _wrap(self, name: str) -> None:
        """`os.stat` tells no audit hook, and it is how one asks whether a file is there."""
        original = getattr(os, name)
        look = _Look(original, self._note)
        for able in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
            if original in able:
                able.add(look)  # what the original does, this does
        setattr(os, name, look)
        older = getattr(pathlib, "_NormalAccessor", None)  # before 3.11 paths have an own name for it
        if older is not None:
            setattr(older, name, look)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._is_busy or event not in HEARD:
            return
        with contextlib.suppress(Exception):
            self._take(event, arguments)

    def _take(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and not flags & os.O_CREAT:
                self._note(path)
        elif event == "sqlite3.connect":
            path = arguments[0]
            if isinstance(path, str):
                path = path[5:].partition("?")[0] if path.startswith("file:") else path
            self._note(path)
        elif event in ("os.listdir", "os.scandir"):
            self._listed(arguments[0])
        elif event == "socket.connect":
            self._called(arguments[1])
        elif event == "socket.getaddrinfo" and isinstance(arguments[0], str):
            self._called((arguments[0], arguments[1]))

    def _note(self, path: Any) -> None:
        name = self._relative(path)
        if name and len(self.noted) < LIMIT and not name.endswith(".pyc") and CACHES.isdisjoint(name.split("/")):
            self._is_busy = True
            try:
                self._stat(self._root + name)
            except (OSError, ValueError):
                self.noted.add(name)
            finally:
                self._is_busy = False

    def _listed(self, path: Any) -> None:
        """What a folder holds; not where modules are looked for, nor of the root, where tools have theirs."""
        by = sys._getframe(3).f_code.co_filename
        name = self._relative(path)
        if (
            name
            and len(self.noted) < LIMIT
            and not by.startswith("<frozen importlib")
            and CACHES.isdisjoint(name.split("/"))
        ):
            self.noted.add(f"{name}/")

    def _relative(self, path: Any) -> str:
        """A path's name in the project; "" for one outside of it."""
        try:
            text = os.fsdecode(path) if not isinstance(path, int) else ""
            whole = os.path.normpath(text if text.startswith("/") else f"{os.getcwd()}/{text}") if text else ""
        except (TypeError, ValueError, OSError):
            return ""
        return self._own.name(whole)

    def _called(self, address: Any) -> None:
        if not isinstance(address, tuple) or len(address) < 2 or len(self.noted) >= LIMIT:
            return
        host = str(address[0])[:100]
        if host not in self._hosts and not host.startswith("127."):
            self.noted.add(f"//{host}:{address[1]}" if address[1] else f"//{host}")
