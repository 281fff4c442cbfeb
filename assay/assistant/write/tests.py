"""Tests of a written function, in the file where the project has such tests: its examples that no test shows yet, and what somebody chose between two candidates."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from analyzers import documented, encodings, homes, inputs, reach, sessions, subjects, syntax
from analyzers.documented import Example
from analyzers.wishes.wish import Wish

from ..rendering import written
from ..rendering.rows import Row
from ..trials.answers import Answer
from .candidate import Target

MOST = 12  # rows


async def of(target: Target, wish: Wish, text: str, style: Callable[[str], str]) -> dict[str, str]:
    """The test file with its tests, by its name, once the file of the function has this `text`; nothing where the project has no tests yet, or there is no example that can be written so."""
    return await asyncio.to_thread(_of, target, wish, text, style)


def _of(target: Target, wish: Wish, text: str, style: Callable[[str], str]) -> dict[str, str]:
    patterns = target.state.test_files
    if reach.is_test_file(target.name, patterns) or not any(reach.is_test_file(one, patterns) for one in target.texts):
        return {}
    texts = {**target.texts, target.name: text}
    home = homes.test_file(texts, target.name)
    there = target.over[home] if home in target.over else _on_disk(target.state.root / home)
    if there is None:
        return {}
    texts[home] = there
    subject = next((one for one in subjects.of_text(text) if one.name == (wish.owner or wish.name)), None)
    new = [one for one in wish.examples if one.call not in wish.tested and f">>> {one.call}" not in wish.doc]
    rows = [row for one in new if (row := _row(one, wish)) is not None]
    if subject is None or not rows:
        return {}
    if not there:
        texts.pop(home)
    made = written.written(texts, target.name, subject, rows[:MOST], style)
    return {made.name: made.text} if made is not None and syntax.module(made.text) is not None else {}


def _on_disk(path: Path) -> str | None:
    """A file's text, "" for one that is not there; None for one that cannot be read."""
    try:
        return encodings.decoded(path.read_bytes()) if path.exists() else ""
    except (OSError, UnicodeDecodeError):
        return None


def _row(one: Example, wish: Wish) -> Row | None:
    """An example as a test has it; None for a session, which the docstring shows."""
    is_way = sessions.is_way(one.call)
    tree = syntax.expression(one.call)
    if not is_way and (wish.owner or tree is None or documented.arguments(one.call) is None):
        return None
    if one.raised:
        return Row(one.call, Answer("raised", kinds=(one.raised,)), "asked")
    if one.gives == "None" and not is_way:
        return Row(one.call, Answer("value", "None"), "asked")
    value = inputs.literal(one.gives)
    return Row(one.call, Answer("value", repr(value), is_steps=is_way), "asked") if value is not None else None


def before(target: Target, texts: Mapping[str, str]) -> dict[str, str]:
    """What the files of a change are now; "" for one that is not there."""
    return {name: target.text if name == target.name else target.over.get(name) or _on_disk(target.state.root / name) or "" for name in texts}  # fmt: skip
