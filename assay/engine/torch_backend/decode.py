"""Forward passes over the slots: read a piece of a prompt, write one token of each text that is being written, and say how likely given texts are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from .model import Loaded
from .slots import Extended, Slots, View, common, rounded

SCORED = 16  # continuations that are read in one pass
SCORED_TOKENS = 1024  # of one such pass, whose logits are all kept: 0.6 GB for a vocabulary of 150 000
LEAST_LENGTH = 512  # tokens that a compiled pass looks at, at least
SHAPE = 16  # tokens: pieces of a prompt are filled up to multiples of it, so that few shapes exist: kernels are made and kept for each


class Decoder:
    """The model with `rows` slots. Not for two threads at once: whoever schedules calls it from one."""

    def __init__(self, loaded: Loaded, rows: int, *, compiled: bool | None = None) -> None:
        """`compiled`: have the passes that write one token compiled, by default where there is a GPU."""
        self.loaded = loaded
        self.length = loaded.context + 1
        self.slots = Slots(loaded.model.config.num_hidden_layers, rows, self.length)
        self.kept: list[list[int]] = [[] for _ in range(rows)]  # the tokens whose keys and values each row has
        forward: Any = loaded.model.forward
        self._is_compiled = loaded.device.type == "cuda" if compiled is None else compiled
        self._step = torch.compile(forward, mode="reduce-overhead") if self._is_compiled else forward
        self._places = torch.arange(self.length, device=loaded.device)

    @property
    def rows(self) -> int:
        """How many texts at once."""
        return self.slots.rows

    def shared(self, row: int, ids: Sequence[int]) -> int:
        """How many tokens of `ids` a row has already. The last is always left to read, for its logits."""
        return min(common(self.kept[row], ids), len(ids) - 1)

    @torch.inference_mode()
    def take(self, row: int, ids: Sequence[int]) -> int:
        """Have a row begin as `ids` do, as far as it or another row has that already; returns how many tokens are there."""
        shared = [self.shared(other, ids) for other in range(self.rows)]
        best = max(range(self.rows), key=shared.__getitem__)
        count = shared[row]
        if shared[best] > count + 16:  # copying costs something too
            count = shared[best]
            self.slots.copy(best, row, count)
        self.kept[row] = list(ids[:count])
        return count

    @torch.inference_mode()
    def read(self, row: int, ids: Sequence[int]) -> torch.Tensor:
        """Read the next tokens of a row's text; returns the logits [V] after the last of them, as float32."""
        start = len(self.kept[row])
        padded = min(-(-len(ids) // SHAPE) * SHAPE, self.length - 1 - start)  # what lies behind is written over
        end = start + max(padded, len(ids))
        device = self.loaded.device
        positions = torch.arange(start, end, device=device)[None]
        length = rounded(end, self.length)
        self.slots.view = View(row, row + 1, torch.full((1, 1), row, device=device), positions, length)
        mask = (self._places[:length] <= positions[0, :, None])[None, None]
        tokens = torch.tensor([[*ids, *[0] * (end - start - len(ids))]], device=device)
        last = torch.tensor([len(ids) - 1], device=device)
        logits = self._forward(self.loaded.model.forward, tokens, positions, mask, self.slots, keep=last)
        self.kept[row] += ids
        return logits[0, -1].float()

    @torch.inference_mode()
    def step(self, tokens: Mapping[int, int]) -> dict[int, torch.Tensor]:
        """Give each of these rows its next token; returns each row's logits [V] after it, as float32."""
        low, high = self._span(min(tokens), max(tokens) + 1)
        device = self.loaded.device
        rows = range(low, high)
        at = [len(self.kept[row]) if row in tokens else self.length - 1 for row in rows]
        length = self._looked_at(max(len(self.kept[row]) for row in tokens) + 1)
        positions = torch.tensor(at, device=device)[:, None]
        self.slots.view = View(low, high, torch.arange(low, high, device=device)[:, None], positions, length)
        mask = (self._places[:length] <= positions)[:, None, None]
        given = torch.tensor([[tokens.get(row, 0)] for row in rows], device=device)
        known = positions.clamp(max=self.length - 2)  # a model may know no further place than its context has
        logits = self._forward(self._step, given, known, mask, self.slots)[:, -1].float()
        for row, token in tokens.items():
            self.kept[row].append(token)
        return {row: logits[row - low] for row in tokens}

    @torch.inference_mode()
    def likelihoods(self, row: int, after: torch.Tensor, texts: Sequence[Sequence[int]]) -> list[list[float]]:
        """Natural-log probabilities of each token of each of `texts` behind a row's text; `after` is what `read` returned for that. Nothing is kept."""
        first = torch.log_softmax(after, dim=-1)
        found: list[list[float]] = []
        begin = 0
        while begin < len(texts):
            count = next(
                one
                for one in (SCORED, 8, 4, 2, 1)
                if one == 1 or one * max(map(len, texts[begin : begin + one])) <= SCORED_TOKENS
            )
            found += self._likelihoods(row, first, texts[begin : begin + count])
            begin += count
        return found

    def _likelihoods(self, row: int, first: torch.Tensor, texts: Sequence[Sequence[int]]) -> list[list[float]]:
        device, start = self.loaded.device, len(self.kept[row])
        widest = max((len(one) - 1 for one in texts), default=0)
        chosen: torch.Tensor | None = None
        if widest > 0:
            rows = next(one for one in (1, 2, 4, 8, SCORED) if one >= len(texts))
            width = -(-widest // SHAPE) * SHAPE
            filled = [list(one) for one in texts] + [[]] * (rows - len(texts))
            tokens = torch.tensor([[*one[:-1], *[0] * (width - max(0, len(one) - 1))] for one in filled], device=device)
            positions = torch.arange(start, start + width, device=device).clamp(max=self.length - 2).expand(rows, -1)
            order = torch.arange(start, start + width, device=device)
            places = torch.arange(start + width, device=device)
            mask = (places <= order[:, None])[None, None].expand(rows, -1, -1, -1)
            cache = Extended(self.slots, row, start)
            logits = self._forward(self.loaded.model.forward, tokens, positions, mask, cache, keep=0)
            targets = torch.tensor([[*one[1:], *[0] * (width - len(one[1:]))] for one in filled], device=device)
            chosen = torch.log_softmax(logits.float(), dim=-1).gather(2, targets[:, :, None])[:, :, 0]
        return [
            [float(first[one[0]]), *(chosen[index, : len(one) - 1].tolist() if chosen is not None else [])]
            if one
            else []
            for index, one in enumerate(texts)
        ]

    def _span(self, low: int, high: int) -> tuple[int, int]:
        """The rows of a pass that has these: compiled, one of few blocks that hold them, for each is recorded as a graph of its own."""
        size = 1
        while self._is_compiled and low // size * size + size < high:
            size *= 2
        low = low // size * size
        return low, min(self.rows, max(high, low + size))

    def _looked_at(self, count: int) -> int:
        """How many positions attention looks at for `count` that are there: compiled, powers of two, for the same reason."""
        if not self._is_compiled:
            return rounded(count, self.length)
        return min(self.length, max(LEAST_LENGTH, 1 << (count - 1).bit_length()))

    def _forward(
        self,
        forward: Any,
        tokens: torch.Tensor,
        positions: torch.Tensor,
        mask: torch.Tensor,
        cache: Any,
        keep: int | torch.Tensor = 1,
    ) -> torch.Tensor:
        answer = forward(
            input_ids=tokens,
            attention_mask=mask,
            position_ids=positions,
            cache=cache,
            use_cache=True,
            logits_to_keep=keep,
        )
        logits: torch.Tensor = answer.logits
        return logits
