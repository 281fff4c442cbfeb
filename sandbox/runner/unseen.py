"""Work of a test that nothing here can trace: in a process that it starts, in a thread that was there before it, or under a trace function of its own."""

from __future__ import annotations

import sys
import threading
from typing import Any

STARTS = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "os.system"})


class Unseen:
    """Notes whether such work was begun since `begin`; `shared` are fixtures that tests share and that began some as they were set up."""

    def __init__(self) -> None:
        self.has_started = False
        self.shared: set[str] = set()
        self._is_in_company = False
        sys.addaudithook(self._hear)
        import _posixsubprocess  # multiprocessing starts its children by it, and tells nobody

        start = _posixsubprocess.fork_exec

        def fork_exec(*arguments: Any) -> Any:
            self.has_started = True
            return start(*arguments)

        _posixsubprocess.fork_exec = fork_exec

    def begin(self) -> None:
        """A test begins; threads that are there already go on working for it."""
        self.has_started = False
        self._is_in_company = threading.active_count() > 1

    def is_some(self, fixtures: frozenset[str], *, lost_trace: bool) -> bool:
        """Whether the test that ends here, with these fixtures, may have executed what was not seen."""
        return self.has_started or self._is_in_company or lost_trace or not self.shared.isdisjoint(fixtures)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in STARTS:
            self.has_started = True
