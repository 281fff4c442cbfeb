"""The keys and values of the text at work, in tensors whose addresses never change, so that a captured graph may write them; and copies of those of other texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers.cache_utils import Cache, CacheLayerMixin
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask
from transformers.modeling_utils import AttentionInterface

FOLDED = "assay_folded"  # the attention below, by transformers' name for it


class _Layer(CacheLayerMixin):
    is_sliding = False
    is_compileable = True

    def __init__(self, of: Keys) -> None:
        super().__init__()
        self._of = of

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        rows, heads, _, wide = key_states.shape
        self.keys = key_states.new_zeros((rows, heads, self._of.length, wide))
        self.values = value_states.new_zeros((rows, heads, self._of.length, value_states.shape[3]))
        torch._dynamo.mark_static_address(self.keys)
        torch._dynamo.mark_static_address(self.values)
        self.is_initialized = True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        assert self.keys is not None and self.values is not None
        self.keys.index_copy_(2, self._of.places, key_states)
        self.values.index_copy_(2, self._of.places, value_states)
        return self.keys[:, :, : self._of.seen], self.values[:, :, : self._of.seen]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self._of.seen, 0

    def get_seq_length(self) -> int:
        return 0

    def get_max_length(self) -> int:
        return self._of.length


@dataclass(frozen=True, slots=True)
class Copy:
    """What a text's tokens have in each layer: keys and values of [1, heads, tokens, width]."""

    ids: tuple[int, ...]
    layers: tuple[tuple[torch.Tensor, torch.Tensor], ...]


class Keys(Cache):
    """Of one text of at most `length` tokens. Before a pass, `places` [T] says where it writes, and `seen` how many positions it looks at."""

    def __init__(self, layers: int, length: int) -> None:
        self.length, self.seen = length, length
        self.places: torch.Tensor
        super().__init__(layers=[_Layer(self) for _ in range(layers)])

    def copied(self, ids: Sequence[int]) -> Copy:
        """What is there of a text that begins at the first position."""
        count = len(ids)
        return Copy(
            tuple(ids), tuple((one.keys[:, :, :count].clone(), one.values[:, :, :count].clone()) for one in self.layers)
        )

    def put(self, copy: Copy, count: int) -> None:
        """Have the first `count` tokens of a copy."""
        for layer, (keys, values) in zip(self.layers, copy.layers, strict=True):
            layer.keys[:, :, :count] = keys[:, :, :count]
            layer.values[:, :, :count] = values[:, :, :count]


def folded(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    **more: Any,
) -> tuple[torch.Tensor, None]:
    """Attention of heads that share keys, as one head that asks more: repeated keys would be copied in each step, and a mask keeps torch's
    own way to share them from its fast kernels. `query` [1, H, T, W], `key` and `value` [1, H / shared, L, W], mask [1, 1, T, L]; without a mask as transformers does it."""
    if attention_mask is None or attention_mask.shape[1] != 1:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **more)
    rows, heads, count, wide = query.shape
    shared = heads // key.shape[1]
    asked = query.reshape(rows, key.shape[1], shared * count, wide)
    mask = attention_mask.repeat(1, 1, shared, 1) if count > 1 else attention_mask
    found = torch.nn.functional.scaled_dot_product_attention(
        asked, key, value, attn_mask=mask, scale=more.get("scaling")
    )
    return found.reshape(rows, heads, count, -1).transpose(1, 2).contiguous(), None


AttentionInterface.register(FOLDED, folded)
AttentionMaskInterface.register(FOLDED, sdpa_mask)


def common(kept: Sequence[int], wanted: Sequence[int]) -> int:
    """How many tokens two texts begin with alike."""
    for index, (one, other) in enumerate(zip(kept, wanted, strict=False)):
        if one != other:
            return index
    return min(len(kept), len(wanted))
