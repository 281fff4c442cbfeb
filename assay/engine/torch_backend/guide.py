"""What a model may write next where the request says so: a set of texts, a regular expression or a grammar, by llguidance."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from typing import Any

import torch

from ..api import EngineError
from .model import Loaded

ANYTHING = r"(?s:.*)"


class Guides:
    """Makes guides for one model. The vocabulary is read when the first is made, which takes a quarter of a second."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._tokenizer: Any = None
        self._lock = threading.Lock()

    def starting(self, text: str) -> Guide:
        """Nothing but texts that begin with this one."""
        return self._made("regex", re.escape(text) + ANYTHING, until=re.escape(text))

    def names(self, names: Sequence[str]) -> Guide:
        """One of these names as a whole, and then anything."""
        pattern = "|".join(map(re.escape, names))
        return self._made("regex", rf"(?:{pattern})(?:[^0-9A-Za-z_]{ANYTHING})?", until=rf"(?:{pattern})[^0-9A-Za-z_]")

    def choice(self, texts: Sequence[str]) -> Guide:
        """One of these texts, and nothing after it."""
        return self.regex("|".join(map(re.escape, texts)))

    def regex(self, pattern: str) -> Guide:
        """Texts that match as a whole. Raises EngineError for what is no regular expression."""
        return self._made("regex", pattern)

    def grammar(self, text: str) -> Guide:
        """Texts of a grammar in Lark's notation. Raises EngineError for what is none."""
        return self._made("lark", text)

    def _made(self, kind: str, text: str, until: str = "") -> Guide:
        import llguidance
        import llguidance.hf

        with self._lock:
            if self._tokenizer is None:
                loaded = self._loaded
                try:
                    self._tokenizer = llguidance.hf.from_tokenizer(
                        loaded.tokenizer, n_vocab=loaded.vocabulary, eos_token=sorted(loaded.ends) or None
                    )
                except (ValueError, RuntimeError) as error:
                    raise EngineError(f"{loaded.name} cannot be guided: {str(error)[:200]}") from error
        made = llguidance.LLMatcher.grammar_from_regex if kind == "regex" else llguidance.LLMatcher.grammar_from_lark
        matcher = llguidance.LLMatcher(self._tokenizer, made(text), log_level=0)
        if matcher.is_error():
            first = str(matcher.get_error()).strip().splitlines()[0][:200]
            raise EngineError(f"That cannot be used to guide the model: {first}")
        return Guide(matcher, self._loaded.vocabulary, until)


class Guide:
    """The state of one answer. `until`: once what was written begins so, everything may come."""

    def __init__(self, matcher: Any, vocabulary: int, until: str) -> None:
        self._matcher, self._vocabulary = matcher, vocabulary
        self._until = re.compile(until) if until else None

    def allowed(self) -> torch.Tensor:
        """Which tokens may come next: bool [V]. All where the guide has lost its way, which is a fault of its own and not the answer's."""
        if self._matcher.is_error():
            return torch.ones(self._vocabulary, dtype=torch.bool)
        bits = torch.frombuffer(bytearray(self._matcher.compute_bitmask()), dtype=torch.uint8)
        shifts = torch.arange(8, dtype=torch.uint8)
        found = ((bits[:, None] >> shifts) & 1).flatten()[: self._vocabulary].bool()
        if found.numel() < self._vocabulary:  # rows of the output that are no tokens
            found = torch.nn.functional.pad(found, (0, self._vocabulary - found.numel()))
        return found

    def took(self, token: int) -> None:
        """That token was written."""
        self._matcher.consume_token(token)

    def is_over(self, written: str) -> bool:
        """Whether what was written has all that was asked for, and the rest is free."""
        return self._until is not None and self._until.match(written) is not None
