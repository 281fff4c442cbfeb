"""Who is served when, and that nobody who goes away, asks too much or fails takes anything from the others."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator

import pytest
import torch

from assay.engine.torch_backend.decode import Decoder
from assay.engine.torch_backend.line import Busy, Ended, Event, Job, Line, Written
from assay.engine.torch_backend.model import Loaded
from assay.engine.torch_backend.text import Pieces


class Asked:
    """A job with what came of it."""

    def __init__(self, loaded: Loaded, prompt: str = "x = 1\n", most: int = 8, **more: object) -> None:
        self.events: list[Event] = []
        self.done = threading.Event()
        self.when = 0.0
        decode = loaded.tokenizer.backend_tokenizer.decode
        ids = loaded.ids(prompt)
        self.job = Job(ids, self._take, Pieces(decode, ids, ()), most, **more)  # type: ignore[arg-type]

    def _take(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, Ended):
            self.when = time.monotonic()
            self.done.set()

    @property
    def end(self) -> Ended:
        assert self.done.wait(30)
        last = self.events[-1]
        assert isinstance(last, Ended)
        return last

    @property
    def written(self) -> int:
        return sum(isinstance(event, Written) for event in self.events)


@pytest.fixture
def gate(line: Line, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Passes wait for it."""
    opened, read = threading.Event(), line._decoder.read

    def waiting(ids):
        opened.wait(30)
        return read(ids)

    monkeypatch.setattr(line._decoder, "read", waiting)
    yield opened
    opened.set()


def rest(line: Line) -> None:
    """Until nobody is served: the last event comes a moment before that."""
    end = time.monotonic() + 10
    while line.is_busy and time.monotonic() < end:
        time.sleep(0.001)
    assert not line.is_busy


def test_one_after_the_other_is_served_whole(tiny: Loaded, line: Line) -> None:
    asked = [Asked(tiny, f"x = {n}\n", most=20) for n in range(12)]
    for one in asked:
        line.submit(one.job)
    assert [one.end.why for one in asked] == ["length"] * 12
    assert [one.written for one in asked] == [20] * 12
    assert [one.when for one in asked] == sorted(one.when for one in asked)
    rest(line)


def test_who_is_more_urgent_comes_between_and_nothing_is_lost(tiny: Loaded, line: Line, gate: threading.Event) -> None:
    """The text under way waits, and is what it would have been."""
    prompt = "y = 1  # a long one " * 20
    alone = Asked(tiny, prompt, most=40)
    background = Asked(tiny, prompt, most=40, priority=2)
    chat = Asked(tiny, "x", most=4, priority=1)
    line.submit(background.job)
    while line.waiting:
        time.sleep(0.001)
    typing = Asked(tiny, "z = ", most=4, priority=0)
    for one in (chat, typing):
        line.submit(one.job)
    gate.set()
    assert [one.end.why for one in (typing, chat, background)] == ["length"] * 3
    assert typing.when < chat.when < background.when
    line.submit(alone.job)
    assert alone.end.why == "length"
    assert alone.job.written == background.job.written
    assert background.end.reused == 0, "as it began, not as it went on"


def test_a_full_line_says_so(tiny: Loaded) -> None:
    made = Line(Decoder(tiny), waiting=2)
    first = Asked(tiny, most=900)
    made.submit(first.job)
    while made.waiting:
        time.sleep(0.01)
    for _ in range(2):
        made.submit(Asked(tiny, most=200).job)
    with pytest.raises(Busy):
        made.submit(Asked(tiny).job)
    made.close()
    assert first.end.why in ("cancelled", "length")


def test_a_cancelled_job_writes_at_most_one_token_more(tiny: Loaded, line: Line) -> None:
    for _ in range(40):
        one = Asked(tiny, most=900)
        line.submit(one.job)
        while one.written < 2:
            time.sleep(0.001)
        before = one.written
        line.cancel(one.job)
        assert one.end.why == "cancelled"
        assert one.written <= before + 2, "the pass that was under way, and one that began before the word came"


def test_a_late_job_is_told_so(tiny: Loaded, line: Line) -> None:
    one = Asked(tiny, most=900, until=time.monotonic() + 0.05)
    line.submit(one.job)
    assert one.end.why == "late"


