"""What an engine has read of each document's prompts, and how fast it reads: how much context a prompt may have while somebody waits."""

from __future__ import annotations

from os.path import commonprefix

from .anchor import CHARS_PER_TOKEN

SLOW = 150.0  # tokens a second that are read, where nobody knows yet
LONG_S = 2.0  # of reading that is worth it: it is done for the next keys too, even if this one has to do without
FIRST_S = (
    0.4  # of reading in the place of one that takes longer: a suggestion may still come before somebody has typed on
)
LATE_S = 3.0  # of reading after which nobody waits for a suggestion any more
LEAST = 96  # tokens of a prompt: the function at hand
TELLING = 32  # tokens that must be read to tell how fast
OLDER = 0.5  # share of the older speed in the running mean
PROMPT_LIMIT, DOCUMENT_LIMIT = 3, 32


class Readings:
    """The beginnings of prompts that the engine has read, the latest of each document, and its speed."""

    def __init__(self) -> None:
        self._read: dict[str, list[str]] = {}
        self._tokens_per_s: float | None = None

    @property
    def tokens_per_s(self) -> float:
        """How fast a prompt is read: as measured, or a careful guess."""
        return self._tokens_per_s or SLOW

    @property
    def is_known(self) -> bool:
        """Whether the speed was measured."""
        return self._tokens_per_s is not None

    @property
    def room(self) -> int:
        """Tokens that can be read anew while somebody types, where all of them would take too long."""
        return max(LEAST, int(self.tokens_per_s * FIRST_S))

    def note(self, uri: str, prompt: str, share: float) -> None:
        """The engine has read that share of a prompt, from its beginning."""
        text = prompt[: int(len(prompt) * share)]
        known = self._read.pop(uri, [])
        if text:
            known = [one for one in known if not text.startswith(one)]
            if not any(one.startswith(text) for one in known):
                known.append(text)
        self._read[uri] = known[-PROMPT_LIMIT:]
        while len(self._read) > DOCUMENT_LIMIT:
            del self._read[next(iter(self._read))]

    def took(self, tokens: int, seconds: float) -> None:
        """So many tokens of a prompt were read in this time."""
        if tokens >= TELLING and seconds > 0:
            new = tokens / seconds
            self._tokens_per_s = new if self._tokens_per_s is None else OLDER * self._tokens_per_s + (1 - OLDER) * new

    def missing(self, uri: str, prompt: str) -> int:
        """Tokens of a prompt that the engine has not read yet, about."""
        return -(-(len(prompt) - self.known(uri, prompt)) // CHARS_PER_TOKEN)

    def known(self, uri: str, prompt: str) -> int:
        """Characters at a prompt's beginning that the engine has read."""
        return max((len(commonprefix([one, prompt])) for one in self._read.get(uri, [])), default=0)  # noqa: RUF071  of texts

    def is_long(self, tokens: int) -> bool:
        """Whether somebody who types is better served with less."""
        return tokens > self.room and self.seconds(tokens) > LONG_S

    def seconds(self, tokens: int) -> float:
        """How long it takes to read so many."""
        return tokens / self.tokens_per_s

    def close_document(self, uri: str) -> None:
        """Forget a document's."""
        self._read.pop(uri, None)
