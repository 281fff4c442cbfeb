"""From a plan to an adapter that counts: the run in its own process, the engine held to torch, the gate, the card. What `assay tune run` does; loads no torch."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assay.engine import adapters, dialects, local, processes, weights
from assay.engine.dialects import DIALECTS, by_name, choose
from assay.engine.launch import Beside, Launch

from .gate import figures, gate
from .gate.author import Way
from .gate.figures import Figure
from .material import prepare
from .material.prepare import Material
from .training import plan as plans
from .training.packed import Tokens
from .training.plan import HELD, MADE, TOLD, Plan, Progress, RunError
from .training.yielding import Signs, minded

TAUGHT = "taught"  # the dialect for models that were given no markers
UNUSED = b"jupyter_start"  # what a model has to have to be taught these
GATE, CARD = "gate.json", "card.md"
LOCK = "lock"
NO_GATE = "Not held to the model as it is: llama.cpp does not read folders of safetensors."
APART = 0.01  # of the log-likelihood, that engine and torch may be apart
IDLE_S = 60.0
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Held:
    """Nats of the same answers by torch and by the engine."""

    torch: float
    engine: float

    @property
    def apart(self) -> float:
        """The share by which they differ."""
        return abs(self.engine - self.torch) / max(1e-9, abs(self.torch))


def dialect_for(model: Path, wanted: str) -> str:
    """How prompts are written while it learns: what is wanted; else as the model is asked today, by its own markers, those that its own adapter was taught, or from left to right. To teach a model markers takes hours, and is to be asked for. Raises RunError."""
    if wanted != "auto":
        if wanted not in {one.name for one in DIALECTS}:
            raise RunError(f"{wanted} is no dialect; there are {', '.join(one.name for one in DIALECTS)}.")
        if wanted == TAUGHT and not _has_unused(model):
            raise RunError(f"{weights.name_of(model)} does not have the tokens that the dialect {TAUGHT} is made of.")
        return wanted
    today = adapters.today(model)
    return today.dialect if today is not None else choose("auto", weights.name_of(model)).name


def start_for(model: Path, dialect: str, rank: int) -> adapters.Adapter | None:
    """What a run goes on from: the adapter that the model has from us, where that speaks the same dialect and is of the wanted rank (0: any)."""
    today = adapters.today(model)
    return today if today is not None and today.dialect == dialect and rank in (0, rank_of(today)) else None


def rank_of(adapter: adapters.Adapter | None) -> int:
    """By its manifest; 0 where there is none, or it does not say."""
    try:
        told = json.loads((adapter.folder / adapters.MANIFEST).read_text("utf-8")) if adapter is not None else {}
        return int(told.get("rank", 0))
    except (OSError, ValueError, AttributeError):
        return 0


def begin(folder: Path, plan: Plan) -> None:
    """Begin a run, or leave one as it is that is to go on: then the plan has to be the same. Raises RunError."""
    if (folder / plans.STATE).is_file():
        there, _ = plans.read(folder)
        steps = there.steps if plan.steps in (0, there.planned) else plan.steps
        fresh = replace(plan, steps=steps, planned=there.planned, start=there.start)
        if there.data_mark != fresh.data_mark:
            raise RunError(
                f"The samples {Path(plan.data).name} were made anew since the run {folder.name} was begun. Give this one a name of its own: --name."
            )
        if there != fresh:
            other = next(name for name, value in there.as_json().items() if fresh.as_json()[name] != value)
            raise RunError(
                f"The run {folder.name} was begun with another {other} ({there.as_json()[other]}). Give this one a name of its own: --name."
            )
        return
    plans.write(folder, plan, Progress())


def waiting(runs: Path, data: Path) -> str:
    """A run that has begun with the samples in a folder and has not been judged by them, by its name; "" where there is none."""
    for one in sorted(runs.glob(f"*/{plans.STATE}")):
        with contextlib.suppress(RunError):
            if Path(plans.read(one.parent)[0].data) == data and not (one.parent / GATE).is_file():
                return one.parent.name
    return ""


def learn(folder: Path, signs: Signs | None, processes: int, say: Say) -> bool:
    """Have a process of its own go on with the run; whether it came to its end. Raises RunError with that process's last words, and where another one is at it."""
    with alone(folder):
        return _learned(folder, signs, processes, say)


