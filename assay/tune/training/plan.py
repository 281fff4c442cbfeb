"""What a run is: its numbers, its folder, and how far it is. No torch, so that anybody may look at a run."""

from __future__ import annotations

import json
import math
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

Schedule = Literal["wsd", "cosine"]
HELD, MADE = "held.json", "made"  # what torch says of held-out answers, and the folder of what engines read
STATE, LOG, CURVES, ADAPTER = "run.json", "log.txt", "curves.svg", "adapter"
TOLD = "· "  # what lines begin with that are for whoever waits; the log has more
DOWN = 5  # what part of all steps the rate goes down in
WARM = 20  # steps up to the highest rate
LOSSES, CHECKPOINT = "losses.jsonl", "checkpoint.pt"


class RunError(Exception):
    """A run that cannot be begun or gone on with; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`model` weights, `data` a folder of samples. `minutes` of work are measured on the first steps and become `steps` (0: not yet known); `rows` of `context` tokens make one of them, `at_once` of them in one pass of the model.
    `rate` is the highest of the schedule. `start`: the adapter's GGUF that is gone on from, of the same rank, and its digest; "" for a new one. `planned`: the steps before
    they were made fewer (`shortened`); 0 where they were not."""

    model: str
    data: str
    data_mark: str
    model_mark: str
    dialect: str
    minutes: float = 10.0
    steps: int = 0
    rows: int = 4
    at_once: int = 2
    context: int = 512
    rank: int = 32
    rate: float = 1e-3
    schedule: Schedule = "wsd"
    seed: int = 1
    threads: int = 0
    start: str = ""
    start_mark: str = ""
    planned: int = 0

    def as_json(self) -> dict[str, Any]:
        """For run.json."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of the plan's steps; `ended` says why there are no more: "" (there are), "done", "early" (held-out samples got no better). `best` is the least loss on them, in nats a token."""

    done: int = 0
    ended: str = ""
    best: float = 0.0
    worked_s: float = 0.0


def write(folder: Path, plan: Plan, progress: Progress) -> None:
    """Put both into the run's folder, all of it or nothing."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = folder / f"{STATE}.part"
    part.write_text(json.dumps({"plan": plan.as_json(), "progress": asdict(progress)}, indent=1), "utf-8")
    os.replace(part, folder / STATE)


def read(folder: Path) -> tuple[Plan, Progress]:
    """Raises RunError."""
    try:
        found = json.loads((folder / STATE).read_text("utf-8"))
        known = {one.name for one in fields(Plan)}
        return Plan(**{name: value for name, value in found["plan"].items() if name in known}), Progress(
            **found["progress"]
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{folder} is no run ({error}). Begin one: `assay tune run`.") from error


def rate_at(plan: Plan, step: int) -> float:
    """The learning rate of a step (from 0). "wsd": warm-up, stable, and the last fifth down to nothing (Hu 2024, MiniCPM); "cosine": warm-up, then half a cosine down to a tenth."""
    if not plan.steps:  # they are being measured
        return plan.rate * (step + 1) / WARM
    warm = max(1, min(WARM, plan.steps // 10))
    if step < warm:
        return plan.rate * (step + 1) / warm
    if plan.schedule == "cosine":
        return plan.rate * (0.1 + 0.45 * (1 + math.cos(math.pi * (step - warm) / max(1, plan.steps - warm))))
    down = max(1, plan.steps // DOWN)
    return plan.rate * min(1.0, max(0.0, (plan.steps - step) / down))


def shortened(plan: Plan, done: int) -> Plan | None:
    """The plan whose rate goes down from here on, for a run that gets no better at a stable one: much of what it learned shows only then. None where the rate goes down already, or always does."""
    steps = -(-done * DOWN // (DOWN - 1))
    sooner = replace(plan, steps=steps, planned=plan.planned or plan.steps)
    return sooner if plan.schedule == "wsd" and done < steps < plan.steps else None
