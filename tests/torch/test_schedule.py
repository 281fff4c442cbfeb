"""Who is served when, and that nobody who goes away, asks too much or fails takes anything from the others."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

import pytest
import torch

from assay.engine.torch_backend.decode import Decoder
from assay.engine.torch_backend.model import Loaded
from assay.engine.torch_backend.schedule import Busy, Ended, Event, Job, Scheduler, Written
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
def slow(scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Passes that wait for a word."""
    gate = threading.Event()
    step = scheduler._decoder.step

    def waiting(tokens):
        gate.wait(30)
        return step(tokens)

    monkeypatch.setattr(scheduler._decoder, "step", waiting)
    return gate.set


def test_many_at_once_share_the_passes(tiny: Loaded, scheduler: Scheduler) -> None:
    asked = [Asked(tiny, f"x = {n}\n", most=20) for n in range(12)]
    for one in asked:
        scheduler.submit(one.job)
    assert [one.end.why for one in asked] == ["length"] * 12
    assert [one.written for one in asked] == [20] * 12
    assert not scheduler.is_busy


def test_typing_goes_before_what_runs_in_the_background(tiny: Loaded, scheduler: Scheduler, slow) -> None:
    background = [Asked(tiny, f"y = {n}\n", most=40, priority=2) for n in range(6)]
    for one in background:
        scheduler.submit(one.job)
    typing = Asked(tiny, "z = ", most=4, priority=0)
    time.sleep(0.05)
    scheduler.submit(typing.job)
    slow()
    assert typing.end.why == "length"
    assert all(one.end.why == "length" and one.written == 40 for one in background), "one gave its row up and went on"
    assert typing.when < min(one.when for one in background)


def test_one_who_asks_much_leaves_rows_to_others(tiny: Loaded, scheduler: Scheduler, slow) -> None:
    greedy = [Asked(tiny, f"a = {n}\n", most=30, who="greedy") for n in range(12)]
    for one in greedy:
        scheduler.submit(one.job)
    modest = Asked(tiny, "b = ", most=30, who="modest")
    scheduler.submit(modest.job)
    slow()
    assert modest.end.why == "length"
    assert sum(one.end.why == "length" and one.when > modest.when for one in greedy) >= 4


def test_a_full_queue_says_so(tiny: Loaded, slow) -> None:
    made = Scheduler(Decoder(tiny, 1), waiting=2)
    first = Asked(tiny, most=200)
    made.submit(first.job)
    while made.waiting:
        time.sleep(0.01)
    for _ in range(2):
        made.submit(Asked(tiny, most=200).job)
    with pytest.raises(Busy):
        made.submit(Asked(tiny).job)
    made.close()
    assert first.end.why in ("cancelled", "length")


def test_a_cancelled_job_writes_at_most_one_token_more(tiny: Loaded, scheduler: Scheduler) -> None:
    for _ in range(40):
        one = Asked(tiny, most=900)
        scheduler.submit(one.job)
        while one.written < 2:
            time.sleep(0.001)
        before = one.written
        scheduler.cancel(one.job)
        assert one.end.why == "cancelled"
        assert one.written <= before + 2, "the pass that was under way, and one that began before the word came"


def test_a_late_job_is_told_so(tiny: Loaded, scheduler: Scheduler) -> None:
    one = Asked(tiny, most=900, until=time.monotonic() + 0.05)
    scheduler.submit(one.job)
    assert one.end.why == "late"


def test_a_storm_of_cancels_leaves_everything_as_it_was(tiny: Loaded, scheduler: Scheduler) -> None:
    chance = random.Random(5)
    asked = []
    for n in range(300):
        one = Asked(tiny, "word " * chance.randrange(1, 300) + str(n), most=chance.randrange(1, 20), who=str(n % 7))
        try:
            scheduler.submit(one.job)
        except Busy:
            time.sleep(0.02)
            continue
        asked.append(one)
        for other in asked[-20:]:
            if chance.random() < 0.3:
                scheduler.cancel(other.job)
    assert {one.end.why for one in asked} <= {"length", "stop", "cancelled"}
    assert not scheduler.is_busy and not scheduler.failed
    assert sum(isinstance(event, Ended) for one in asked for event in one.events) == len(asked), "each is told once"


