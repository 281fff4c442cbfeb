"""The next token of a text from its logits, on the device that has them."""

from __future__ import annotations

from dataclasses import dataclass

import torch

TINY = 1e-9
COLD = 1e-3  # below, a temperature takes the likeliest: dividing by it leaves no number


@dataclass(slots=True)
class Taste:
    """How a text is written. `temperature` 0 takes the likeliest; `generator` makes the same choices again for the same seed."""

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
def choose(logits: torch.Tensor, taste: Taste, allowed: torch.Tensor | None = None) -> tuple[int, float]:
    """A token and its natural-log probability, which is the model's own, before `allowed` (bool [V]) and temperature. Two numbers leave the device."""
    logprobs = torch.log_softmax(logits, dim=-1)
    if allowed is not None:
        logits = logits.masked_fill(~allowed.to(logits.device), float("-inf"))
    token = _drawn(logits, taste) if taste.temperature > 0 else logits.argmax()
    chosen, logprob = torch.stack([token.double(), logprobs[token].double()]).tolist()
    return int(chosen), logprob


def _drawn(logits: torch.Tensor, taste: Taste) -> torch.Tensor:
    """By one random number: the first token at which the chances of it and all before it add up to more than that."""
    chances = torch.softmax((logits - logits.max()) / taste.temperature, dim=-1).double()
    if taste.top_p < 1:
        ordered, order = chances.sort(descending=True)
        left_out = order[ordered.cumsum(0) - ordered >= max(taste.top_p, TINY)]  # never the likeliest
        chances = chances.index_fill(0, left_out, 0)
    sums = chances.cumsum(0)
    wanted = torch.rand((), generator=taste.generator, dtype=torch.double).to(sums.device) * sums[-1]
    token = (sums <= wanted).sum().clamp(max=chances.numel() - 1)
    return torch.where(chances[token] > 0, token, chances.argmax())  # where rounding went past the last
