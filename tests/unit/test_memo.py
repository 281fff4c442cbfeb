"""Results remembered within a bound."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from analyzers.memo import ENTRY, MIB, remembered, size_of


@dataclass(frozen=True, slots=True)
class Found:
    names: frozenset[str]
    by: dict[str, tuple[str, ...]]


def test_what_is_known_is_not_made_again() -> None:
    made = Counter[str]()

    @remembered(MIB)
    def words(text: str, lead: int, *, path: str = "") -> tuple[str, ...] | None:
        made[text] += 1
        return None if not text else tuple(text.split())

    for text in ("", "a b", "x " * 200):
        assert words(text, 1) == words(text, 1) == (tuple(text.split()) or None)
        words(text, 2)
        words(text, 2, path="p")
    assert set(made.values()) == {3}, "each of its arguments counts, and None is a result"


def test_the_least_recently_used_are_forgotten_beyond_the_bound() -> None:
    made = list[str]()

    @remembered(3 * (ENTRY + size_of("x" * 1000)))
    def same(text: str) -> str:
        made.append(text)
        return text * 1

    for text in ("a", "b", "c"):
        same(text * 1000)
    same("a" * 1000)
    same("d" * 1000)
    same("a" * 1000)
    assert [text[0] for text in made] == ["a", "b", "c", "d"]
    same("b" * 1000)
    assert [text[0] for text in made] == ["a", "b", "c", "d", "b"]


def test_texts_are_not_held_and_results_of_any_size_stay_within_the_bound() -> None:
    @remembered(MIB)
    def found(text: str) -> Found:
        words = text.split()
        return Found(frozenset(words), {word: (word,) for word in words[:50]})

    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(60):
        found(" ".join(f"w{number}_{n}" for n in range(2000)))
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 2 * MIB, "60 results take some 12 MiB, and their texts 1"


def test_a_result_beyond_the_bound_is_given_and_not_kept() -> None:
    made = list[int]()

    @remembered(1000)
    def large(text: str) -> str:
        made.append(len(text))
        return text + "."

    assert large("x" * 2000) == large("x" * 2000) == "x" * 2000 + "."
    assert made == [2000, 2000]


def test_threads_may_ask_at_once() -> None:
    @remembered(10 * (ENTRY + 100))
    def length(text: str) -> int:
        return len(text)

    with ThreadPoolExecutor(4) as pool:
        texts = ["y" * (n % 40 + 100) for n in range(4000)]
        assert list(pool.map(length, texts)) == [len(text) for text in texts]