def _learned(folder: Path, signs: Signs | None, processes: int, say: Say) -> bool:
    command = [sys.executable, "-I", "-m", "assay.tune.training.process", str(folder), str(processes)]
    command += ["--background"] if signs else []
    log = folder / plans.LOG
    with log.open("a", encoding="utf-8") as file:
        file.write(f"-- {datetime.datetime.now().astimezone().isoformat(timespec='seconds')}\n")
        file.flush()
        teller = _Teller(log, say)
        # In a group of its own: a terminal's Ctrl+C is this process's to pass on. From no folder of anybody's, for those that it starts look there for modules.
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, text=True, start_new_session=True, cwd="/"
        )
        status = minded(process, signs, say, teller.look)
    if status:
        last = teller.last if status == 1 else f"its process ended with status {status}"
        raise RunError(
            f"The run stopped: {last or 'it left no message'}. The same command goes on from the last checkpoint; the log is {log}."
        )
    return bool(plans.read(folder)[1].ended)


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a run; the system lets go of it whatever becomes of this process, which SIGTERM ends as an interrupt does. Raises RunError where another one holds it."""
    if not folder.is_dir():
        raise RunError(f"There is no run {folder.name}: assay tune status.")
    lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    before = None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(lock, 0)
        os.write(lock, str(os.getpid()).encode())
        if threading.current_thread() is threading.main_thread():
            before = signal.signal(signal.SIGTERM, _interrupted)
        yield
    except BlockingIOError:
        raise RunError(f"The run {folder.name} is at work already: assay tune status.") from None
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)
        os.close(lock)


def _interrupted(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


def is_at_work(folder: Path) -> bool:
    """Whether some process holds a run."""
    return bool(_holder(folder))


def stop(folder: Path) -> bool:
    """Have whoever holds a run end it; whether anybody does."""
    if not (pid := _holder(folder)):
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    return True


def _holder(folder: Path) -> int:
    """The process that holds a run; 0 where none does."""
    try:
        lock = os.open(folder / LOCK, os.O_RDWR)
    except OSError:
        return 0
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return 0
    except OSError:
        return int(os.read(lock, 20) or b"0")
    finally:
        os.close(lock)


class _Teller:
    """Passes on what a log gets."""

    def __init__(self, log: Path, say: Say) -> None:
        self._log, self._say = log, say
        self._at = log.stat().st_size
        self.last = ""

    def look(self) -> None:
        """Say what is new."""
        with self._log.open("rb") as file:
            file.seek(self._at)
            whole, _, _ = file.read().rpartition(b"\n")
            self._at += len(whole) + bool(whole)
        for line in whole.decode("utf-8", "replace").splitlines():
            if line.startswith(TOLD):
                self.last = line.removeprefix(TOLD)
                self._say(self.last)


def merge(folder: Path, kind: str, out: Path, runtime: Path) -> Held:
    """Write the model with the run's adapter in its weights, as GGUF, where llama.cpp says of held-out answers what torch says: nothing is left of one that does not. Raises RunError, EngineError, OSError."""
    from .made import exported  # numpy and gguf, which the rest of this file does without

    plan, samples, nats = _told(folder)
    if out.exists():
        raise RunError(f"{out} is there already: name another file.")
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".") as place:
        part = Path(place) / out.name
        exported.merge(folder / MADE / folder.name, Path(plan.model), kind, part)
        held = Held(nats, asyncio.run(_nats(processes.launch_for(part, runtime, IDLE_S), "", samples)))
        if held.apart > APART:
            raise RunError(
                f"No {out.name}: with weights held as {kind} llama.cpp says {held.engine:.1f} nats of held-out answers, torch {held.torch:.1f}, {held.apart:.1%} apart; {APART:.0%} is the most. What was taught is finer than that: take q8_0, or the adapter beside the model."
            )
        part.rename(out)
        return held


