"""The next token of each text from its logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

COLD = 1e-3  # below, a temperature takes the likeliest: dividing by it leaves no number


@dataclass(slots=True)
class Taste:
    """How one text is written. `temperature` 0 takes the likeliest; `generator` makes the same choices again for the same seed."""

    temperature: float = 0.0
    top_p: float = 1.0
    generator: torch.Generator | None = None


def seeded(temperature: float, top_p: float, seed: int | None) -> Taste:
    """The taste of a request. Without a seed each answer is another."""
    if temperature < COLD:
        return Taste()
    generator = torch.Generator()
    if seed is None:
        generator.seed()
    else:
        generator.manual_seed(seed & 0xFFFF_FFFF_FFFF_FFFF)
    return Taste(temperature, top_p, generator)


@torch.inference_mode()
def choose(
    logits: torch.Tensor, tastes: Sequence[Taste], allowed: Sequence[torch.Tensor | None]
) -> list[tuple[int, float]]:
    """For each row of logits [n, V] a token and its natural-log probability, which is the model's own, before masks and temperature."""
    logprobs = torch.log_softmax(logits, dim=-1)
    for index, mask in enumerate(allowed):
        if mask is not None:
            logits[index].masked_fill_(~mask.to(logits.device), float("-inf"))
    tokens = logits.argmax(dim=-1)
    for index, taste in enumerate(tastes):
        if taste.temperature > 0:
            tokens[index] = _drawn(logits[index], taste)
    chosen = logprobs.gather(1, tokens[:, None])[:, 0]
    return list(zip(tokens.tolist(), chosen.tolist(), strict=True))


def _drawn(logits: torch.Tensor, taste: Taste) -> int:
    chances = torch.softmax((logits.cpu() - logits.max().cpu()) / taste.temperature, dim=-1)
    if not bool(torch.isfinite(chances).all()):
        return int(logits.argmax())
    if taste.top_p < 1:
        ordered, order = chances.sort(descending=True)
        keep = ordered.cumsum(0) - ordered < taste.top_p  # the likeliest is always one of them
        chances = torch.zeros_like(chances).scatter(0, order[keep], ordered[keep])
    return int(torch.multinomial(chances, 1, generator=taste.generator))
