"""The last results of costly work, by a digest of all that went into it. In memory; forgetting costs time, nothing else."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")

LIMIT = 256  # results; one holds a few kilobytes at most


class Recent(Generic[T]):
    """At most LIMIT results, the least recently used one forgotten first."""

    def __init__(self) -> None:
        self._results: OrderedDict[str, T] = OrderedDict()

    def get(self, key: str) -> T | None:
        """The result for `key`, or None."""
        if key in self._results:
            self._results.move_to_end(key)
        return self._results.get(key)

    def put(self, key: str, result: T) -> None:
        """Remember `result` for `key`."""
        self._results[key] = result
        self._results.move_to_end(key)
        if len(self._results) > LIMIT:
            self._results.popitem(last=False)


def digest(*parts: object) -> str:
    """A key for parts whose `repr` tells all of them: frozen dataclasses, tuples, texts, numbers."""
    return hashlib.sha256("\0".join(map(repr, parts)).encode("utf-8", "surrogatepass")).hexdigest()
