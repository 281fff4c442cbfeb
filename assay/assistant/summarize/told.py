"""A model's word for a function: one or two sentences, kept only where no fact denies them.

Asked for by a person, one function at a time; the answer is remembered by the function's text, as long as the settings are the same. What the model says of something that is not there is not shown: the sentence composed of facts stands instead.
"""

from __future__ import annotations

import ast
import asyncio
import hashlib
import re
from dataclasses import dataclass, replace

from analyzers import claims, secrets, syntax
from analyzers.facts import Facts
from assay.engine import dialects
from assay.engine.api import Request
from assay.engine.dialects import LEFT_TO_RIGHT, render

from ..drafting import asking
from ..workbench import Workbench
from .symbols import Symbol

SENTENCES = 2
TOKENS = 70
WORDS, CHARS = 4, 300  # a sentence has so many words at least, what is told so many characters at most
SOURCE_CHARS = 6_000  # of a function that is shown to the model
ANSWER_S = 30.0
_STOP = ('"""', "\n\n", "\n    :", "Args:", "Parameters", "Returns:")


@dataclass(frozen=True, slots=True)
class Told:
    """The symbol with the model's sentences, or as it was and why they were not kept."""

    symbol: Symbol
    why: str = ""


async def of(bench: Workbench, symbol: Symbol, text: str) -> Told:
    """Ask the model what a function or class of the file `text` does. Raises EngineError; TimeoutError where it does not answer in ANSWER_S."""
    source = own_source(symbol.facts, text)
    if source is None:
        return Told(
            symbol, f"{symbol.facts.path} is not shown to the model: it is too long, or its lines have odd ends."
        )
    said = known(bench, symbol.facts, text)
    if said is None:
        async with asyncio.timeout(ANSWER_S):
            said = _plain(await _asked(bench, symbol.facts, source))
        bench.memory.sentences.put(_key(source), said)
    return _checked(symbol, source, said)


def remembered(bench: Workbench, symbol: Symbol, text: str) -> Symbol:
    """The symbol with what the model said of this very text, where it was asked and no fact denies it."""
    source, said = own_source(symbol.facts, text), known(bench, symbol.facts, text)
    return _checked(symbol, source, said).symbol if source is not None and said is not None else symbol


def known(bench: Workbench, facts: Facts, text: str) -> str | None:
    """What the model said of this text, checked or not."""
    source = own_source(facts, text)
    return bench.memory.sentences.get(_key(source)) if source is not None else None


def _checked(symbol: Symbol, source: str, said: str) -> Told:
    if len(said.split()) < WORDS:
        return Told(symbol, "The model said nothing.")
    if why := claims.denied(said, symbol.facts, source):
        return Told(symbol, f"What the model said was not kept: {why}.")
    return Told(replace(symbol, summary=said, source="model"))


def own_source(facts: Facts, text: str) -> str | None:
    """The symbol's source text without its docstring and without secrets; None where it is too long, or the text's lines end so that they cannot be counted."""
    if not syntax.has_plain_lines(text):
        return None
    rows = secrets.redact(text).split("\n")[facts.line - 1 : facts.end]
    source = "\n".join(rows)
    if len(source) > SOURCE_CHARS:
        return None
    indent = len(rows[0]) - len(rows[0].lstrip())
    flat = "\n".join(row[indent:] if not row[:indent].strip() else row for row in rows)
    tree = syntax.module(flat)
    if tree is None or not tree.body:
        return flat
    first = next(iter(getattr(tree.body[0], "body", ())), None)
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        lines = flat.split("\n")
        flat = "\n".join([*lines[: first.lineno - 1], *lines[first.end_lineno or first.lineno :]])
    return flat


async def _asked(bench: Workbench, facts: Facts, source: str) -> str:
    dialect = await dialects.spoken(bench.engine, bench.settings.text("engine.dialect"))
    head, body = _parts(source)
    if dialect is LEFT_TO_RIGHT:
        prompt, suffix = f"{source}\n\n\n# What `{facts.path}` does, in one sentence:\n#", None
    else:
        prompt, suffix = render(dialect, f'{head}\n    """', f'"""\n{body}')
    stop = ("\n",) if dialect is LEFT_TO_RIGHT else _STOP
    return await asking.text(bench.engine, Request(prompt, suffix, max_tokens=TOKENS, stop=stop, priority=1))


def _parts(source: str) -> tuple[str, str]:
    """The header with its colon, and the body."""
    match = re.search(r":[ \t]*(?:#[^\n]*)?\n(?=[ \t]+\S)", source)
    return (source[: match.end() - 1], source[match.end() :]) if match else (source.rstrip(), "    pass\n")


def _plain(said: str) -> str:
    """The first sentences, in one line."""
    for mark in _STOP:
        said = said.partition(mark)[0]
    line = " ".join(said.replace('"', "").split())
    parts = re.split(r"(?<=[.!?])\s+(?=[A-Z`])", line)
    kept = " ".join(parts[:SENTENCES])[:CHARS].strip()
    return kept if not kept or kept.endswith((".", "!", "?")) else f"{kept}."


def _key(source: str) -> str:
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()