def test_without_memory_the_least_urgent_is_given_up(
    tiny: Loaded, scheduler: Scheduler, slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [Asked(tiny, f"x = {n}\n", most=20, priority=n) for n in range(3)]
    for one in asked:
        scheduler.submit(one.job)
    while len(scheduler._active) < 3 or any(not one.job.written for one in asked[:1]):
        time.sleep(0.01)
    step, is_out = scheduler._decoder.step, [True]

    def once(tokens):
        if is_out.pop() if is_out else False:
            raise torch.OutOfMemoryError("no memory")
        return step(tokens)

    monkeypatch.setattr(scheduler._decoder, "step", once)
    slow()
    assert [one.end.why for one in asked] == ["length", "length", "memory"]
    again = Asked(tiny)
    scheduler.submit(again.job)
    assert again.end.why == "length"


def test_a_prompt_that_takes_all_memory_is_the_one_that_is_given_up(
    tiny: Loaded, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out(*_: object) -> None:
        raise torch.OutOfMemoryError("no memory")

    monkeypatch.setattr(scheduler._decoder, "likelihoods", out)
    urgent = Asked(tiny, "import os\nos.", texts=((1, 2), (3,)), priority=0)
    urgent.job.pieces = None
    other = Asked(tiny, most=300, priority=2)
    scheduler.submit(other.job)
    scheduler.submit(urgent.job)
    assert (urgent.end.why, other.end.why) == ("memory", "length")


def test_a_text_that_cannot_be_written_on_ends_alone(tiny: Loaded, scheduler: Scheduler, caplog) -> None:
    bad, good = Asked(tiny, most=30), Asked(tiny, "y = ", most=30)

    def broken(token: int) -> None:
        raise ValueError("no such token")

    assert bad.job.pieces is not None
    bad.job.pieces.push = broken  # type: ignore[method-assign,assignment]
    for one in (bad, good):
        scheduler.submit(one.job)
    assert (bad.end.why, good.end.why) == ("broken", "length")
    assert not scheduler.failed


def test_a_thread_that_ends_leaves_nobody_waiting(tiny: Loaded, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    made = Scheduler(Decoder(tiny, 1))

    def broken(tokens):
        raise RuntimeError("the device is gone")

    monkeypatch.setattr(made._decoder, "step", broken)
    asked = [Asked(tiny) for _ in range(3)]
    for one in asked:
        made.submit(one.job)
    assert [one.end.why for one in asked] == ["broken"] * 3
    assert "the device is gone" in made.failed
    with pytest.raises(Busy):
        made.submit(Asked(tiny).job)
    made.close()


def test_an_answer_that_cannot_be_told_harms_nobody_else(tiny: Loaded, scheduler: Scheduler, caplog) -> None:
    def gone(event: Event) -> None:
        raise RuntimeError("the loop is closed")

    lost, good = Asked(tiny, most=500), Asked(tiny, most=10)
    lost.job.emit = gone
    scheduler.submit(lost.job)
    scheduler.submit(good.job)
    assert good.end.why == "length"
    while scheduler.is_busy:
        time.sleep(0.01)


def test_scores_need_no_row_of_their_own_for_long(tiny: Loaded, scheduler: Scheduler) -> None:
    texts = tuple(tuple(tiny.ids(text)) for text in ("join", "exists", "abspath"))
    one = Asked(tiny, "import os\nos.path.", texts=texts)
    one.job.pieces = None
    scheduler.submit(one.job)
    assert [len(scores) for scores in one.end.scores] == [len(text) for text in texts]


def test_half_a_character_at_the_end_is_no_text() -> None:
    data = "a\N{PARTY POPPER}".encode()
    pieces = Pieces(lambda ids: bytes(data[n] for n in ids).decode("utf-8", "replace"), [], ())
    told = "".join(pieces.push(n)[1] for n in range(3))
    assert told + pieces.finish() == "a"
