"""A request's trace as a person reads it: one line a stage, what it saw, and the checks of the verdict below it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

TEXT_LIMIT = 100  # characters of a candidate that a line shows

Facts = Mapping[str, Any]


def lines(record: Facts) -> Iterator[str]:
    """The lines for one record of `Traces`; a stage that is not known here is shown with its plain facts."""
    yield f"{record.get('where', '')}"
    yield f"{record.get('outcome', '')}   (trace {record.get('id', '')})"
    yield ""
    for event in record.get("events", []):
        stage = str(event.get("stage", ""))
        said = _STAGES.get(stage, _plain)(event)
        yield f"{event.get('ms', 0):8.0f} ms  {stage:10} {said}".rstrip()
        for check in _verdict(event).get("checks", []):
            state, ms, detail = check.get("state"), check.get("ms", 0), check.get("detail", "")
            yield f"{'':23} {check.get('name', ''):6} {state:10} {ms:6.0f} ms  {detail}".rstrip()


def oneline(text: str, limit: int = TEXT_LIMIT) -> str:
    """A text of several lines on one, cut at `limit` characters."""
    line = " ⏎ ".join(part.strip() for part in text.strip().split("\n"))
    return line if len(line) <= limit else line[:limit] + "…"


def _verdict(event: Facts) -> Facts:
    found = event.get("verdict", event if event.get("stage") == "verdict" else {})
    return found if isinstance(found, dict) and event.get("stage") == "verdict" else {}


def _site(event: Facts) -> str:
    return str(event.get("why") or f"a {event.get('kind')} can be written here")


def _prompt(event: Facts) -> str:
    sources = ", ".join(event.get("sources", []))
    first = ", little context until the rest is read ahead" if event.get("first") else ""
    return (
        f"{event.get('chars')} characters, {event.get('dialect', '')}"
        + (f", with {sources}" if sources else "")
        + first
    )


def _read(event: Facts) -> str:
    about = "about " if event.get("about") else ""
    return f"{about}{event.get('anew')} tokens of the prompt, {about}{event.get('kept')} were kept from the last one"


def _candidate(event: Facts) -> str:
    temperature = event.get("sampling", {}).get("temperature", 0)
    return f"{oneline(str(event.get('text', '')))}" + (f"   (temperature {temperature})" if temperature else "")


def _filters(event: Facts) -> str:
    return f"changed by {', '.join(event['changed'])}" if event.get("changed") else "nothing to change"


def _repair(event: Facts) -> str:
    return f"{event.get('did')}: {oneline(str(event.get('text', '')))}"


def _offer(event: Facts) -> str:
    return oneline(str(event.get("text", "")))


def _plain(event: Facts) -> str:
    facts = {k: v for k, v in event.items() if k not in ("stage", "ms", "checks") and v not in ("", [], None)}
    return oneline(", ".join(str(v) for v in facts.values()), 300)


_STAGES: Mapping[str, Callable[[Facts], str]] = {
    "site": _site,
    "prompt": _prompt,
    "read": _read,
    "candidate": _candidate,
    "filters": _filters,
    "repair": _repair,
    "offer": _offer,
    "piece": lambda event: f"as far as {oneline(str(event.get('text', '')))}",
    "nearby": lambda event: f"{oneline(str(event.get('text', '')))}   (probability {event.get('probability')})",
    "guided": lambda event: f"the name behind the dot is one of the {event.get('names')} that jedi knows there",
    "late": lambda event: "no further sample: whoever types has moved on",
    "verdict": lambda event: (
        f"{event.get('state')}: {event.get('why')}" + (" The checks go on." if event.get("goes_on") else "")
    ),
}
