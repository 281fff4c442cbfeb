"""The keys and values of several texts side by side: rows of fixed size, of which each keeps what it last held, so that the next request that begins alike need not read it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers.cache_utils import Cache, CacheLayerMixin

ROUND = 256  # tokens: what attention looks at grows in such steps, so that few shapes exist


@dataclass(slots=True)
class View:
    """Where the next forward pass reads and writes: rows [`low`, `high`), `rows` [B, 1] and `positions` [B, T] of what is written, the first `length` positions of what is read."""

    low: int
    high: int
    rows: torch.Tensor
    positions: torch.Tensor
    length: int


class _Layer(CacheLayerMixin):
    is_sliding = False
    is_compileable = True

    def __init__(self, shared: Slots) -> None:
        super().__init__()
        self._shared = shared

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        rows, length = self._shared.rows, self._shared.length
        self.keys = key_states.new_zeros((rows, key_states.shape[1], length, key_states.shape[3]))
        self.values = value_states.new_zeros((rows, value_states.shape[1], length, value_states.shape[3]))
        self.is_initialized = True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        view = self._shared.view
        assert self.keys is not None and self.values is not None
        self.keys[view.rows, :, view.positions] = key_states.transpose(1, 2)
        self.values[view.rows, :, view.positions] = value_states.transpose(1, 2)
        return self.keys[view.low : view.high, :, : view.length], self.values[view.low : view.high, :, : view.length]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self._shared.view.length, 0

    def get_seq_length(self) -> int:
        return 0

    def get_max_length(self) -> int:
        return self._shared.length


class Slots(Cache):
    """`rows` texts of at most `length` - 1 tokens; the last position of each row takes what is written for rows that do not take part. Set `view` before a pass."""

    def __init__(self, layers: int, rows: int, length: int) -> None:
        self.rows, self.length = rows, length
        self.view: View
        super().__init__(layers=[_Layer(self) for _ in range(layers)])

    @property
    def bytes(self) -> int:
        """What it holds of memory."""
        return sum(
            tensor.numel() * tensor.element_size()
            for layer in self.layers
            for tensor in (layer.keys, layer.values)
            if tensor is not None
        )

    def copy(self, source: int, target: int, count: int) -> None:
        """Have the first `count` positions of a row in another one too."""
        for layer in self.layers:
            if layer.is_initialized:
                layer.keys[target, :, :count] = layer.keys[source, :, :count]
                layer.values[target, :, :count] = layer.values[source, :, :count]


class Extended(Cache):
    """A kept text's first `count` positions, the same for each of several continuations, which are read once and not kept."""

    def __init__(self, slots: Slots, row: int, count: int) -> None:
        super().__init__(layers=[_Extension(layer, row, count) for layer in slots.layers])


class _Extension(CacheLayerMixin):
    is_sliding = False

    def __init__(self, layer: Any, row: int, count: int) -> None:
        super().__init__()
        self._layer, self._row, self._count = layer, row, count

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        self.is_initialized = True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        rows = key_states.shape[0]
        if not self._count:
            return key_states, value_states
        found = []
        for kept, new in ((self._layer.keys, key_states), (self._layer.values, value_states)):
            prefix = kept[self._row : self._row + 1, :, : self._count].expand(rows, -1, -1, -1)
            found.append(torch.cat([prefix, new], dim=2))
        return found[0], found[1]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self._count + query_length, 0

    def get_seq_length(self) -> int:
        return self._count

    def get_max_length(self) -> int:
        return -1


def rounded(count: int, most: int) -> int:
    """`count` positions, rounded up to a shape that exists."""
    return min(most, -(-count // ROUND) * ROUND)


def common(kept: Sequence[int], wanted: Sequence[int]) -> int:
    """How many tokens two texts begin with alike."""
    for index, (one, other) in enumerate(zip(kept, wanted, strict=False)):
        if one != other:
            return index
    return min(len(kept), len(wanted))
