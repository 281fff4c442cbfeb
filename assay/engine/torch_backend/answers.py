"""Requests in OpenAI's shape to jobs for the model, and what comes of them back into that shape."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..api import EngineError
from ..web import Refused, ServerBusy
from .guide import Guide, Guides
from .keys import common
from .line import Busy, Ended, Event, Job, Line, Written
from .model import Loaded
from .sample import seeded
from .text import Pieces

SAMPLES = 16  # of one request
TEXTS, TEXTS_LENGTH = 256, 100_000  # that are scored in one request, and their characters
SCORED_LENGTH = 10_000_000  # characters of them with the prompt before each: each is made tokens of
DEADLINE_S = 300.0  # of one request, by default and at most
STOPS = 32
ANSWER = 1024  # tokens of a chat's answer, where nobody says


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of sample `index`; `end` is OpenAI's finish reason on the last one, whose counts are those of the whole."""

    index: int
    text: str
    token: str | None = None
    logprob: float = 0.0
    end: str = ""
    counts: Ended | None = None


class Desk:
    """Takes the requests of one model."""

    def __init__(self, loaded: Loaded, line: Line) -> None:
        self.loaded = loaded
        self.line = line
        self._guides = Guides(loaded)
        self.open = 0  # requests in work

    async def complete(self, body: Mapping[str, Any]) -> AsyncGenerator[Said, None]:
        """The samples of a completion, one after the other. Closing it stops the model before its next token. Raises Refused."""
        prompt = body.get("prompt")
        if isinstance(prompt, list) and len(prompt) == 1:
            prompt = prompt[0]
        if not isinstance(prompt, str):
            raise Refused("`prompt` has to be a text.")
        if body.get("suffix"):
            raise Refused("`suffix` is not taken apart: write the model's own markers into the prompt.")
        ids = await asyncio.to_thread(self.loaded.ids, prompt)  # megabytes take seconds
        async for one in self._generate(ids, body):
            yield one

    async def chat(self, body: Mapping[str, Any]) -> AsyncGenerator[Said, None]:
        """The same for a conversation, which the model's own template writes as a prompt. Raises Refused."""
        messages = body.get("messages")
        if not isinstance(messages, list) or not messages:
            raise Refused("`messages` has to be a list of messages.")
        ids = await asyncio.to_thread(self._conversation, messages)
        body = {"max_tokens": body.get("max_completion_tokens") or ANSWER, "priority": 1, **body}
        async for one in self._generate(ids, body):
            yield one

    def _conversation(self, messages: list[Any]) -> list[int]:
        try:
            text = self.loaded.tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        except Exception as error:
            first = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
            raise Refused(f"The model's template cannot write these messages: {first}") from error
        return self.loaded.ids(text, special=False)

    async def score(self, body: Mapping[str, Any]) -> list[float]:
        """Natural-log probability of each of `texts` behind `prompt`: of its tokens from where the first of them parts with the prompt's own. Raises Refused."""
        prompt, texts = body.get("prompt"), body.get("texts")
        if not isinstance(prompt, str) or not isinstance(texts, list) or not all(isinstance(one, str) for one in texts):
            raise Refused("`prompt` has to be a text and `texts` a list of texts.")
        if len(texts) > TEXTS or sum(map(len, texts)) > TEXTS_LENGTH or len(texts) * len(prompt) > SCORED_LENGTH:
            raise Refused(
                f"At most {TEXTS} texts, of {TEXTS_LENGTH} characters together, are scored at once, and fewer behind a long prompt."
            )
        alone, *whole = await asyncio.to_thread(lambda: [self.loaded.ids(prompt + text) for text in ("", *texts)])
        if not texts:
            return []
        start = min(common(alone, one) for one in whole)
        if not start:  # nothing is alike: all of each text is scored, behind what stands before a text
            alone, start = [self._first(), *alone], 1
            whole = [[self._first(), *one] for one in whole]
        self._fits(max(map(len, whole), default=0), 0)
        texts_of = tuple(tuple(one[start:]) for one in whole)
        events: asyncio.Queue[Event] = asyncio.Queue()
        job = Job(alone[:start], _emitter(events), texts=texts_of, priority=_priority(body), until=_until(body))
        self._submit(job)
        self.open += 1
        try:
            event = await events.get()
        finally:
            self.open -= 1
            self.line.cancel(job)
        assert isinstance(event, Ended)
        if event.why != "stop":
            raise _refusal(event)
        return [sum(one) for one in event.scores]

    async def _generate(self, ids: list[int], body: Mapping[str, Any]) -> AsyncGenerator[Said, None]:
        ids = ids or [self._first()]
        if body.get("echo"):
            raise Refused("`echo` is not served: the prompt does not come back.")
        most = _number(body, "max_tokens", 16, 1, self.loaded.context)
        count = _number(body, "n", 1, 1, SAMPLES)
        self._fits(len(ids), 1)
        events: asyncio.Queue[tuple[int, Event]] = asyncio.Queue()
        emitters = [_emitter(events, index) for index in range(count)]
        jobs = await asyncio.to_thread(  # a guide takes milliseconds, the first one of a model a quarter of a second
            lambda: [self._job(ids, body, index, most, emit) for index, emit in enumerate(emitters)]
        )
        self.open += 1
        try:
            for job in jobs:
                self._submit(job)
            left = count
            while left:
                index, event = await events.get()
                if isinstance(event, Written):
                    yield Said(index, event.text, event.token, event.logprob)
                    continue
                left -= 1
                if event.why not in ("stop", "length"):
                    raise _refusal(event)
                yield Said(index, event.text, end=event.why, counts=event)
        finally:
            self.open -= 1
            for job in jobs:
                self.line.cancel(job)

    def _job(
        self,
        ids: list[int],
        body: Mapping[str, Any],
        index: int,
        most: int,
        emit: Callable[[Event], None],
    ) -> Job:
        stop = body.get("stop") or []
        stops = [stop] if isinstance(stop, str) else stop
        if not isinstance(stops, list) or len(stops) > STOPS or not all(isinstance(one, str) for one in stops):
            raise Refused(f"`stop` has to be a text or a list of at most {STOPS} texts.")
        seed = body.get("seed")
        if seed is not None and not isinstance(seed, int):
            raise Refused("`seed` has to be a whole number.")
        temperature, top_p = _fraction(body, "temperature", 1.0, 2.0), _fraction(body, "top_p", 1.0, 1.0)
        decode = self.loaded.tokenizer.backend_tokenizer.decode
        return Job(
            ids,
            emit,
            Pieces(lambda tokens: str(decode(tokens, skip_special_tokens=False)), ids, stops),
            min(most, self.loaded.context - len(ids)),
            seeded(temperature, top_p, None if seed is None else seed + index),
            self._guide(body),
            priority=_priority(body),
            until=_until(body),
        )

    def _guide(self, body: Mapping[str, Any]) -> Guide | None:
        """By `structured_outputs`, as vLLM names it, or by `names` or `must_start`, which are ours."""
        wanted = body.get("structured_outputs") or {}
        try:
            match wanted:
                case {"choice": [*texts]} if texts and all(isinstance(one, str) for one in texts):
                    return self._guides.choice(texts)
                case {"regex": str(pattern)}:
                    return self._guides.regex(pattern)
                case {"grammar": str(text)}:
                    return self._guides.grammar(text)
            if wanted:
                raise Refused("`structured_outputs` takes a `choice`, a `regex` or a `grammar`.")
            if isinstance(names := body.get("names"), list) and names and all(isinstance(one, str) for one in names):
                return self._guides.names(names)
            if isinstance(start := body.get("must_start"), str) and start:
                return self._guides.starting(start)
        except EngineError as error:
            raise Refused(str(error)) from error
        except ImportError as error:
            raise Refused("The model cannot be guided: llguidance is not installed.", 501) from error
        return None

    def _fits(self, tokens: int, more: int) -> None:
        if tokens + more > self.loaded.context:
            raise Refused(f"The prompt has {tokens} tokens, and the model takes {self.loaded.context - more}.")

    def _first(self) -> int:
        """What stands before an empty text."""
        tokenizer = self.loaded.tokenizer
        return int(next(one for one in (tokenizer.bos_token_id, tokenizer.eos_token_id, 0) if one is not None))

    def _submit(self, job: Job) -> None:
        try:
            self.line.submit(job)
        except Busy as error:
            raise ServerBusy(f"The engine is busy: {error}.") from error


