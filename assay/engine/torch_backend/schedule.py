"""Who is served when: one thread runs the model and gives every text that is being written a token at a time, so that many share one pass.

Between two passes it looks at who went away, whose time is over and who waits. What somebody waits for while typing goes before a chat, and that before what runs in the background; among equals everybody gets a row before
somebody gets a second.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch

from .decode import Decoder
from .guide import Guide
from .sample import Taste, choose
from .text import Pieces

log = logging.getLogger(__name__)

WAITING = 64  # requests in the queue, at most
PIECE = {"cuda": 1024}  # tokens of a prompt that are read between two steps of the others
PIECE_ELSEWHERE = 128
Why = Literal["stop", "length", "busy", "late", "memory", "broken", "cancelled"]


class Busy(Exception):
    """The queue is full."""


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

    `priority`: the least goes first; `who` asks, for fairness; `until`: when it is too late, by time.monotonic().
    """

    ids: list[int]
    emit: Callable[[Event], None]
    pieces: Pieces | None = None
    most: int = 0
    taste: Taste = field(default_factory=Taste)
    guide: Guide | None = None
    texts: tuple[tuple[int, ...], ...] = ()
    priority: int = 0
    who: str = ""
    until: float = float("inf")
    is_cancelled: bool = False
    number: int = 0
    row: int = -1
    written: list[int] = field(default_factory=list)
    reused: int = 0

    @property
    def unread(self) -> list[int]:
        """All tokens that the model has to have seen before the next can be chosen."""
        return self.ids + self.written


