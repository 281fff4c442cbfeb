"""Who is served when: one thread runs the model for one request at a time. Who waits is served by urgency and then by arrival.

Between two tokens it looks at who went away, whose time is over, and whether somebody came who is more urgent: then the text under way waits, and goes on where it was. Many people are vLLM's work.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import torch

from .decode import PIECE, Decoder
from .guide import Guide
from .sample import Taste, choose
from .text import Pieces

log = logging.getLogger(__name__)

WAITING = 64  # requests in the line, at most
Why = Literal["stop", "length", "late", "memory", "broken", "cancelled"]


class Busy(Exception):
    """The line is full."""


@dataclass(frozen=True, slots=True)
class Written:
    """A token of an answer, its natural-log probability, and the text that can be told with it."""

    token: str
    logprob: float
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The last event of a job: `text` is what was held back, `scores` what was asked for by a job that scores."""

    why: Why
    text: str = ""
    scores: tuple[tuple[float, ...], ...] = ()
    prompt: int = 0
    reused: int = 0
    written: int = 0


Event = Written | Ended


@dataclass(eq=False, slots=True)
class Job:
    """A text to be written behind `ids`, or, with `texts`, the likelihoods of these behind it. `emit` is called on the model's thread, quickly, and for the last time with an Ended.

    `priority`: the least goes first; `until`: when it is too late, by time.monotonic().
    """

    ids: list[int]
    emit: Callable[[Event], None]
    pieces: Pieces | None = None
    most: int = 0
    taste: Taste = field(default_factory=Taste)
    guide: Guide | None = None
    texts: tuple[tuple[int, ...], ...] = ()
    priority: int = 0
    until: float = float("inf")
    is_cancelled: bool = False
    is_over: bool = False
    number: int = 0
    written: list[int] = field(default_factory=list)
    scores: list[tuple[float, ...]] = field(default_factory=list)
    reused: int | None = None


class Line:
    """The requests to one Decoder. `failed` is what ended its thread, if something did; `tokens` were read and written so far."""

    def __init__(self, decoder: Decoder, *, waiting: int = WAITING) -> None:
        self._decoder = decoder
        self._most_waiting = waiting
        self._has_work = threading.Condition()
        self._waiting: list[Job] = []
        self._count = 0
        self._is_closing = False
        self.is_at_work = False
        self.failed = ""
        self.tokens = 0
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)
        self._thread.start()

    @property
    def is_busy(self) -> bool:
        """Whether somebody is served or waits."""
        return self.is_at_work or bool(self._waiting)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def submit(self, job: Job) -> None:
        """Have it done; raises Busy."""
        with self._has_work:
            if self.failed or self._is_closing or len(self._waiting) >= self._most_waiting:
                raise Busy(self.failed or "too many requests wait already")
            self._count += 1
            job.number = self._count
            self._waiting.append(job)
            self._has_work.notify()

    def cancel(self, job: Job) -> None:
        """Stop it before its next token, if it is not done."""
        job.is_cancelled = True
        with self._has_work:
            self._has_work.notify()

    def close(self) -> None:
        """End the thread; who waits is told that it was cancelled."""
        with self._has_work:
            self._is_closing = True
            self._has_work.notify()
        self._thread.join()

    def _run(self) -> None:
        job: Job | None = None
        try:
            while (job := self._next()) is not None:
                self._serve(job)
        except Exception as error:
            log.exception("the model's thread ended")
            self.failed = f"{type(error).__name__}: {error}"
        with self._has_work:
            self._is_closing, self.is_at_work = True, False
            left, self._waiting = [*([job] if job is not None and not job.is_over else []), *self._waiting], []
        for one in left:
            self._end(one, "broken" if self.failed else "cancelled")

    def _next(self) -> Job | None:
        """The most urgent of those who wait, once there is one; None at the end."""
        with self._has_work:
            self.is_at_work = False
            while not (self._waiting or self._is_closing):
                self._has_work.wait()
            if self._is_closing:
                return None
            job = min(self._waiting, key=lambda one: (one.priority, one.number))
            self._waiting.remove(job)
            self.is_at_work = True
            return job

    def _serve(self, job: Job) -> None:
        """Until it is over, or somebody more urgent waits."""
        try:
            wanted = job.ids + job.written
            reused = self._begin(job, wanted)
            job.reused = reused if job.reused is None else job.reused
            while self._goes_on(job):
                at = len(self._decoder.text)
                piece = wanted[at : at + PIECE]
                logits = self._decoder.read(piece)
                self.tokens += len(piece)
                if at + len(piece) < len(wanted):
                    continue
                if job.pieces is None:
                    self._score(job, logits)
                    return
                wanted.append(self._written(job, logits))
        except torch.OutOfMemoryError:
            self._decoder.forget()
            self._end(job, "memory")
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def _score(self, job: Job, logits: torch.Tensor) -> None:
        """One text after the other, as long as it is wanted."""
        after = logits.clone()
        while len(job.scores) < len(job.texts):
            if not self._goes_on(job):
                return
            text = job.texts[len(job.scores)]
            job.scores.append(tuple(self._decoder.likelihood(after, text)))
            self.tokens += len(text)
        self._end(job, "stop", scores=tuple(job.scores))

    def _begin(self, job: Job, wanted: list[int]) -> int:
        return 0 if job.is_cancelled or time.monotonic() > job.until else self._decoder.begin(wanted)

    def _goes_on(self, job: Job) -> bool:
        """Whether its next token is wanted now."""
        if job.is_over:
            return False
        if job.is_cancelled or time.monotonic() > job.until:
            self._end(job, "cancelled" if job.is_cancelled else "late")
            return False
        with self._has_work:
            if self._is_closing:
                self._waiting.append(job)
                return False
            gone = [one for one in self._waiting if one.is_cancelled or time.monotonic() > one.until]
            self._waiting = [one for one in self._waiting if one not in gone]
            is_next = not any(one.priority < job.priority for one in self._waiting)
            if not is_next:
                self._waiting.append(job)
        for one in gone:
            self._end(one, "cancelled" if one.is_cancelled else "late")
        return is_next

    def _written(self, job: Job, logits: torch.Tensor) -> int:
        """The next token, told."""
        try:
            token, logprob = choose(logits, job.taste, job.guide.allowed() if job.guide is not None else None)
            self._took(job, token, logprob)
        except torch.OutOfMemoryError:
            raise
        except Exception:  # of one text: its guide, its characters
            log.exception("a text could not be written on")
            self._end(job, "broken")
            return 0
        return token

    def _took(self, job: Job, token: int, logprob: float) -> None:
        pieces = job.pieces
        assert pieces is not None
        if token in self._decoder.loaded.ends:
            self._end(job, "stop", pieces.finish())
            return
        job.written.append(token)
        text, told = pieces.push(token)
        if job.guide is not None:
            job.guide.took(token)
            if job.guide.is_over(pieces.written):
                job.guide = None
        self._emit(job, Written(text, logprob, told))
        if pieces.stopped:
            self._end(job, "stop")
        elif len(job.written) >= job.most or len(job.ids) + len(job.written) >= self._decoder.loaded.context:
            self._end(job, "length", pieces.finish())

    def _end(self, job: Job, why: Why, text: str = "", scores: tuple[tuple[float, ...], ...] = ()) -> None:
        job.is_over = True
        self._emit(job, Ended(why, text, scores, len(job.ids), job.reused or 0, len(job.written)))

    def _emit(self, job: Job, event: Event) -> None:
        try:
            job.emit(event)
        except Exception:  # whoever asked is gone, and the others are not to suffer
            log.exception("an answer could not be told")
            job.is_cancelled = True
