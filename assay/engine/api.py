"""What a model is asked and what it answers, whichever program runs it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

EngineState = Literal["ready", "starting", "absent", "broken"]


class EngineError(Exception):
    """The engine gave no usable answer. The message is one sentence for a person."""


class EngineUnavailable(EngineError):
    """There is no engine to ask, now or by the settings: `state` says how it is."""

    def __init__(self, message: str, state: EngineState = "broken") -> None:
        super().__init__(message)
        self.state = state


class EngineRefused(EngineUnavailable):
    """Something answers, and does not serve us: the key is wrong, or nothing is at that address. `status` is HTTP's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class EngineDeclined(EngineError):
    """It serves, and does not take this request as it is: `status` is HTTP's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class EngineFailing(EngineError):
    """It answers that it failed (HTTP's 5xx): that says nothing about what it is or serves."""


class EngineBusy(EngineFailing):
    """It serves others now, or this person had what they may have; in `after_s` seconds it is worth asking again."""

    def __init__(self, message: str, after_s: float) -> None:
        super().__init__(message)
        self.after_s = after_s


class ScoringUnsupported(EngineError):
    """This engine cannot give the log-probability of a given text."""


@dataclass(frozen=True, slots=True)
class Request:
    """One generation. `prompt` is exactly what the model reads; `suffix` is sent apart where the dialect says so.

    `temperature` 0 is greedy. `n` samples come interleaved, told apart by `Chunk.index`. An engine that can be guided
    writes nothing but texts that begin with `must_start` (token healing), and, where there are `names`, with one of these as a whole name
    (`must_start` is not looked at then: they have it); others may ignore both. `priority`: the least goes first, where an engine has several
    waiting (0 what is typed, 1 what somebody asked for, 2 the background).
    """

    prompt: str
    suffix: str | None = None
    max_tokens: int = 64
    stop: tuple[str, ...] = ()
    n: int = 1
    seed: int | None = None
    temperature: float = 0.0
    top_p: float = 1.0
    must_start: str = ""
    names: tuple[str, ...] = ()
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Token:
    """A generated token's text and its natural-log probability under the model, before any sampling filter."""

    text: str
    logprob: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What an engine did with a prompt, in tokens: `anew` it read, `kept` it had read before. `left` of what is anew it has still to read."""

    anew: int
    kept: int
    left: int = 0

    @property
    def share(self) -> float:
        """How much of the prompt has been read by now."""
        return 1 - self.left / max(1, self.anew + self.kept)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of one sample. `finish` is "stop" or "length" on the last one. Tokens may be empty, and `reading` None: not all engines say."""

    index: int
    text: str
    tokens: tuple[Token, ...] = ()
    finish: str = ""
    reading: Reading | None = None


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """`why` is one sentence for a person; empty when ready. `is_fallback` marks the small embedded model. `memory`: bytes that the local
    engine's process holds; `tokens_per_s`: how fast the last generation of some length was written. None where nobody knows."""

    state: EngineState
    engine: str
    model: str = ""
    why: str = ""
    is_fallback: bool = False
    memory: int | None = None
    tokens_per_s: float | None = None


class Engine(Protocol):
    """These exist: `remote.Remote` and `ollama.Ollama`, `server.Server` (whichever of the two answers at a URL), `local.Local` (a Remote on
    a process of ours), `scripted.Scripted`, and `missing.Missing`."""

    name: str

    @property
    def taught(self) -> str:
        """The dialect that what it writes with was taught; "" where the model's name tells."""
        ...

    async def model(self) -> str:
        """The model's name, for the dialect and the record; empty where the engine does not say. Raises EngineError."""
        ...

    def generate(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Stream the samples. Closing the iterator stops the model within one decode step. Raises EngineError."""
        ...

    async def score(self, prefix: str, continuations: Sequence[str]) -> tuple[float, ...]:
        """Natural-log probability of each continuation after `prefix`. Raises ScoringUnsupported or EngineError."""
        ...

    async def count(self, text: str) -> int:
        """Tokens in `text` by the model's tokenizer, or an estimate from above where the engine does not offer one."""
        ...

    async def is_token(self, text: str) -> bool | None:
        """Whether `text` is one token of the model; None where the engine cannot say."""
        ...

    async def guides(self) -> bool:
        """Whether it writes nothing but texts that begin as a request asks (`must_start`, `names`), as far as that is known."""
        ...

    async def inserts(self) -> bool:
        """Whether the server writes a suffix that is sent apart into the prompt itself, as the model's template has it."""
        ...

    async def health(self) -> EngineHealth:
        """Ask now; never raises."""
        ...

    async def warm(self) -> None:
        """Have ready what the first request would wait for. Never raises EngineError."""
        ...

    async def close(self) -> None:
        """Drop connections. A shared engine process goes on for other windows."""
        ...