class Scheduler:
    """Runs the jobs of one Decoder. `failed` is what ended its thread, if something did."""

    def __init__(self, decoder: Decoder, *, waiting: int = WAITING) -> None:
        self._decoder = decoder
        self._most_waiting = waiting
        self._piece = PIECE.get(decoder.loaded.device.type, PIECE_ELSEWHERE)
        self._has_work = threading.Condition()
        self._queue: list[Job] = []
        self._active: dict[int, Job] = {}
        self._used = [0] * decoder.rows  # when each row was last used
        self._served: dict[str, int] = {}  # when each who was last given a row
        self._count = 0
        self._at_work: Job | None = None  # whose prompt is read in this pass
        self._is_closing = False
        self.failed = ""
        self.tokens = 0  # read and written so far: it moves while something is done
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)
        self._thread.start()

    @property
    def is_busy(self) -> bool:
        """Whether somebody is served or waits."""
        return bool(self._queue or self._active)

    @property
    def waiting(self) -> int:
        """How many are in the queue."""
        return len(self._queue)

    def submit(self, job: Job) -> None:
        """Have it done; raises Busy."""
        with self._has_work:
            if self.failed or self._is_closing or len(self._queue) >= self._most_waiting:
                raise Busy(self.failed or "too many requests wait already")
            self._count += 1
            job.number = self._count
            self._queue.append(job)
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
        try:
            while self._wait():
                self._round()
        except Exception as error:
            log.exception("the model's thread ended")
            self.failed = f"{type(error).__name__}: {error}"
        with self._has_work:
            self._is_closing = True
            left = [*self._active.values(), *self._queue]
            self._active, self._queue = {}, []
        for job in left:
            _emit(job, Ended("broken" if self.failed else "cancelled"))

    def _wait(self) -> bool:
        with self._has_work:
            while not (self._queue or self._active or self._is_closing):
                self._has_work.wait()
            return not self._is_closing

    def _round(self) -> None:
        """A piece of one prompt, and a token for everybody who has read theirs."""
        self._sort_out()
        self._admit()
        try:
            self._read()
            self._write()
        except torch.OutOfMemoryError:
            self._shed(self._at_work)

    def _sort_out(self) -> None:
        now = time.monotonic()
        with self._has_work:
            gone = [job for job in self._queue if job.is_cancelled or now > job.until]
            self._queue = [job for job in self._queue if job not in gone]
        for job in [*gone, *(one for one in self._active.values() if one.is_cancelled or now > one.until)]:
            self._end(job, "cancelled" if job.is_cancelled else "late")

    def _admit(self) -> None:
        while self._queue:
            job = min(self._queue, key=self._order)
            row = self._row_for(job)
            if row is None:
                return
            with self._has_work:
                self._queue.remove(job)
            self._count += 1
            self._served[job.who] = self._used[row] = self._count
            if len(self._served) > 1000:
                self._served = dict(sorted(self._served.items(), key=lambda one: one[1])[-500:])
            job.row = row
            job.reused = self._decoder.take(row, job.unread)
            self._active[row] = job

    def _order(self, job: Job) -> tuple[int, int, int, int]:
        rows = sum(one.who == job.who for one in self._active.values())
        return job.priority, rows, self._served.get(job.who, 0), job.number

    def _row_for(self, job: Job) -> int | None:
        """A free row: the one whose text begins like this one's where that is worth it, else the one that nobody used for longest. Where none is free, the one of somebody who can wait."""
        free = [row for row in range(self._decoder.rows) if row not in self._active]
        if not free:
            last = max(self._active.values(), key=lambda one: (one.priority, one.number))
            if last.priority <= job.priority or last.pieces is None:
                return None
            self._put_back(last)
            return last.row
        shared = {row: self._decoder.shared(row, job.unread) for row in free}
        best = max(free, key=shared.__getitem__)
        if shared[best] * 2 >= len(job.unread) or shared[best] * 2 >= len(self._decoder.kept[best]):
            return best
        return min(free, key=self._used.__getitem__)

    def _put_back(self, job: Job) -> None:
        del self._active[job.row]
        with self._has_work:
            self._queue.append(job)

    def _read(self) -> None:
        reading = [
            job
            for job in self._active.values()
            if len(self._decoder.kept[job.row]) < len(job.unread) - 1 or not job.written
        ]
        if not reading:
            return
        job = min(reading, key=lambda one: (one.priority, one.number))
        self._at_work = job
        if not job.written and not job.reused:  # another may have read the same since it was given its row
            job.reused = self._decoder.take(job.row, job.ids)
        start, wanted = len(self._decoder.kept[job.row]), job.unread
        piece = wanted[start : start + self._piece]
        logits = self._decoder.read(job.row, piece)
        self.tokens += len(piece)
        if start + len(piece) < len(wanted):
            return
        if job.pieces is None:
            scores = self._decoder.likelihoods(job.row, logits, job.texts)
            self._end(job, "stop", scores=tuple(map(tuple, scores)))
        else:
            self._choose([job], logits[None])

    def _write(self) -> None:
        writing = [
            job
            for job in self._active.values()
            if job.written and len(self._decoder.kept[job.row]) == len(job.unread) - 1
        ]
        if not writing:
            return
        self._at_work = None
        logits = self._decoder.step({job.row: job.written[-1] for job in writing})
        self.tokens += len(writing)
        self._choose(writing, torch.stack([logits[job.row] for job in writing]))

    def _choose(self, jobs: Sequence[Job], logits: torch.Tensor) -> None:
        allowed = [job.guide.allowed() if job.guide is not None else None for job in jobs]
        for job, (token, logprob) in zip(jobs, choose(logits, [job.taste for job in jobs], allowed), strict=True):
            try:
                self._took(job, token, logprob)
            except Exception:  # of one text: its guide, its characters
                log.exception("a text could not be written on")
                self._end(job, "broken")

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
        _emit(job, Written(text, logprob, told))
        if pieces.stopped:
            self._end(job, "stop")
        elif len(job.written) >= job.most or len(job.unread) >= self._decoder.loaded.context:
            self._end(job, "length", pieces.finish())

    def _end(self, job: Job, why: Why, text: str = "", scores: tuple[tuple[float, ...], ...] = ()) -> None:
        if self._active.get(job.row) is job:
            del self._active[job.row]
        _emit(job, Ended(why, text, scores, len(job.ids), job.reused, len(job.written)))

    def _shed(self, reading: Job | None) -> None:
        """There was no memory for that pass: give up the one whose prompt was read, else the one who can wait longest, with what its row had."""
        last = reading or max(self._active.values(), key=lambda one: (one.priority, one.number))
        self._decoder.kept[last.row] = []
        self._end(last, "memory")
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _emit(job: Job, event: Event) -> None:
    try:
        job.emit(event)
    except Exception:  # whoever asked is gone, and the others are not to suffer
        log.exception("an answer could not be told")
        job.is_cancelled = True
