"""An engine that answers from a file: for tests, demonstrations and editors' scenarios. Deterministic, no model.

The file is JSON: `{"answers": [{"after": "text the prompt must end with", "text": "…" | ["…", "…"]}], "default": "…"}`.
The first answer whose `after` is found at the end of the prompt wins; an empty `after` matches always. An answer may say how sure
the model would have been: `"logprob": -0.2`, the natural logarithm of each of its tokens' probability.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .api import Chunk, EngineError, EngineHealth, Request, ScoringUnsupported, Token


@dataclass(frozen=True, slots=True)
class Answer:
    """Texts for prompts that end with `after`; sample i gets text i, the last one again when there are fewer."""

    after: str
    texts: tuple[str, ...]
    logprob: float | None = None


class Scripted:
    """See the module's docstring. Counts what it was asked in `requests`, newest last."""

    name = "scripted"
    taught = ""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers = tuple(answers)
        self.requests: list[Request] = []

    async def model(self) -> str:
        return "scripted"

    async def generate(self, request: Request) -> AsyncGenerator[Chunk, None]:
        self.requests.append(request)
        found = next((a for a in self._answers if request.prompt.rstrip().endswith(a.after.rstrip())), Answer("", ()))
        for index in range(min(request.n, len(found.texts))):
            # A request for one sample is the sample that its seed numbers, as `sources` draws them.
            text = found.texts[min(request.seed or index, len(found.texts) - 1)]
            yield Chunk(index, text, _tokens(text, found.logprob), finish="stop")

    async def score(self, prefix: str, continuations: Sequence[str]) -> tuple[float, ...]:
        raise ScoringUnsupported("The scripted engine has no probabilities.")

    async def count(self, text: str) -> int:
        return len(text) // 3 + 1

    async def is_token(self, text: str) -> bool | None:
        return None

    async def guides(self) -> bool:
        return True

    async def inserts(self) -> bool:
        return False

    async def health(self) -> EngineHealth:
        return EngineHealth("ready", "scripted", "scripted")

    async def warm(self) -> None:
        return None

    async def close(self) -> None:
        return None


def load(path: Path) -> Scripted:
    """Read the file; raises EngineError with what is wrong in it."""
    try:
        raw = json.loads(path.read_text("utf-8"))
        answers = [
            Answer(str(item["after"]), _texts(item["text"]), item.get("logprob")) for item in raw.get("answers", [])
        ]
        if "default" in raw:
            answers.append(Answer("", _texts(raw["default"]), raw.get("logprob")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EngineError(f"The script {path} cannot be used: {error}.") from error
    return Scripted(answers)


def _tokens(text: str, logprob: float | None) -> tuple[Token, ...]:
    """Words with the white space before them, and signs, as tokenizers cut them."""
    return (
        () if logprob is None else tuple(Token(piece, logprob) for piece in re.findall(r"\s*\w+|\s*[^\w\s]|\s+", text))
    )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else (str(value),)
