"""Results remembered by what they were made of, within a bound in bytes, whatever the size of the texts.

A text of some length stands in a key by its hash of 64 bits and that length, never by itself, so what was typed once is not held. Python computes that hash once for each text that stays, and a project's files do: a look-up costs nothing then.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import wraps
from threading import Lock
from typing import Any, Generic, ParamSpec, TypeVar

from cachetools import LRUCache

P = ParamSpec("P")
R = TypeVar("R")
MIB = 1 << 20
SHORT, FEW = (
    64,
    4,
)  # characters of a text, and parts of a tuple: what has no more stands in a key as it is, or part by part
ENTRY = 200  # bytes of a key and its place in a table, about


class Bounded(Generic[R]):
    """Results by keys, together `limit` bytes at most, the least recently used ones forgotten first; one that is larger alone is not kept. May be used from
    several threads. Forgetting costs time, nothing else."""

    def __init__(self, limit: int, *, shared: tuple[type, ...] = ()) -> None:
        self._shared = shared
        self._known: LRUCache[Hashable, tuple[int, R]] = LRUCache(limit, getsizeof=lambda one: one[0])
        self._lock = Lock()

    def get(self, key: Hashable) -> R | None:
        """The result, or None."""
        found = self.held(key)
        return found[1] if found is not None else None

    def held(self, key: Hashable) -> tuple[int, R] | None:
        """Its size in bytes and the result, where None may be one."""
        with self._lock:
            return self._known.get(key)

    def put(self, key: Hashable, result: R) -> None:
        """Remember it."""
        size = ENTRY + size_of(result, self._shared)
        if size <= self._known.maxsize:
            with self._lock:
                self._known[key] = size, result

    def clear(self) -> None:
        """Forget all of it."""
        with self._lock:
            self._known.clear()


def remembered(limit: int, *, shared: tuple[type, ...] = ()) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorates a pure function of texts, paths, numbers and tuples of them whose results nobody changes: they are remembered within `limit` bytes. What is of a `shared` type
    is in many results at once, as interned names are, and counts nothing."""

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        known = Bounded[R](limit, shared=shared)

        @wraps(function)
        def asked(*arguments: P.args, **named: P.kwargs) -> R:
            key: Hashable = tuple(map(key_of, arguments))
            if named:
                key = key, tuple((name, key_of(one)) for name, one in sorted(named.items()))
            if (found := known.held(key)) is not None:
                return found[1]
            made = function(*arguments, **named)
            known.put(key, made)
            return made

        return asked

    return decorated


def give_back() -> None:
    """Have the C library give memory that is free back to the system, where it has a call for that."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def key_of(argument: object) -> Hashable:
    """What stands for an argument in a key: itself, or the hash and the length of what is long."""
    if isinstance(argument, tuple) and len(argument) <= FEW:
        return tuple(map(key_of, argument))
    assert isinstance(argument, Hashable)
    if isinstance(argument, tuple) or (isinstance(argument, str) and len(argument) > SHORT):
        return hash(argument), len(argument)
    return argument


def size_of(value: object, shared: tuple[type, ...] = ()) -> int:
    """The bytes that a result takes, about: what is in it counted once, whatever else holds it, and what is of a `shared` type not at all."""
    seen, left, total = set[int](), [value], 0
    while left:
        one = left.pop()
        if one is None or isinstance(one, (bool, int, float, type, *shared)) or id(one) in seen:
            continue
        seen.add(id(one))
        total += sys.getsizeof(one, 0)
        left.extend(_within(one))
    return total


def _within(one: object) -> Iterable[Any]:
    if isinstance(one, str | bytes):
        return ()
    if isinstance(one, Mapping):
        return (*one.keys(), *one.values())
    if isinstance(one, tuple | list | set | frozenset):
        return one
    if is_dataclass(one):
        return (getattr(one, field.name) for field in fields(one))
    return vars(one).values() if hasattr(one, "__dict__") else ()
