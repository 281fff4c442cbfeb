"""Does a model that fills gaps lose anything where what was typed stands behind its middle marker? `.venv-torch/bin/python -m evals.anchored [--minutes M] [--count N]`.

The embedded model knows no markers, so an adapter (LoRA) is taught them first, for M minutes, on gaps in files of installed packages, the way such models are trained: gaps begin and end anywhere. Then lines of other packages
are asked for at a random place in them, each with the same text around it: anchored at the beginning of the line, anchored some lines above, and with all of what leads the cursor before the gap. Bits per token of the rest of
the true line (what token healing leaves out is counted with it), lines whose every token is the likeliest, and paired 95 % intervals.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
import torch

from analyzers import site as sites
from analyzers.text import Snapshot
from assay.assistant.drafting.anchor import Form, Lead
from assay.assistant.drafting.prompt import build
from assay.engine import weights
from assay.engine.dialects import Dialect, render
from assay.engine.torch_backend import model as models
from evals import typing

# Tokens that the model was never trained with stand for markers.
MARKERS = ("<jupyter_start>", "<jupyter_text>", "<jupyter_code>")
DIALECT = Dialect("taught", f"{MARKERS[0]}{{prefix}}{MARKERS[1]}{{suffix}}{MARKERS[2]}", MARKERS)
RANK, RATE, BATCH = 16, 2e-3, 4
AROUND, GAP = 360, 120  # characters on each side, and in a gap at most
TOKENS = 180  # of a prompt
TAUGHT, ASKED = typing.PACKAGES[::2], typing.PACKAGES[1::2]
ABOVE = 3  # lines that were typed since, for an anchor some lines above
RESAMPLES = 2000


class Adapted(torch.nn.Module):
    """A linear layer with a difference of low rank, which alone is trained."""

    def __init__(self, base: torch.nn.Linear) -> None:
        super().__init__()
        self.base = base
        self.down = torch.nn.Parameter(torch.randn(RANK, base.in_features) / base.in_features**0.5)
        self.up = torch.nn.Parameter(torch.zeros(base.out_features, RANK))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The layer's output and the difference."""
        more = (x.float() @ self.down.T) @ self.up.T
        return self.base(x) + more.to(x.dtype)


def adapted(model: Any) -> list[torch.nn.Parameter]:
    """Have all linear layers of all blocks adapted; what is trained."""
    made: list[torch.nn.Parameter] = []
    for block in model.model.layers:
        for part in (block.self_attn, block.mlp):
            for name, layer in list(part.named_children()):
                if isinstance(layer, torch.nn.Linear):
                    one = Adapted(layer)
                    setattr(part, name, one)
                    made += [one.down, one.up]
    return made


