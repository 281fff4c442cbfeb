"""What one person may ask for: caps that the team's configuration sets by role, and what no engine is asked for whoever asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from assay.engine import stops
from assay.engine.web import Refused, ServerBusy

STOPS = 16  # texts that end an answer,
STOPS_LENGTH = 1_000  # and their characters: each piece of an answer is held against all of them
NUMBERS = (
    "n",
    "best_of",
    "max_tokens",
    "max_completion_tokens",
)  # whole numbers, which an engine may read in a text, too
SHAPES: Mapping[str, tuple[type, ...]] = {"model": (str,), "stream": (bool,), "stop": (str, list), "temperature": (int, float), "top_p": (int, float), "prompt": (str, list), "messages": (list,), "seed": (int,), "priority": (int,)}  # fmt: skip
CHARS_OF_A_TOKEN = 3
MINUTE_S = 60.0
TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one person. 0: no limit. `priority`: the most urgent that is theirs."""

    requests: int = 0  # at once, with those that wait
    tokens_a_minute: int = 0  # that are written
    max_tokens: int = 0  # of one answer
    prompt_chars: int = 0
    priority: int = 0


class Spending:
    """Tokens that were written for each person within the last minute, as a bucket that fills again evenly."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._people: dict[str, tuple[float, float]] = {}  # owed tokens, as of when

    def owed(self, who: str, a_minute: int) -> float:
        """Tokens that were written and are not yet made up for by time."""
        owed, at = self._people.get(who, (0.0, self._now()))
        return max(0.0, owed - (self._now() - at) * a_minute / MINUTE_S)

    def spend(self, who: str, a_minute: int, tokens: int) -> None:
        """So many were written."""
        if a_minute:
            self._people[who] = (self.owed(who, a_minute) + tokens, self._now())

    def hold(self, who: str, limits: Limits) -> None:
        """Raises ServerBusy where the minute's tokens are gone, with the time until there are some."""
        rate = limits.tokens_a_minute
        if rate and (owed := self.owed(who, rate)) >= rate:
            wait_s = max(1, round((owed - rate) * MINUTE_S / rate) + 1)
            raise ServerBusy(f"Your {rate} tokens of this minute are written.", wait_s, TOO_MANY)


def hold(body: Mapping[str, object], limits: Limits) -> None:
    """What the engine would leave out without a word, takes more places than its turn has, or is more than somebody may have. Raises Refused."""
    if body.get("echo"):
        raise Refused("`echo` is not served: the prompt does not come back.")
    if body.get("use_beam_search"):
        raise Refused("`use_beam_search` is not served.")
    _hold_to_shapes(body)
    prompt = body.get("prompt")
    if isinstance(prompt, list) and (len(prompt) != 1 and not all(type(one) is int for one in prompt)):
        raise Refused("`prompt` has to be one prompt: ask for several one by one.")
    texts = stops.texts_of(body)
    if len(texts) > STOPS or sum(map(len, texts)) > STOPS_LENGTH:
        raise Refused(f"`stop` has at most {STOPS} texts, of {STOPS_LENGTH} characters together.")
    for name in NUMBERS:
        number = body.get(name)
        if number is not None and (type(number) is not int or number < 1):
            raise Refused(f"`{name}` has to be a whole number of at least 1.")
        if name in ("n", "best_of") and number not in (None, 1):
            raise Refused(
                f"`{name}` is 1 here: ask for several answers one by one, they share what is read of the prompt."
            )
        if name.startswith("max") and limits.max_tokens and type(number) is int and number > limits.max_tokens:
            raise Refused(f"`{name}` is at most {limits.max_tokens} for you here.")
    hold_size(body, limits)


def hold_size(body: Mapping[str, object], limits: Limits) -> None:
    """What is to be read, wherever it stands; of tokens each as a word of some characters. Raises Refused."""
    size = sum(_size(body.get(name)) for name in ("prompt", "content", "texts", "messages", "suffix"))
    if limits.prompt_chars and size > limits.prompt_chars:
        raise Refused(f"A prompt has at most {limits.prompt_chars} characters for you here.", 413)


def _size(told: object) -> int:
    match told:
        case str():
            return len(told)
        case int() | float():
            return CHARS_OF_A_TOKEN
        case list():
            return sum(map(_size, told))
        case dict():
            return sum(map(_size, told.values()))
        case _:
            return 0


def _hold_to_shapes(body: Mapping[str, object]) -> None:
    """What engines would read each in their own way. Raises Refused."""
    for name, value in body.items():
        if (
            name in SHAPES
            and value is not None
            and not (isinstance(value, SHAPES[name]) and (type(value) is not bool or name == "stream"))
        ):
            raise Refused(f"`{name}` is not of its kind.")
    told = body.get("stop")
    if isinstance(told, list) and not all(isinstance(one, str) for one in told):
        raise Refused("`stop` has to be a text, or a list of them.")
    temperature = body.get("temperature")
    if isinstance(temperature, int | float) and temperature < 0:
        raise Refused("`temperature` is not below 0.")
    messages = body.get("messages")
    if isinstance(messages, list) and not all(
        isinstance(one, dict) and isinstance(one.get("role"), str) for one in messages
    ):
        raise Refused("`messages` has to be a list of objects with a role each.")


def held(body: Mapping[str, object], limits: Limits) -> dict[str, object]:
    """The request with the most tokens that this person may have, where it names none: an engine would write until its context is full."""
    named = any(body.get(name) is not None for name in ("max_tokens", "max_completion_tokens"))
    return dict(body) | ({} if named or not limits.max_tokens else {"max_tokens": limits.max_tokens})


def priority(body: Mapping[str, object], usual: int, limits: Limits, least: int) -> int:
    """As in `Request`: what the request says, not more urgent than its person may be; `usual` where it says nothing."""
    told = body.get("priority")
    return max(min(max(told, 0), least) if type(told) is int else usual, limits.priority)
