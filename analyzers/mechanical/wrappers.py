"""Decorators that a description names by what they add: a log, the time, another try, a memory of results, a count. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from .made import About, Made

_FUNCTIONS = frozenset("function func fn f method callback callable".split())
_WRAPS = ("import functools",)


def bodies(about: About) -> Iterator[Made]:
    """What the rules give for a function that takes a function and gives one, or that gives such a one."""
    wish = about.wish
    said = wish.words
    is_meant = "decorator" in said or "decorate" in said or "wrap" in said or "Callable" in wish.returns
    if about.owner is not None or not is_meant:
        return
    function = next((one.name for one in wish.given if one.name in _FUNCTIONS or "Callable" in one.hint), "")
    outer = [one for one in about.given if one != function]
    name = function or "function"
    if function and not outer and said & {"cache", "cached", "memoize", "memoized", "remember", "memo"}:
        yield Made(f"return functools.cache({function})", "remembers results", _WRAPS)
    for inner, told, more in _inner(about, name, outer):
        wrapper = f"@functools.wraps({name})\ndef wrapper(*args, **kwargs):\n{textwrap.indent(inner, '    ')}\n"
        first = "wrapper.calls = 0\n" if "wrapper.calls" in inner else ""
        made = f"{wrapper}\n{first}return wrapper"
        if not function:
            made = f"def decorate({name}):\n{textwrap.indent(made, '    ')}\n\nreturn decorate"
        yield Made(made, told, (*_WRAPS, *more))


def _inner(about: About, name: str, outer: list[str]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """What the wrapper does, with what it is called and needs."""
    said, call = about.wish.words, f"{name}(*args, **kwargs)"
    if said & {"retry", "retries", "again", "attempt", "try"} and outer:
        times = outer[0]
        last = f"if attempt == {times} - 1:\n            raise"
        yield f"for attempt in range({times}):\n    try:\n        return {call}\n    except Exception:\n        {last}", "tries again", ()  # fmt: skip
    if said & {"log", "logs", "logged", "trace"}:
        yield f'logging.getLogger(__name__).info("%s(%s, %s)", {name}.__name__, args, kwargs)\nreturn {call}', "logs its calls", ("import logging",)  # fmt: skip
    if said & {"print", "prints", "announce"}:
        yield f'print(f"{{{name}.__name__}}({{args}}, {{kwargs}})")\nreturn {call}', "prints its calls", ()
    if said & {"time", "timed", "timing", "duration", "measure"}:
        yield f'begun = time.perf_counter()\ntry:\n    return {call}\nfinally:\n    print(f"{{{name}.__name__}}: {{time.perf_counter() - begun:.3f}} s")', "tells its time", ("import time",)  # fmt: skip
    if said & {"count", "counts", "counted", "calls"}:
        yield f"wrapper.calls += 1\nreturn {call}", "counts its calls", ()
    if said & {"once"}:
        yield (
            f'if not hasattr(wrapper, "result"):\n    wrapper.result = {call}\nreturn wrapper.result',
            "runs it once",
            (),
        )
    if said & {"default", "suppress", "swallow", "ignore"} and outer:
        yield (
            f"try:\n    return {call}\nexcept Exception:\n    return {outer[-1]}",
            "gives something else for an exception",
            (),
        )
    if said & {"none"} and said & {"exception", "error", "fail"}:
        yield f"try:\n    return {call}\nexcept Exception:\n    return None", "gives None for an exception", ()
