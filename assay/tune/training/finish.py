"""What torch does when a run has ended: the picture, the adapter for engines, and what torch says of held-out answers, for the engine to be held to."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import torch

from assay.engine.dialects import by_name

from ..made import exported
from ..material import prepare
from . import curves
from .learner import Learner
from .packed import Tokens
from .plan import ADAPTER, HELD, MADE, Plan, RunError, read

SAMPLES = 40
PROMPT = 128  # tokens


def of(folder: Path, say: Callable[[str], None]) -> None:
    """Write all of it into the run's folder. Raises RunError, SourceError and EngineUnavailable."""
    plan, progress = read(folder)
    curves.draw(folder)
    if not (folder / ADAPTER).is_dir():
        raise RunError(
            "Nothing was learned: no look at held-out samples was better than the model as it is. Give it more, or other samples."
        )
    say(f"learned in {progress.done} steps; writing the adapter")
    exported.export(folder, plan, folder.name, folder / MADE)
    learner = Learner(plan, torch.device("cuda" if torch.cuda.is_available() else "cpu"), folder / ADAPTER)
    samples, nats = told(plan, learner)
    found = {"nats": nats, "samples": [[list(one.ids), one.asked] for one in samples]}
    (folder / HELD).write_text(json.dumps(found), "utf-8")


def told(plan: Plan, learner: Learner) -> tuple[list[Tokens], float]:
    """Held-out samples, and the nats of their answers by torch."""
    reader = learner.reader(prepare.load(Path(plan.data), plan.data_mark), by_name(plan.dialect), plan.context)
    rows = [row for row in reader.material.judged if row.kind != "onward"][:SAMPLES]
    samples = [reader.tokens(row, seed=plan.seed, token_limit=PROMPT).without(reader.end) for row in rows]
    tokens = sum(len(one.ids) - one.asked for one in samples)
    return samples, learner.held(samples, plan.context) * tokens