def _emitter(events: asyncio.Queue[Any], index: int | None = None) -> Callable[[Event], None]:
    loop = asyncio.get_running_loop()

    def emit(event: Event) -> None:
        loop.call_soon_threadsafe(events.put_nowait, event if index is None else (index, event))

    return emit


def _refusal(event: Ended) -> Refused:
    match event.why:
        case "late":
            return ServerBusy("The engine is busy: the request's time was over before it was done.")
        case "memory":
            return ServerBusy("The engine has not enough memory for this and what else it does.")
        case _:
            return Refused("The engine stopped.", 500)


def _number(body: Mapping[str, Any], name: str, usual: int, least: int, most: int) -> int:
    value = body.get(name)
    if value is None:
        return usual
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise Refused(f"`{name}` has to be a whole number of at least {least}.")
    return min(value, most)


def _fraction(body: Mapping[str, Any], name: str, usual: float, most: float) -> float:
    value = body.get(name)
    if value is None:
        return usual
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= most:
        raise Refused(f"`{name}` has to be a number between 0 and {most:g}.")
    return float(value)


def _priority(body: Mapping[str, Any]) -> int:
    value = body.get("priority", 0)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refused("`priority` has to be a whole number, the least first.")
    return max(0, min(9, value))


def _until(body: Mapping[str, Any]) -> float:
    value = body.get("timeout_s", DEADLINE_S)
    if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
        raise Refused("`timeout_s` has to be a number of seconds.")
    return time.monotonic() + min(float(value), DEADLINE_S)