def _told(folder: Path) -> tuple[Plan, list[Tokens], float]:
    """A run's plan, its held-out answers, and what torch says of them in nats."""
    plan, _ = plans.read(folder)
    try:
        told = json.loads((folder / HELD).read_text("utf-8"))
        return plan, [Tokens(tuple(ids), asked, "") for ids, asked in told["samples"]], float(told["nats"])
    except (OSError, ValueError, KeyError) as error:
        raise RunError(f"{folder.name} has not ended yet: run it to its end first.") from error


def hold(folder: Path, runtime: Path) -> Held:
    """The engine's word beside torch's, on the run's held-out answers. Raises RunError where they are apart, EngineError."""
    plan, samples, nats = _told(folder)
    launch = processes.launch_for(Path(plan.model), runtime, IDLE_S, beside=Beside(adapters=str(folder / MADE)))
    held = Held(nats, asyncio.run(_nats(launch, folder.name, samples)))
    if held.apart > APART:
        raise RunError(
            f"The adapter does not count: llama.cpp says {held.engine:.1f} nats of held-out answers, torch {held.torch:.1f}, {held.apart:.1%} apart; {APART:.0%} is the most."
        )
    return held


async def _nats(launch: Launch, adapter: str, samples: list[Tokens]) -> float:
    engine = local.Local(launch, adapter)
    try:
        return -sum([await engine.likelihood(one.ids[: one.asked], one.ids[one.asked :]) for one in samples])
    finally:
        await engine.end()


def is_served_here(folder: Path) -> bool:
    """Whether llama.cpp has a run's adapter. Raises RunError where the run has none yet."""
    if not (folder / MADE / folder.name / adapters.MANIFEST).is_file():
        raise RunError(f"{folder.name} has not ended yet: run it to its end first.")
    return (folder / MADE / folder.name / adapters.GGUF).is_file()


@dataclass(frozen=True, slots=True)
class Asked:
    """How the gate asks: `engine.dialect` as it is set, places for each measure, and the tests. By `signs` it rests while somebody works (None: never)."""

    dialect: str = "auto"
    each: int = gate.EACH
    passes: gate.Passes | None = None
    signs: Signs | None = None


def judge(folder: Path, runtime: Path, say: Say, asked: Asked) -> tuple[list[Figure], bool, str]:
    """The gate's table for a run on llama.cpp, kept in its folder; whether it is better, and why. Before is the model as people have it, with the adapter that comes with Assay where that is one for it. Raises EngineError, SourceError, RunError."""
    plan, _ = plans.read(folder)
    material = prepare.load(Path(plan.data), plan.data_mark)
    model = Path(plan.model)
    launch = processes.launch_for(model, runtime, IDLE_S, beside=Beside(adapters=str(folder / MADE)))
    quiet = asked.signs.beside(launch.folder).quiet(say) if asked.signs is not None else None
    rows = asyncio.run(_judged(plan, folder.name, launch, _measured(material, gate.Pace(say, quiet), asked)))
    is_better, why = figures.verdict(rows)
    told = {
        "better": is_better,
        "why": why,
        "rows": figures.as_json(rows),
        "made": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
    }
    for place in (folder, folder / MADE / folder.name):
        (place / GATE).write_text(json.dumps(told, indent=1), "utf-8")
    return rows, is_better, why


Measured = Callable[[local.Local, local.Local, Plan], Awaitable[list[Figure]]]


