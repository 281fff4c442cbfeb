"""What was offered: typed through, held only in the same world, never again once dismissed, and what its fates say."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from analyzers.text import Snapshot, Span
from assay.assistant.complete import offers
from assay.assistant.complete.offers import Offers
from assay.assistant.drafting.ask import Ask
from assay.assistant.nouns import Check, Completion, Failed, Origin, Passed, Suggestion, Unverified, Verdict
from assay.assistant.proof.verdict import Proof
from assay.assistant.world.world import World
from tests.conftest import cursor

OPEN = Unverified((Check("names", "skipped"),), "deadline", "still starting")
GOOD = Unverified((Check("names", "passed"),), "no-tests", "no test")


def ask(marked: str, uri: str = "file:///a.py") -> Ask:
    text, offset = cursor(marked)
    return Ask(Snapshot(uri, "/a.py", 0, text), offset, World(Path("/")), trigger="automatic")


def completion(
    at: Ask, text: str, verdict: Verdict = GOOD, number: str = "1", imports: tuple[str, ...] = ()
) -> Completion:
    origin = Origin("x", "", "", (), {})
    return Completion(number, (Suggestion(number, text, Span(at.offset, at.offset), verdict, origin, imports),))


def offered(text: str, marked: str = "x = ‸\n", verdict: Verdict = GOOD) -> Offers:
    made, at = Offers(), ask(marked)
    found = completion(at, text, verdict)
    made.remember(at, found)
    made.show(at, found)
    return made


def held(kept: Offers, marked: str, world: object = None) -> str | None:
    found = kept.held(ask(marked), world)
    return found.suggestions[0].text if found else None


@pytest.mark.parametrize(
    ("then", "rest"),
    [
        ("x = ‸\n", "call(1)"), ("x = ca‸\n", "ll(1)"), ("x = call(‸)\n", "1"), ("x = cat‸\n", None), ("x = call(1)‸\n", None),
        ("y = ca‸\n", None), ("x =‸ \n", None), ("x = ca‸ + 1\n", None), ("x = ca‸\nmore\n", None),
    ],
)  # fmt: skip
def test_an_offer_is_typed_through_as_long_as_the_document_agrees(then: str, rest: str | None) -> None:
    assert held(offered("call(1)"), then) == rest


def test_an_offer_moves_with_what_was_typed() -> None:
    found = offered("call(1)").held(ask("x = ca‸\n"))
    assert found is not None
    assert found.suggestions[0].replace == Span(6, 6)


def test_an_offer_is_held_only_in_the_world_it_was_checked_in() -> None:
    made, at = Offers(), ask("x = ‸\n")
    made.remember(at, completion(at, "call(1)"), world=(1, {"b.py": "old"}))
    assert held(made, "x = c‸\n", (1, {"b.py": "old"})) == "all(1)"
    assert held(made, "x = c‸\n", (1, {"b.py": "new"})) is None


def test_what_was_not_looked_up_is_checked_again() -> None:
    assert held(offered("call(1)", verdict=OPEN), "x = c‸\n") is None


def test_only_the_last_offers_are_kept() -> None:
    made = Offers()
    for number in range(offers.KEPT + 1):
        at = ask("x = ‸\n", f"file:///{number}.py")
        made.remember(at, completion(at, "y", number=str(number)))
    first, last = ask("x = ‸\n", "file:///0.py"), ask("x = ‸\n", f"file:///{offers.KEPT}.py")
    assert made.held(first) is None
    assert made.held(last) is not None


def test_a_closed_document_leaves_no_text_behind() -> None:
    made = offered("call(1)")
    made.close_document("file:///a.py")
    assert not made._offers
    assert not made._seen
    at = ask("x = ‸\n")
    made.remember(at, completion(at, "y"))
    made.close_document("file:///other.py")
    assert held(made, "x = ‸\n") == "y"


def test_new_settings_forget_what_was_offered() -> None:
    made = offered("call(1)")
    made.forget()
    assert held(made, "x = ‸\n") is None


@pytest.mark.parametrize(
    ("then", "streak"), [("x = cal‸\n", 0), ("x = z‸\n", 1), ("x = call(1)‸\n", 0), ("x‸ = \n", 1)]
)
def test_a_later_request_tells_what_became_of_an_offer(then: str, streak: int) -> None:
    made = offered("call(1)")
    made.look_back(ask(then))
    assert made.streak == streak


def test_taking_one_ends_the_streak() -> None:
    made = Offers()
    for number in range(3):
        at = ask("x = ‸\n")
        made.show(at, completion(at, "call(1)", number=str(number)))
        made.look_back(ask("x = z‸\n"))
    assert made.streak == 3
    made.show(at, completion(at, "call(1)", number="9"))
    made.accept("9")
    assert made.streak == 0


def test_the_imports_of_what_is_taken_are_told_once() -> None:
    made, at = Offers(), ask("x = ‸\n")
    made.show(at, completion(at, "math.pi", imports=("import math",)))
    assert made.accept("1") == ("file:///a.py", ("import math",))
    assert made.accept("1") == ("", ())


@pytest.mark.parametrize(("then", "text"), [("x = ‸\n", "call(1)"), ("x = ca‸\n", "ll(1)")])
def test_what_was_dismissed_is_known_again(then: str, text: str) -> None:
    made = offered("call(1)")
    made.dismiss("1")
    assert made.was_dismissed(ask(then), text)
    assert held(made, then) is None
    assert made.streak == 1


def test_an_older_offer_of_the_same_is_not_held_either() -> None:
    made, at = Offers(), ask("x = ‸\n")
    for number in "12":
        found = completion(at, "call(1)", number=number)
        made.remember(at, found)
        made.show(at, found)
    made.dismiss("2")
    assert held(made, "x = ‸\n") is None
    assert held(made, "x = ca‸\n") is None


def test_a_dismissal_may_come_after_the_next_request() -> None:
    made = offered("call(1)")
    made.look_back(ask("x = z‸\n"))
    made.dismiss("1")
    assert made.was_dismissed(ask("x = ‸\n"), "call(1)")


def test_imports_that_the_answer_brings_are_nobody_elses() -> None:
    made, at = Offers(), ask("x = ‸\n")
    made.show(at, completion(at, "math.pi", imports=("import math",)))
    made.bring_imports("1")
    made.bring_imports("unknown")
    assert made.accept("1") == ("file:///a.py", ())


def test_something_else_or_elsewhere_is_not_dismissed() -> None:
    made = offered("call(1)")
    made.dismiss("1")
    assert not made.was_dismissed(ask("x = ‸\n"), "call(2)")
    assert not made.was_dismissed(ask("y = ‸\n"), "call(1)")
    assert not made.was_dismissed(ask("x = ‸\n", "file:///b.py"), "call(1)")


def running(verdict: Verdict, begun: asyncio.Event) -> Proof:
    async def work() -> Verdict:
        await begun.wait()
        return verdict

    return Proof(GOOD, asyncio.create_task(work()))


async def until_done(task_count: int = 3) -> None:
    for _ in range(task_count):
        await asyncio.sleep(0)


async def test_a_late_verdict_is_told_and_kept_with_the_offer() -> None:
    made, go, told = offered("call(1)"), asyncio.Event(), list[tuple[str, Verdict]]()
    made.follow("1", running(Passed((), "1 test"), go), lambda *late: told.append(late))
    go.set()
    await until_done()
    assert told == [("1", Passed((), "1 test"))]
    found = made.held(ask("x = ‸\n"))
    assert found is not None
    assert isinstance(found.suggestions[0].verdict, Passed)


async def test_an_offer_that_failed_late_is_not_held() -> None:
    made, go = offered("call(1)"), asyncio.Event()
    made.follow("1", running(Failed((), "1 test fails"), go), lambda *late: None)
    go.set()
    await until_done()
    assert held(made, "x = ‸\n") is None


async def test_a_proof_that_nobody_waits_for_is_ended() -> None:
    made, proof = Offers(), running(GOOD, asyncio.Event())
    made.follow("1", proof, None)
    with pytest.raises(asyncio.CancelledError):
        await proof.later()


@pytest.mark.parametrize(
    ("then", "is_ended"), [("x = cal‸\n", False), ("x = call(1)‸\n", False), ("x = z‸\n", True), ("x‸ = \n", True)]
)
async def test_the_proof_of_what_was_passed_over_is_ended(then: str, is_ended: bool) -> None:
    made, go, told = offered("call(1)"), asyncio.Event(), list[str]()
    proof = running(GOOD, go)
    made.follow("1", proof, lambda number, verdict: told.append(number))
    await until_done()
    made.look_back(ask(then))
    go.set()
    await until_done()
    assert told == ([] if is_ended else ["1"])


async def test_late_proofs_do_not_stack() -> None:
    made, proofs = Offers(), [running(GOOD, asyncio.Event()) for _ in range(offers.LATE_LIMIT + 1)]
    for number, proof in enumerate(proofs):
        made.follow(str(number), proof, lambda *late: None)
    await until_done()
    with pytest.raises(asyncio.CancelledError):
        await proofs[0].later()
    made.close()
    await until_done()
    with pytest.raises(asyncio.CancelledError):
        await proofs[-1].later()
