"""The run itself: steps, looks at held-out samples, checkpoints, an end. What was done before is gone on with from the last checkpoint, as if nothing had happened.

Several processes share the rows of a step, and add up what each has learned of its own (accelerate brings them together); the first one writes.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list

from assay.engine import service
from assay.engine.dialects import by_name

from ..material import prepare
from . import curves
from .learner import Learner
from .packed import Packed, Reader, Tokens
from .plan import ADAPTER, CHECKPOINT, LOSSES, Plan, Progress, rate_at, read, shortened, write

PROBED = range(2, 6)  # steps that are timed, the first ones being slower
LEAST_STEPS = 20
LOOKS = 12  # at held-out samples, in all
HELD_SAMPLES = 96
PATIENCE = 4  # looks without anything better
SAVE_S = 60.0  # of work between two checkpoints
TELL_S = 10.0
CLIP = 1.0  # of the gradients' norm
Say = Callable[[str], None]
T = TypeVar("T")


@dataclass(slots=True)
class _Run:
    """What one process has of a run."""

    folder: Path
    plan: Plan
    progress: Progress
    learner: Learner
    reader: Reader
    held: list[Tokens]
    optimizer: torch.optim.Optimizer
    together: Accelerator
    position: int = 0  # of the next sample
    without_better: int = 0
    saved_s: float = 0.0


def run(folder: Path, why_end: Callable[[], str], say: Say) -> Progress:
    """Go on with the run in a folder until it ends, or has to: `why_end` is asked between two steps (the progress says `ended` "" then). Raises RunError, SourceError and EngineUnavailable."""
    plan, progress = read(folder)
    if progress.ended:
        return progress
    torch.set_num_threads(plan.threads or service.reading_threads())
    work = _begun(folder, plan, progress, say)
    _steps(work, why_end, say)
    return work.progress


def _begun(folder: Path, plan: Plan, progress: Progress, say: Say) -> _Run:
    together = Accelerator(cpu=not torch.cuda.is_available())
    material = prepare.load(Path(plan.data), plan.data_mark)
    learner = Learner(plan, together.device)
    reader = learner.reader(material, by_name(plan.dialect), plan.context)
    optimizer = torch.optim.AdamW(learner.parameters, lr=plan.rate, betas=(0.9, 0.95), weight_decay=0.0)
    held = [reader.tokens(row, seed=plan.seed, token_limit=128) for row in material.looked_at[:HELD_SAMPLES]]
    work = _Run(folder, plan, progress, learner, reader, held, optimizer, together)
    if (folder / CHECKPOINT).is_file():
        _restore(work)
        if together.is_main_process:
            write(folder, work.plan, work.progress)  # a run that ended as it was being written is one that has ended
        say(f"going on after step {work.progress.done} of {work.plan.steps}")
    else:
        work.progress = Progress()
        (folder / LOSSES).unlink(missing_ok=True)
    learner.model.train()
    return work


def _steps(work: _Run, why_end: Callable[[], str], say: Say) -> None:
    told, times, usual = 0.0, list[float](), list[float]()
    before = None if work.progress.done else work.learner.held(work.held, work.plan.context)
    if before is not None:
        work.progress = replace(work.progress, best=before)
        _note(work, {"step": 0, "held": before})
        say(f"held-out samples before: {before:.3f} nats a token")
    while not work.plan.steps or work.progress.done < work.plan.steps:
        if why := _agreed(work, why_end()):
            _save(work)
            say(f"ending after step {work.progress.done}: {why}. The same command goes on.")
            return
        began = time.monotonic()
        loss, learned = _step(work)
        took = time.monotonic() - began
        usual.append(took)
        took = min(took, 3 * statistics.median(usual[-20:]))  # it may have been stopped meanwhile
        work.progress = replace(work.progress, done=work.progress.done + 1, worked_s=work.progress.worked_s + took)
        done = work.progress.done
        _note(work, {"step": done, "loss": loss})
        if not work.plan.steps:
            times += [took] if done in PROBED else []
            if done == PROBED[-1]:
                left_s = max(0.0, 60 * work.plan.minutes - work.progress.worked_s)
                count = max(LEAST_STEPS, done + int(left_s / (sum(times) / len(times)) * 0.93))
                work.plan = replace(work.plan, steps=_agreed(work, count))
                _save(work)
        if (
            work.plan.steps
            and (done % max(1, work.plan.steps // LOOKS) == 0 or done == work.plan.steps)
            and _look(work, say)
        ):
            return
        if time.monotonic() - told > TELL_S:
            told = time.monotonic()
            say(_told(work, loss, learned / max(0.001, took)))
        if work.progress.worked_s - work.saved_s > SAVE_S and work.plan.steps:
            _save(work)


def _step(work: _Run) -> tuple[float, float]:
    """One step of the optimizer: nats a token of what was learned, and its tokens."""
    rows, work.position = work.reader.rows(work.position, work.plan.rows, work.plan.seed)
    learned = sum(row.learned for row in rows)
    for group in work.optimizer.param_groups:
        group["lr"] = rate_at(work.plan, work.progress.done)
    own = rows[work.together.process_index :: work.together.num_processes]
    nats = torch.zeros(())
    for pieces in _pieces(own, work.plan.at_once):
        loss = work.learner.loss(pieces)
        (loss / max(1.0, learned)).backward()
        nats += loss.detach().float().cpu()
    work.learner.gather()
    if work.together.num_processes > 1:
        for one in work.learner.parameters:
            one.grad = work.together.reduce(one.grad, "sum")
        nats = work.together.reduce(nats.to(work.together.device), "sum").cpu()
    torch.nn.utils.clip_grad_norm_(work.learner.parameters, CLIP)
    work.optimizer.step()
    work.learner.spread()
    work.optimizer.zero_grad(set_to_none=True)
    return float(nats) / max(1.0, learned), learned


def _agreed(work: _Run, value: T) -> T:
    """What the first process has found: all of them go by it."""
    if work.together.num_processes > 1:
        (value,) = broadcast_object_list([value])
    return value


def _pieces(rows: list[Packed], size: int) -> list[list[Packed]]:
    return [rows[at : at + size] for at in range(0, len(rows), size)]


def _look(work: _Run, say: Say) -> bool:
    """Look at held-out samples; whether the run is over."""
    held = _agreed(work, work.learner.held(work.held, work.plan.context))
    done, is_better = work.progress.done, held < work.progress.best
    _note(work, {"step": done, "held": held})
    say(
        f"step {done}: held-out samples {held:.3f} nats a token{'' if is_better else f', no better than {work.progress.best:.3f}'}"
    )
    work.without_better = 0 if is_better else work.without_better + 1
    if is_better:
        work.progress = replace(work.progress, best=held)
        if work.together.is_main_process:
            work.learner.save(work.folder / ADAPTER)
    if work.without_better >= PATIENCE and (sooner := shortened(work.plan, done)) is not None:
        say(f"nothing gets better at this rate: it goes down from here, to the end at step {sooner.steps}")
        work.plan, work.without_better = sooner, 0
    if work.without_better >= PATIENCE or done == work.plan.steps:
        work.progress = replace(work.progress, ended="done" if done == work.plan.steps else "early")
        _save(work)
        return True
    return False


def _note(work: _Run, row: dict[str, Any]) -> None:
    if work.together.is_main_process:
        with (work.folder / LOSSES).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def _save(work: _Run) -> None:
    """All that is needed to go on, in the place of what was there before."""
    work.saved_s = work.progress.worked_s
    if not work.together.is_main_process:
        return
    state = {
        "adapter": [one.detach().cpu() for one in work.learner.parameters],
        "optimizer": work.optimizer.state_dict(),
        "position": work.position,
        "without_better": work.without_better,
        "plan": work.plan.as_json(),
        "progress": [work.progress.done, work.progress.ended, work.progress.best, work.progress.worked_s],
    }
    part = work.folder / f"{CHECKPOINT}.part"
    torch.save(state, part)
    os.replace(part, work.folder / CHECKPOINT)
    write(work.folder, work.plan, work.progress)


def _restore(work: _Run) -> None:
    state = torch.load(work.folder / CHECKPOINT, map_location="cpu", weights_only=True)
    with torch.no_grad():
        for one, saved in zip(work.learner.parameters, state["adapter"], strict=True):
            one.copy_(saved)
    work.learner.spread()
    work.optimizer.load_state_dict(state["optimizer"])
    work.position, work.without_better = state["position"], state["without_better"]
    work.plan, work.progress = Plan(**state["plan"]), Progress(*state["progress"])
    work.saved_s = work.progress.worked_s
    if work.together.is_main_process:
        lines = [json.dumps(row) for row in curves.rows(work.folder) if row["step"] <= work.progress.done]
        (work.folder / LOSSES).write_text("".join(f"{line}\n" for line in lines), "utf-8")


def _told(work: _Run, loss: float, speed: float) -> str:
    done, steps = work.progress.done, work.plan.steps
    left = work.progress.worked_s / max(1, done) * (steps - done) / 60
    return f"step {done} of {steps or '?'}: loss {loss:.3f}, {speed:.0f} learned tokens/s" + (
        f", {left:.0f} min left" if steps else ""
    )