def _measured(material: Material, pace: gate.Pace, asked: Asked) -> Measured:
    async def measured(before: local.Local, after: local.Local, plan: Plan) -> list[Figure]:
        spoken = await dialects.spoken(before, asked.dialect)
        sides = gate.Sides(Way(before, spoken), Way(after, by_name(plan.dialect)))
        try:
            return await gate.held(sides, material, pace, each=asked.each, passes=asked.passes)
        finally:
            if asked.passes is not None:
                await asked.passes.close()

    return measured


async def _judged(plan: Plan, adapter: str, launch: Launch, measured: Measured) -> list[Figure]:
    today = adapters.today(Path(plan.model))
    before, after = local.Local(launch, today.name if today else ""), local.Local(launch, adapter)
    try:
        return await measured(before, after, plan)
    finally:
        await after.close()
        await before.end()


def result(adapter: Path) -> dict[str, Any]:
    """What the gate said of an adapter's folder. Raises RunError where it said nothing."""
    try:
        found = json.loads((adapter / GATE).read_text("utf-8"))
        return {"better": bool(found["better"]), "why": str(found["why"]), "rows": figures.of_json(found["rows"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{adapter.name} was not held to the model as it is. Do: assay tune gate {adapter.name}."
        ) from error


def result_or_none(adapter: Path) -> dict[str, Any]:
    """The same for who takes it all the same: where nothing was measured, that is said."""
    try:
        return result(adapter)
    except RunError as error:
        return {"better": False, "why": str(error), "rows": []}


def install(made: Path, into: Path) -> adapters.Adapter:
    """Put a run's adapter where engines look for some, in the place of one of that name. Raises AdapterError, OSError."""
    target = into / made.name
    if target.is_symlink() or target.exists():
        adapters.read(target)  # somebody's own folder is not ours to replace
        if target.is_symlink():
            raise adapters.AdapterError(f"{target} is a link. Take it away, or give the run another name.")
    into.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=into, prefix=".") as place:
        shutil.copytree(made, Path(place) / "new")
        if target.exists():
            target.rename(Path(place) / "old")
        (Path(place) / "new").rename(target)
    return adapters.read(target)


def card(folder: Path, held: Held | None, rows: list[Figure], why: str) -> Path:
    """The model card, beside the adapter."""
    plan, progress = plans.read(folder)
    material = json.loads((Path(plan.data) / "card.json").read_text("utf-8"))
    lines = [
        f"# {folder.name}\n",
        f"A LoRA adapter of rank {plan.rank} for {weights.name_of(Path(plan.model))} (SHA-256 {plan.model_mark}), made by `assay tune` on {datetime.date.today().isoformat()}.",
        f"Prompts are written in the dialect `{plan.dialect}`. Taught in {progress.done} steps of {plan.rows} rows of {plan.context} tokens, {progress.worked_s / 60:.0f} minutes of work, highest rate {plan.rate:g} ({plan.schedule}).\n",
        f"Material {plan.data_mark}: {material['files_kept']} files, {material['characters']} characters; licences: {', '.join(f'{name} {count}' for name, count in material['licences'].items())}.",
        f"Sources: {', '.join(material['sources'])}. Nothing was taught of: {', '.join(material['projects']['held'])} (or of some of its files, where that is the only one).\n",
        f"Against the model as it is, on these: {why}\n",
        figures.table(rows) if rows else "",
        "" if held is None else f"\nllama.cpp says of held-out answers what torch says, but for {held.apart:.2%}.",
        "\nWritten code is a suggestion: it may be wrong, and may repeat what was taught.",
    ]
    path = folder / MADE / folder.name / CARD
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def _has_unused(model: Path) -> bool:
    """Whether its vocabulary has the tokens that markers are made of; looked for in the file, whose header has it."""
    if model.is_file():
        with model.open("rb") as opened:
            return UNUSED in opened.read(8 << 20)
    tokenizer = model / "tokenizer.json"
    return tokenizer.is_file() and UNUSED in tokenizer.read_bytes()
