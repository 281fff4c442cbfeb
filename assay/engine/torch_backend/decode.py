"""The passes of one text: read the next piece of it, write a token of it, and say how likely given texts are behind it.

Where they are compiled there are as many shapes as are captured before the first request: a token or a piece, looking at a short text or a whole context. Where in the text a pass is comes as a tensor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from .keys import FOLDED, Copy, Keys, common
from .model import Loaded

PIECE = 128  # tokens of a prompt that are read at a time
SHORT = 2048  # tokens that a compiled pass looks at where no more are there
ROUND, SHAPE = (
    256,
    16,
)  # what an uncompiled pass looks at, and what it reads, grow in such steps: kernels are made for each shape
COPIES = 3  # texts that are kept beside the one at work
WORTH = 64  # tokens from which it pays to keep them


class Decoder:
    """The model with the text that it works at. Not for two threads at once."""

    def __init__(self, loaded: Loaded, *, copies: int = COPIES, compiled: bool | None = None) -> None:
        """`copies`: how many other texts are kept; `compiled`: by default where there is a GPU."""
        self.loaded = loaded
        self.text: list[int] = []  # the tokens whose keys and values are there
        self._asked = 0  # how many of them somebody asked about; the others were written
        self._copies: list[Copy] = []
        self._most = copies
        loaded.model.set_attn_implementation(FOLDED)
        length = loaded.context + PIECE  # what fills a piece up lies behind the last token
        self._keys = Keys(loaded.model.config.num_hidden_layers, length)
        self._all = torch.arange(length, device=loaded.device)
        self.is_compiled = loaded.device.type == "cuda" if compiled is None else compiled
        self._given = {size: self._buffers(size) for size in (1, PIECE)}
        with torch.inference_mode():
            self._pass(
                *self._look(self._given[1], length), self._given[1][2]
            )  # makes the keys and values, which no compiled pass may do
        self._run: Any = self._pass
        if self.is_compiled:
            self._run = torch.compile(self._pass, mode="reduce-overhead", dynamic=False, fullgraph=True)

    @torch.inference_mode()
    def warm(self) -> None:
        """Have each shape compiled and captured: nobody's request waits for that."""
        for size in self._given if self.is_compiled else ():
            for seen in self._lengths:
                for _ in range(3):  # compiled, tried and captured
                    self._forward(self._given[size], seen)

    def begin(self, ids: Sequence[int]) -> int:
        """Have the text at work begin as `ids` do, as far as this or another text that is kept does; returns how many tokens are there. The last is
        always left to read, for what comes after it."""
        most, asked = len(ids) - 1, self.text[: self._asked]
        here = min(common(self.text, ids), most)
        best = max(self._copies, key=lambda one: common(one.ids, ids), default=None)
        there = min(common(best.ids, ids), most) if best is not None else 0
        if (
            len(asked) - here >= WORTH and self._most
        ):  # another text; what was written behind it may be asked for by nobody
            self._copies = [one for one in self._copies if common(one.ids, asked) < min(len(one.ids), len(asked))]
            self._copies = [*self._copies[max(0, len(self._copies) - self._most + 1) :], self._keys.copied(asked)]
        if best is not None and there > here:
            with torch.inference_mode():
                self._keys.put(best, there)
            here = there
        self.text, self._asked = list(ids[:here]), len(ids)
        return here

    def forget(self) -> None:
        """Keep nothing of any text."""
        self.text, self._copies = [], []

    @torch.inference_mode()
    def read(self, ids: Sequence[int]) -> torch.Tensor:
        """Read the text's next tokens, at most a piece; returns the logits [V] after the last of them, as float32, which hold until the next pass."""
        start, count = len(self.text), len(ids)
        if count == 1 or self.is_compiled:
            given = self._given[1 if count == 1 else PIECE]
        else:
            given = self._buffers(-(-count // SHAPE) * SHAPE)
        tokens, places, last = given
        tokens[0, :count] = torch.tensor(ids, dtype=torch.long)
        torch.add(self._all[: tokens.shape[1]], start, out=places)
        last.fill_(count - 1)
        found = self._forward(given, self._seen(start + count))
        self.text += ids
        return found

    @torch.inference_mode()
    def likelihood(self, after: torch.Tensor, text: Sequence[int]) -> list[float]:
        """Natural-log probabilities of the tokens of `text` behind the text at work; `after` is what `read` returned for that. Nothing of it is kept."""
        start = len(self.text)
        scores = [float(torch.log_softmax(after, dim=-1)[text[0]])] if text else []
        for at in range(0, len(text) - 1, PIECE):
            tokens, places, _ = given = self._buffers(min(PIECE, len(text) - 1 - at))
            tokens[0] = torch.tensor(text[at : at + tokens.shape[1]])
            torch.add(self._all[: tokens.shape[1]], start + at, out=places)
            logits = self._logits(*self._look(given, self._rounded(start + at + tokens.shape[1])), keep=0)
            wanted = torch.tensor(text[at + 1 : at + 1 + tokens.shape[1]], device=logits.device)
            scores += torch.log_softmax(logits, dim=-1).gather(1, wanted[:, None])[:, 0].tolist()
        return scores

    @property
    def _lengths(self) -> tuple[int, ...]:
        return (SHORT, self._keys.length) if self._keys.length > SHORT else (self._keys.length,)

    def _seen(self, count: int) -> int:
        """How many positions a pass looks at for `count` that are there."""
        return next(one for one in self._lengths if one >= count) if self.is_compiled else self._rounded(count)

    def _rounded(self, count: int) -> int:
        return min(self._keys.length, -(-count // ROUND) * ROUND)

    def _buffers(self, size: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """What a pass of so many tokens is given: they, their places, and which of them is the last. Their addresses stay, too."""
        device = self.loaded.device
        made = (
            torch.zeros((1, size), dtype=torch.long, device=device),
            torch.arange(size, device=device),
            torch.zeros(1, dtype=torch.long, device=device),
        )
        for one in made:
            torch._dynamo.mark_static_address(one)
        return made

    def _forward(self, given: tuple[torch.Tensor, torch.Tensor, torch.Tensor], seen: int) -> torch.Tensor:
        if self.is_compiled:
            torch.compiler.cudagraph_mark_step_begin()
        found: torch.Tensor = self._run(*self._look(given, seen), given[2])
        return found

    def _look(
        self, given: tuple[torch.Tensor, torch.Tensor, torch.Tensor], seen: int
    ) -> tuple[torch.Tensor, torch.Tensor, int]:
        """Where the next pass reads and writes."""
        self._keys.places, self._keys.seen = given[1], seen
        return given[0], given[1], seen

    def _pass(self, tokens: torch.Tensor, places: torch.Tensor, seen: int, last: torch.Tensor) -> torch.Tensor:
        return self._logits(tokens, places, seen, keep=last)[-1]

    def _logits(
        self, tokens: torch.Tensor, places: torch.Tensor, seen: int, *, keep: int | torch.Tensor
    ) -> torch.Tensor:
        """[kept tokens, V], as float32."""
        mask = (self._all[:seen] <= places[:, None])[None, None]
        known = places.clamp(max=self.loaded.context - 1)  # a model may know no further place than its context has
        answer = self.loaded.model(
            input_ids=tokens,
            attention_mask=mask,
            position_ids=known[None],
            cache=self._keys,
            use_cache=True,
            logits_to_keep=keep,
        )
        logits: torch.Tensor = answer.logits
        return logits[0].float()
