"""What an engine has read of each document's prompts, and how fast it reads: how much context a prompt may have while somebody waits."""

from __future__ import annotations

from os.path import commonprefix

from .anchor import CHARS_PER_TOKEN

SLOW = 150.0  # tokens a second that are read, where nobody knows yet
LONG_S = 2.0  # of reading that is worth it: it is done for the next keys too, even if this one has to do without
# Of reading in the place of one that takes longer. Half a second would still be seen in time, but of a hundred tokens a model tells little.
FIRST_S = 0.7
LATE_S = 3.0  # of reading after which nobody waits for a suggestion any more
LEAST = 128  # tokens of a prompt: the function at hand
TELLING = 32  # tokens that must be read to tell how fast
OLDER = 0.5  # weight of what was measured before, each time: a moment in which the machine was busy is soon forgotten
TRUST_S = 10.0  # after which a speed keeps nobody from asking: only who asks learns that the machine has time again
PROMPT_LIMIT, DOCUMENT_LIMIT = 3, 32


class Readings:
    """The beginnings of prompts that the engine has read, the latest of each document, and its speed."""

    def __init__(self) -> None:
        self._read: dict[str, list[str]] = {}
        self._tokens, self._seconds = 0.0, 0.0  # measured, the older ones with less weight
        self._measured_s = 0.0

    @property
    def tokens_per_s(self) -> float:
        """How fast a prompt is read: as measured, or a careful guess."""
        return self._tokens / self._seconds if self._seconds else SLOW

    @property
    def is_known(self) -> bool:
        """Whether the speed was measured."""
        return self._seconds > 0

    def is_sure(self, now_s: float) -> bool:
        """Whether it was measured a short time before `now_s` of a monotonic clock."""
        return self.is_known and now_s - self._measured_s < TRUST_S

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

    def took(self, tokens: int, seconds: float, now_s: float) -> None:
        """So many tokens of a prompt were read in this time, up to `now_s` of a monotonic clock. Many tell more than few, of which a part is other work."""
        if tokens >= TELLING and seconds > 0:
            self._tokens = OLDER * self._tokens + tokens
            self._seconds = OLDER * self._seconds + seconds
            self._measured_s = now_s

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