def test_a_storm_of_cancels_leaves_everything_as_it_was(tiny: Loaded, line: Line) -> None:
    chance = random.Random(5)
    asked = []
    for n in range(300):
        one = Asked(tiny, "word " * chance.randrange(1, 300) + str(n), most=chance.randrange(1, 20))
        try:
            line.submit(one.job)
        except Busy:
            time.sleep(0.02)
            continue
        asked.append(one)
        for other in asked[-20:]:
            if chance.random() < 0.3:
                line.cancel(other.job)
    assert {one.end.why for one in asked} <= {"length", "stop", "cancelled"}
    rest(line)
    assert not line.failed
    assert sum(isinstance(event, Ended) for one in asked for event in one.events) == len(asked), "each is told once"


@pytest.mark.parametrize("where", ["read", "likelihood"])
def test_without_memory_one_is_given_up_and_the_next_is_served(
    tiny: Loaded, line: Line, gate: threading.Event, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    usual, is_out = getattr(line._decoder, where), [True]

    def once(*given: object) -> object:
        if is_out and is_out.pop():
            raise torch.OutOfMemoryError("no memory")
        return usual(*given)

    monkeypatch.setattr(line._decoder, where, once)
    scored = {"texts": ((1, 2), (3,))} if where == "likelihood" else {}
    asked = [Asked(tiny, f"x = {n}\n", most=20, **scored) for n in range(2)]
    for one in asked:
        one.job.pieces = None if scored else one.job.pieces
        line.submit(one.job)
    gate.set()
    assert [one.end.why for one in asked] == ["memory", "stop" if scored else "length"]


def test_a_text_that_cannot_be_written_on_ends_alone(tiny: Loaded, line: Line, caplog) -> None:
    bad, good = Asked(tiny, most=30), Asked(tiny, "y = ", most=30)

    def broken(token: int) -> None:
        raise ValueError("no such token")

    assert bad.job.pieces is not None
    bad.job.pieces.push = broken  # type: ignore[method-assign,assignment]
    for one in (bad, good):
        line.submit(one.job)
    assert (bad.end.why, good.end.why) == ("broken", "length")
    assert not line.failed


def test_a_thread_that_ends_leaves_nobody_waiting(tiny: Loaded, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    made = Line(Decoder(tiny))

    def broken(ids):
        raise RuntimeError("the device is gone")

    monkeypatch.setattr(made._decoder, "read", broken)
    asked = [Asked(tiny) for _ in range(3)]
    for one in asked:
        made.submit(one.job)
    assert [one.end.why for one in asked] == ["broken"] * 3
    assert "the device is gone" in made.failed
    with pytest.raises(Busy):
        made.submit(Asked(tiny).job)
    made.close()


def test_an_answer_that_cannot_be_told_harms_nobody_else(tiny: Loaded, line: Line, caplog) -> None:
    def gone(event: Event) -> None:
        raise RuntimeError("the loop is closed")

    lost, good = Asked(tiny, most=500), Asked(tiny, most=10)
    lost.job.emit = gone
    line.submit(lost.job)
    line.submit(good.job)
    assert good.end.why == "length"
    while line.is_busy:
        time.sleep(0.01)


def test_scores_are_those_of_each_text(tiny: Loaded, line: Line) -> None:
    texts = tuple(tuple(tiny.ids(text)) for text in ("join", "exists", "abspath"))
    one = Asked(tiny, "import os\nos.path.", texts=texts)
    one.job.pieces = None
    line.submit(one.job)
    assert [len(scores) for scores in one.end.scores] == [len(text) for text in texts]


def test_typing_comes_between_two_texts_that_are_scored(
    tiny: Loaded, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = tuple(tuple(tiny.ids(f"join{n}")) for n in range(20))
    alone, one = (Asked(tiny, "import os\nos.path.", texts=texts, priority=2) for _ in range(2))
    for asked in (alone, one):
        asked.job.pieces = None
    line.submit(alone.job)
    scores, begun, usual = alone.end.scores, threading.Event(), line._decoder.likelihood
    typing = Asked(tiny, "z = ", most=4)

    def watched(*given):
        if not begun.is_set():
            begun.set()
            line.submit(typing.job)
        return usual(*given)

    monkeypatch.setattr(line._decoder, "likelihood", watched)
    line.submit(one.job)
    assert (typing.end.why, one.end.why) == ("length", "stop")
    assert typing.when < one.when
    assert [sum(text) for text in one.end.scores] == pytest.approx([sum(text) for text in scores], abs=0.2)


def test_half_a_character_at_the_end_is_no_text() -> None:
    data = "a\N{PARTY POPPER}".encode()
    pieces = Pieces(lambda ids: bytes(data[n] for n in ids).decode("utf-8", "replace"), [], ())
    told = "".join(pieces.push(n)[1] for n in range(3))
    assert told + pieces.finish() == "a"