def gaps(chance: random.Random) -> Iterator[tuple[str, str]]:
    """Prompts and what stands in their gaps, for ever."""
    files = [
        path
        for package in TAUGHT
        for path in (typing.SITE_PACKAGES / package).rglob("*.py")
        if path.stat().st_size in typing.SIZES
    ]
    while True:
        text = chance.choice(files).read_text("utf-8", "replace")
        start = chance.randrange(len(text) - 1)
        if chance.random() < 0.5:  # as often at a line's beginning as anywhere
            start = text.rfind("\n", 0, start) + 1
        end = min(len(text), start + chance.randrange(1, GAP))
        if chance.random() < 0.5:
            end = min(len(text), (text.find("\n", end) + 1) or len(text))
        prompt, _ = render(DIALECT, text[max(0, start - AROUND) : start], text[end : end + AROUND // 2])
        yield prompt, text[start:end]


def taught(loaded: models.Loaded, minutes: float) -> None:
    """Teach the model its markers."""
    parameters = adapted(loaded.model)
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.0)
    until, steps, losses = time.monotonic() + 60 * minutes, 0, list[float]()
    made = gaps(random.Random(5))
    end = loaded.ids("<|endoftext|>", special=False)
    while (left := until - time.monotonic()) > 0:
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (steps + 1) / 20, left / 60)
        optimizer.zero_grad()
        for _ in range(BATCH):
            prompt, gap = next(made)
            asked, wanted = loaded.ids(prompt, special=False), loaded.ids(gap, special=False) + end
            ids = torch.tensor([asked + wanted])
            logits = loaded.model(ids[:, :-1]).logits[0, len(asked) - 1 :].float()
            loss = torch.nn.functional.cross_entropy(logits, ids[0, len(asked) :]) / BATCH
            loss.backward()
            losses.append(float(loss.detach()) * BATCH)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        steps += 1
    first, last = statistics.mean(losses[:20]), statistics.mean(losses[-80:])
    print(f"taught in {steps} steps of {BATCH}: loss {first:.2f} at first, {last:.2f} at last", flush=True)


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file with the cursor in it: what leads the cursor, the rest of the line, and what follows."""

    before: str
    rest: str
    after: str


def places(count: int) -> list[Place]:
    """Lines of code of packages that nothing was taught from, each with a cursor behind its first character."""
    chance, found = random.Random(7), list[Place]()
    for one in typing.cut_out(typing.SITE_PACKAGES, 3 * count, seed=6, packages=ASKED):
        line = one.text.partition("\n")[0]
        code = line.strip()
        if len(code) > 8 and not code.startswith(("#", '"')) and len(found) < count:
            at = len(line) - len(line.lstrip()) + chance.randrange(1, len(code) - 2)
            rest = one.text[len(line) :] + one.after
            found.append(Place(one.before + line[:at], f"{line[at:]}\n", rest))
    return found


def prompts(place: Place) -> dict[str, tuple[str, str]]:
    """The prompt of each way, and what the model has to write after it."""
    form = Form(DIALECT, Lead(), TOKENS)

    def built(before: str, older: Any = None) -> Any:
        snapshot = Snapshot("", "", 0, before + place.after)
        return build(snapshot, len(before), sites.at(snapshot, len(before)), form, older)

    lines = place.before.splitlines(keepends=True)
    above = built("".join(lines[: -1 - ABOVE])) if len(lines) > ABOVE + 1 else None
    ways = {"at the line": built(place.before), "lines above": built(place.before, above and above.anchor)}
    anchor, healed = ways["at the line"].anchor, ways["at the line"].healed
    typed = place.before[anchor.start + len(anchor.kept) :]
    whole, _ = render(DIALECT, (anchor.prefix + typed)[: len(anchor.prefix + typed) - len(healed)], anchor.suffix)
    found = {way: (prompt.text, prompt.healed + place.rest) for way, prompt in ways.items()}
    return found | {"no anchor": (whole, healed + place.rest)}


@torch.no_grad()
def scored(loaded: models.Loaded, prompt: str, wanted: str) -> tuple[float, int, bool]:
    """Bits of what is wanted, its tokens, and whether each is the likeliest."""
    asked, ids = loaded.ids(prompt, special=False), loaded.ids(wanted, special=False)
    logits = loaded.model(torch.tensor([asked + ids])[:, :-1]).logits[0, len(asked) - 1 :].float()
    chosen = torch.log_softmax(logits, -1)[range(len(ids)), ids]
    return float(-chosen.sum() / torch.log(torch.tensor(2.0))), len(ids), logits.argmax(-1).tolist() == ids


def interval(values: list[float]) -> tuple[float, float]:
    """95 % bootstrap interval of a mean."""
    chance = random.Random(3)
    means = sorted(statistics.mean(chance.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return means[RESAMPLES // 40], means[-RESAMPLES // 40]


def main(given: argparse.Namespace) -> None:
    """Teach, ask, print."""
    torch.manual_seed(1)
    loaded = models.load(weights.fallback_path(Path(platformdirs.user_cache_dir("assay"))), device=torch.device("cpu"))
    taught(loaded, given.minutes)
    loaded.model.eval()
    found: dict[str, list[tuple[float, int, bool]]] = {}
    for place in places(given.count):
        for way, (prompt, wanted) in prompts(place).items():
            found.setdefault(way, []).append(scored(loaded, prompt, wanted))
    plain = found["no anchor"]
    for way, rows in found.items():
        bits, exact = [b / n for b, n, _ in rows], sum(ok for *_, ok in rows)
        told = f"{way}: {statistics.mean(bits):.3f} bits a token, {exact} of {len(rows)} lines exact"
        if way != "no anchor":
            more = [b - other / n for b, (other, n, _) in zip(bits, plain, strict=True)]
            lines = [float(ok) - float(other) for (*_, ok), (*_, other) in zip(rows, plain, strict=True)]
            (low, high), (least, most) = interval(more), interval(lines)
            told += f"; against no anchor {statistics.mean(more):+.3f} bits ({low:+.3f} to {high:+.3f}), {statistics.mean(lines):+.3f} of lines ({least:+.3f} to {most:+.3f})"
        print(told)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.anchored")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--count", type=int, default=200)
    main(parser.parse_args())
