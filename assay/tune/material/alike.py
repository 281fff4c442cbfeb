"""Which texts are nearly the same, by MinHash over runs of five words (Broder 1997; datasketch has it): one of several is kept, and what is much alike stays on one side of a split."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datasketch import MinHash

SAME, ALIKE = 0.8, 0.5  # estimated Jaccard similarity from which two texts are one, and from which they belong together
PERMUTATIONS = 64
RUN = 5  # words
_WORD = re.compile(r"\w+|[^\w\s]")


def groups(texts: Sequence[str]) -> tuple[list[int], list[int]]:
    """For each text the number of the earlier text that it repeats (its own where it repeats none), and of the first of those that it belongs together with."""
    from datasketch import MinHashLSH  # what reads samples does without

    hashes = [_hash(text) for text in texts]
    index = MinHashLSH(threshold=ALIKE, num_perm=PERMUTATIONS)
    repeats, together = list(range(len(texts))), list(range(len(texts)))

    def top(number: int) -> int:
        while together[number] != number:
            number = together[number]
        return number

    for number, one in enumerate(hashes):
        for other in sorted(index.query(one)):
            similar = one.jaccard(hashes[other])
            if similar >= SAME and repeats[number] == number:
                repeats[number] = other
            if similar >= ALIKE:
                first, second = sorted((top(number), top(other)))
                together[second] = first
        if repeats[number] == number:
            index.insert(number, one)
    return repeats, [top(number) for number in range(len(texts))]


def _hash(text: str) -> MinHash:
    from datasketch import MinHash

    words = _WORD.findall(text)
    made = MinHash(num_perm=PERMUTATIONS, seed=1)
    runs = {" ".join(words[at : at + RUN]) for at in range(max(1, len(words) - RUN + 1))}
    made.update_batch([one.encode("utf-8", "surrogatepass") for one in runs])
    return made
