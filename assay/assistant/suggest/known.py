"""The names that jedi knows at a place, kept while somebody types: asked for once for each name that is written, and ahead of the keys where it can be guessed what will be asked.

Jedi answers one question at a time and cannot be interrupted. So at most one question of ours is under way and one waits, the newest; whatever an answer is for, it is kept. Where a place's receiver was looked at before,
in the same function and with the same bindings, the older answer serves until the new one is there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Hashable

from analyzers.memo import MIB, Bounded
from analyzers.names import Completion, Names, NamesUnavailable, Where
from analyzers.naming import Naming

log = logging.getLogger(__name__)

FIRST_S = 0.04  # so long a first list waits for jedi
WHOLE_S = 1.0  # so long somebody waits who asks for the same again
JEDI_S = 5.0  # what takes longer is given up
STALE_S = 30.0  # after which a file that changed unnoticed is seen
ANSWERS = 1 * MIB  # of one kind: a list of 2 000 names takes 16 KiB, the names themselves being shared
OPENED_KINDS_S = 0.5  # how long it is looked for what imported names are, when a file is opened


class _Answers:
    """The answers that were used last, and none that is older than `most_s`."""

    def __init__(self, most_s: float = math.inf) -> None:
        self._found = Bounded[tuple[float, tuple[Completion, ...]]](ANSWERS, shared=(Completion, str))
        self._most_s = most_s

    def get(self, key: Hashable) -> tuple[Completion, ...] | None:
        at, names = self._found.get(key) or (-math.inf, None)
        return names if time.monotonic() - at <= self._most_s else None

    def put(self, key: Hashable, names: tuple[Completion, ...]) -> None:
        self._found.put(key, (time.monotonic(), names))


class _Question:
    """One place that jedi is asked about."""

    def __init__(self, names: Names, where: Where, place: Naming, kinds_s: float, key: Hashable) -> None:
        self.names, self.where, self.place, self.kinds_s = names, where, place, kinds_s
        self.key = key
        self.done = asyncio.Event()


class KnownNames:
    """Of one window."""

    def __init__(self) -> None:
        self._answers = _Answers(STALE_S)
        self._older = _Answers()
        self._now: _Question | None = None
        self._next: _Question | None = None
        self._working: asyncio.Task[None] | None = None
        self._last: Hashable = None
        self._world = 0

    def renew(self) -> None:
        """Something else changed: other files, the settings. What is known serves as an older answer from now on."""
        self._world += 1

    async def at(self, names: Names, where: Where, place: Naming) -> tuple[tuple[Completion, ...], bool]:
        """The names, and whether they are all that jedi has to say of the text as it is. An older answer comes at once, nothing after FIRST_S; who asks for the same place again waits for the new one."""
        key = self._exactly(where, place)
        is_again, self._last = self._last == (key, place.typed), (key, place.typed)
        if (found := self._answers.get(key)) is not None:
            return found, True
        question = self._ask(names, where, place, 0.02)
        older = self._older.get(_alike(place))
        wait_s = WHOLE_S if is_again else 0.0 if older is not None else FIRST_S
        if wait_s:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(question.done.wait(), wait_s)
        if (found := self._answers.get(key)) is not None:
            return found, True
        return older or (), False

    def expect(self, names: Names, where: Where, place: Naming, *, is_opened: bool = False) -> None:
        """Ask for a place that will probably be asked for, unless something else waits."""
        if self._next is None and self._answers.get(self._exactly(where, place)) is None:
            self._ask(names, where, place, OPENED_KINDS_S if is_opened else 0.02)

    def exact(self, where: Where, place: Naming) -> tuple[Completion, ...]:
        """What is known of the text as it is, without waiting; nothing that is older."""
        return self._answers.get(self._exactly(where, place)) or ()

    def here(self, where: Where, place: Naming) -> tuple[Completion, ...]:
        """What is known now, without waiting."""
        return self._answers.get(self._exactly(where, place)) or self._older.get(_alike(place)) or ()

    def close(self) -> None:
        """End what is under way."""
        if self._working is not None:
            self._working.cancel()

    def _exactly(self, where: Where, place: Naming) -> Hashable:
        """The text as it is, among the other open documents, in the world as it is known to be."""
        return place.path, place.at, hash(place.text), hash(frozenset(where.others.items())), self._world

    def _ask(self, names: Names, where: Where, place: Naming, kinds_s: float) -> _Question:
        question = _Question(names, where, place, kinds_s, self._exactly(where, place))
        for other in (self._now, self._next):
            if other is not None and other.key == question.key:
                question = other
                break
        else:
            if self._next is not None:
                self._next.done.set()  # nobody waits for that text any more
            self._next = question
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work(), name="names that jedi knows")
        return question

    async def _work(self) -> None:
        while self._next is not None:
            question = self._now = self._next
            self._next = None
            try:
                found = await question.names.complete(
                    question.where,
                    question.place.row,
                    question.place.column,
                    timeout_s=JEDI_S,
                    kinds_s=question.kinds_s,
                )
                self._answers.put(question.key, found)
                if question.place.is_code:
                    self._older.put(_alike(question.place), found)
            except NamesUnavailable:
                pass  # an older answer, or none, has to do
            except Exception:
                log.exception("a question about names failed")
            finally:
                question.done.set()
                self._now = None


def _alike(place: Naming) -> Hashable:
    return place.path, place.bound, place.receiver if place.is_code else place.at
