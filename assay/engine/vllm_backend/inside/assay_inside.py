"""What runs inside vLLM: texts that are written as they are told, and texts that have to begin so.

A logits processor comes after vLLM has noted the model's own probabilities, a grammar of its own comes before: so tokens that are forced have the
probability that the model gives them (which is how a text is scored behind a kept prompt), and those of a guided text are not all certain.
A request says it in `vllm_xargs`: `forced`, a list of token ids, or `guide`, a regular expression for the whole text.
"""

from __future__ import annotations

from typing import Any

import torch
from vllm.config import VllmConfig
from vllm.v1.sample.logits_processor import BatchUpdate, LogitsProcessor
from vllm.v1.sample.logits_processor.builtin import process_dict_updates

MOST = 1 << 15  # tokens that one request forces, and characters of a guide


class Forced:
    """These tokens, one after the other; what comes after them is free."""

    def __init__(self, ids: list[int], written: list[int]) -> None:
        self._ids, self._written = ids, written

    def apply(self, row: torch.Tensor) -> None:
        """Leave one choice."""
        if len(self._written) < len(self._ids):
            token = self._ids[len(self._written)]
            if token >= row.numel():  # no token of this model; which ones are is not known where a request is looked at
                return
            value = row[token].clone()
            row.fill_(-torch.inf)
            row[token] = value


class Guided:
    """A text that matches. Where the guide loses its way all is allowed: that is a fault of its own."""

    def __init__(self, matcher: Any, written: list[int]) -> None:
        self._matcher, self._written, self._seen = matcher, written, 0

    def apply(self, row: torch.Tensor) -> None:
        """Leave what may come next."""
        while self._seen < len(self._written) and self._written[self._seen] >= 0:
            self._matcher.consume_token(self._written[self._seen])
            self._seen += 1
        if self._matcher.is_error():
            return
        bits = torch.frombuffer(bytearray(self._matcher.compute_bitmask()), dtype=torch.uint8)
        shifts = torch.arange(8, dtype=torch.uint8)
        allowed = ((bits[:, None] >> shifts) & 1).flatten()[: row.numel()].bool()
        allowed = torch.nn.functional.pad(allowed, (0, row.numel() - allowed.numel()))
        row.masked_fill_(~allowed.to(row.device), -torch.inf)


def _are_tokens(told: object) -> bool:
    """A list of ids; True is no id."""
    return isinstance(told, list) and len(told) <= MOST and all(type(one) is int and one >= 0 for one in told)


class Unwound(torch.Generator):
    """A generator of a processor, which cannot be put back by some numbers. vLLM does that after each piece of a prompt that was read for a
    request with a seed, and the engine would end there."""

    def get_offset(self) -> int:
        """As if nothing had been drawn."""
        return 0

    def set_offset(self, offset: int) -> None:
        """Stay where it is."""


class Steered(LogitsProcessor):
    """Both of them, for the requests of a batch."""

    def __init__(self, vllm_config: VllmConfig, device: torch.device, is_pin_memory: bool) -> None:  # noqa: FBT001  vLLM's
        self._model = vllm_config.model_config
        self._tokenizer: Any = None
        self._steered: dict[int, Forced | Guided] = {}
        if device.type == "cpu":
            torch.Generator = Unwound  # before vLLM makes one

    @classmethod
    def validate_params(cls, sampling_params: Any) -> None:
        """Refuse what is no list of ids, or no regular expression."""
        told = sampling_params.extra_args or {}
        if "forced" in told and not _are_tokens(told["forced"]):
            raise ValueError(f"`forced` has to be a list of token ids, at most {MOST}")
        if "guide" in told:
            import llguidance

            told_wrong = f"it is no text of at most {MOST} characters"
            if isinstance(told["guide"], str) and len(told["guide"]) <= MOST:
                told_wrong = llguidance.LLMatcher.validate_grammar(
                    llguidance.LLMatcher.grammar_from_regex(told["guide"])
                )
            if told_wrong:
                raise ValueError(f"`guide` is no regular expression: {told_wrong[:200]}")

    def is_argmax_invariant(self) -> bool:
        """What is likeliest may be forbidden."""
        return False

    def update_state(self, batch_update: BatchUpdate | None) -> None:
        """Requests come, go and move."""
        process_dict_updates(self._steered, batch_update, self._made)

    def apply(self, logits: torch.Tensor) -> torch.Tensor:
        """In place."""
        for index, one in self._steered.items():
            one.apply(logits[index])
        return logits

    def _made(self, params: Any, _: list[int] | None, written: list[int]) -> Forced | Guided | None:
        told = params.extra_args or {}
        if told.get("forced"):
            return Forced(told["forced"], written)
        return Guided(self._matcher(told["guide"]), written) if told.get("guide") else None

    def _matcher(self, pattern: str) -> Any:
        import llguidance
        import llguidance.hf

        if self._tokenizer is None:
            from transformers import AutoTokenizer

            tokenizer = AutoTokenizer.from_pretrained(
                self._model.tokenizer, local_files_only=True, trust_remote_code=False
            )
            self._tokenizer = llguidance.hf.from_tokenizer(tokenizer, n_vocab=self._model.get_vocab_size())
        return llguidance.LLMatcher(self._tokenizer, llguidance.LLMatcher.grammar_from_regex(pattern), log_level=0)