_numbers = itertools.count(1)


def completion(model: str, pieces: Sequence[Said], *, is_chat: bool, is_stream: bool) -> dict[str, Any]:
    """OpenAI's answer, or one event of its stream, for pieces of which none has the index of another."""
    kind = "chat.completion" if is_chat else "text_completion"
    choices = []
    for one in pieces:
        choice: dict[str, Any] = {"index": one.index, "finish_reason": one.end or None}
        if is_chat:
            choice["delta" if is_stream else "message"] = {"role": "assistant", "content": one.text}
        else:
            choice["text"] = one.text
        if one.token is not None:
            choice["logprobs"] = {"tokens": [one.token], "token_logprobs": [one.logprob]}
        choices.append(choice)
    answer: dict[str, Any] = {
        "id": f"assay-{next(_numbers)}",
        "object": f"{kind}.chunk" if is_chat and is_stream else kind,
        "created": int(time.time()),
        "model": model,
        "choices": choices,
    }
    counts = [one.counts for one in pieces if one.counts is not None]
    if counts:
        answer["usage"] = {
            "prompt_tokens": counts[0].prompt,
            "completion_tokens": sum(one.written for one in counts),
            "prompt_tokens_details": {"cached_tokens": max(one.reused for one in counts)},
        }
    return answer


def whole(model: str, pieces: Sequence[Said], *, is_chat: bool) -> dict[str, Any]:
    """OpenAI's answer in one piece."""
    samples = []
    for index in sorted({one.index for one in pieces}):
        of = [one for one in pieces if one.index == index]
        samples.append(Said(index, "".join(one.text for one in of), end=of[-1].end, counts=of[-1].counts))
    answer = completion(model, samples, is_chat=is_chat, is_stream=False)
    if not is_chat:
        for choice in answer["choices"]:
            tokens = [one for one in pieces if one.index == choice["index"] and one.token is not None]
            choice["logprobs"] = {
                "tokens": [one.token for one in tokens],
                "token_logprobs": [one.logprob for one in tokens],
            }
    return answer
