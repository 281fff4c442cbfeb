"""`assay tune`: an adapter from samples, the gate, and what is there; `samples` makes the samples."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from assay import compose
from assay.assistant.settings import Settings
from assay.cli import out
from assay.engine import adapters, processes, weights
from assay.engine.api import EngineError
from assay.folders import Folders, folders
from assay.tune.training import yielding

if TYPE_CHECKING:
    from assay.tune.gate import gate as gates
    from assay.tune.training.plan import Plan

app = typer.Typer(
    help="Adapt the local model to your code: samples, an adapter, and a gate that lets through nothing that is not better.",
    no_args_is_help=True,
)
MISSING = "`assay tune` needs {}, which is not installed. Install `assay[tune]`."
Name = Annotated[str, typer.Argument(help="The name of a run.")]


def need(*modules: str) -> None:
    """End with a sentence where one of them is not installed."""
    for one in modules:
        if importlib.util.find_spec(one) is None:
            out.fail("no-tune", MISSING.format(one))


def named(name: str) -> str:
    """A name for samples, a run or an adapter; ends with a sentence for what is none: engines and folders have to take it."""
    if adapters.NAME.fullmatch(name) is None or name in (adapters.NONE, adapters.OWN.name):
        out.fail(
            "usage",
            f"{name!r} is no name here: letters, digits, dots and dashes, and neither {adapters.NONE} nor {adapters.OWN.name}. Give another one with --name.",
        )
    return name


def data_folder(where: Folders, name: str) -> Path:
    """Where samples of a name are."""
    return where.state / "tune" / "data" / name


def run_folder(where: Folders, name: str) -> Path:
    """Where a run of a name is."""
    return where.state / "tune" / "runs" / name


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="The samples, by their name.")],
    run_name: Annotated[str, typer.Option("--name", help="What the run and its adapter are called; by default as the samples.")] = "",
    model: Annotated[str, typer.Option(help="The weights to adapt, as in `engine.model`.")] = "",
    minutes: Annotated[float, typer.Option(min=0.5, help="Of work; measured on the first steps.")] = 10.0,
    steps: Annotated[int, typer.Option(min=0, help="Instead of minutes.")] = 0,
    dialect: Annotated[str, typer.Option(help="How prompts are written: auto as the model is asked today; taught has it learn markers of tokens that it never used, which takes hours.")] = "auto",
    rank: Annotated[int, typer.Option(min=0, max=512, help="Of the adapter; 0 takes that of the one that is gone on from, else 32.")] = 0,
    rate: Annotated[float, typer.Option(help="The highest learning rate.")] = 1e-3,
    schedule: Annotated[
        Literal["wsd", "cosine"], typer.Option(help="How the rate goes: warm-up, stable and decay, or half a cosine.")
    ] = "wsd",
    rows: Annotated[int, typer.Option(min=1, help="Rows of one step.")] = 4,
    context: Annotated[int, typer.Option(min=128, help="Tokens of a row.")] = 512,
    processes: Annotated[int, typer.Option(min=1, help="That share each step: GPUs, or processors.")] = 1,
    background: Annotated[bool, typer.Option("--background", help="Lowest priority; rest while an engine works or somebody types; end on battery.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="With --background: return at once; see `assay tune status`.")] = False,
    seed: Annotated[int, typer.Option(help="Of all choices.")] = 1,
) -> None:  # fmt: skip
    """Teach the model your samples as a LoRA adapter, hold the engine to torch, and the adapter to the model as it is.

    The same command goes on with a run that was ended, from its last checkpoint, to the same result. Nothing is used before `assay model use`.
    """
    need("torch", "peft", "accelerate", "psutil", "pygal", "gguf", "datasketch")
    from assay.tune import way
    from assay.tune.material import prepare as preparing
    from assay.tune.material.sources import SourceError
    from assay.tune.training.plan import Plan, RunError

    where = folders()
    settings = out.settings(where)
    run_name = named(run_name or name)
    target = run_folder(where, run_name)
    if detach and not background:
        out.fail("usage", "--detach goes with --background.")
    if background:
        yielding.lowest()  # of the gate, too, and of its engine
    try:
        path = weights.resolve(model or settings.text("engine.model"), where.cache).resolve()
        data = data_folder(where, name)
        asked = settings.text("engine.dialect")
        spoken = way.dialect_for(path, dialect if dialect != "auto" else asked)
        start = way.start_for(path, spoken, rank)
        plan = Plan(
            str(path),
            str(data),
            preparing.load(data).mark,
            weights.digest(path),
            spoken,
            minutes,
            steps,
            rows=rows,
            context=context,
            rank=rank or way.rank_of(start) or 32,
            start=str(start.file) if start is not None else "",
            start_mark=weights.digest(start.file) if start is not None else "",
            rate=rate,
            schedule=schedule,
            seed=seed,
        )
        way.begin(target, plan)
        if detach:
            if way.is_at_work(target):
                raise RunError(f"The run {run_name} is at work already: assay tune status.")
            _detached(
                target,
                [
                    name,
                    "--name",
                    run_name,
                    "--model",
                    str(path),
                    *_options(plan, processes),
                    "--dialect",
                    dialect,
                    "--steps",
                    str(steps),
                ],
            )
            return
        signs = _signs(where) if background else None
        if not way.learn(target, signs, processes, out.say):
            typer.echo(f"{run_name} has not ended: the same command goes on.")
            return
        with way.alone(target):
            _gate(target, where, settings, signs=signs)
    except (RunError, SourceError, EngineError) as error:
        out.fail("no-run", str(error))
    except OSError as error:
        out.fail("no-run", f"The run cannot go on: {error}.")


@app.command()
def gate(
    name: Name,
    places: Annotated[int, typer.Option(min=5, help="For each measure.")] = 40,
) -> None:
    """Hold a run's adapter to the model as it is, at held-out places, and print the table."""
    from assay.tune import way
    from assay.tune.material.sources import SourceError
    from assay.tune.training.plan import RunError

    where = folders()
    try:
        target = run_folder(where, name)
        with way.alone(target):
            _gate(target, where, out.settings(where), places)
    except (RunError, SourceError, EngineError, OSError) as error:
        out.fail("no-run", str(error))


@app.command()
def merge(
    name: Name,
    to: Annotated[Path, typer.Argument(help="The GGUF file to be written.")],
    kind: Annotated[Literal["q8_0", "q4_1"], typer.Option(help="How the changed weights are held.")] = "q8_0",
) -> None:
    """Write the model with a run's adapter in its weights, as one GGUF file that any llama.cpp reads."""
    need("gguf", "safetensors")
    from assay.tune import way
    from assay.tune.training.plan import RunError

    where = folders()
    try:
        held = way.merge(run_folder(where, name), kind, to, where.runtime)
    except (RunError, EngineError, OSError) as error:
        out.fail("no-run", str(error))
    typer.echo(
        f"{to} ({to.stat().st_size / 1e6:.0f} MB) says of held-out answers what torch says, but for {held.apart:.2%}. Prompts for it are written as for the adapter: set `engine.dialect` with it."
    )


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """The samples and runs that are here, and how far these are."""
    from assay.tune import way
    from assay.tune.training import plan as plans

    where = folders()
    data = sorted(one.parent.name for one in (where.state / "tune" / "data").glob("*/card.json"))
    rows = list[dict[str, Any]]()
    for one in sorted((where.state / "tune" / "runs").glob(f"*/{plans.STATE}")):
        try:
            plan, progress = plans.read(one.parent)
        except plans.RunError as error:
            out.say(str(error))
            continue
        rows.append(
            {
                "run": one.parent.name,
                "samples": Path(plan.data).name,
                "step": progress.done,
                "of": plan.steps,
                "ended": progress.ended,
                "minutes": round(progress.worked_s / 60, 1),
                "at_work": way.is_at_work(one.parent),
                "gate": _said(one.parent),
            }
        )
    if as_json:
        out.emit({"samples": data, "runs": rows})
        return
    typer.echo(f"samples: {', '.join(data) or 'none yet (assay tune prepare)'}")
    for row in rows:
        state = {"": "can go on", "done": "ended", "early": "ended early: no better"}[str(row["ended"])]
        state = "at work" if row["at_work"] else state
        typer.echo(
            f"{row['run']:24} step {row['step']} of {row['of'] or '?'}, {row['minutes']} min, {state}. {row['gate']}"
        )


@app.command()
def stop(name: Name) -> None:
    """End a run that is at work, wherever it was begun: it leaves a checkpoint, and the same command goes on."""
    from assay.tune import way

    if not way.stop(run_folder(folders(), name)):
        out.fail("usage", f"{name} is not at work.")
    typer.echo(f"{name} ends after the step that it is at; assay tune status.")


def _signs(where: Folders) -> Any:
    from assay.tune.training.yielding import Signs

    return Signs((where.traces_file,), processes.homes(where.runtime))


def _options(plan: Plan, processes: int) -> list[str]:
    given = {
        "minutes": plan.minutes,
        "rank": plan.rank,
        "rate": plan.rate,
        "schedule": plan.schedule,
        "rows": plan.rows,
        "context": plan.context,
        "processes": processes,
        "seed": plan.seed,
    }
    return [part for name, value in given.items() for part in (f"--{name}", str(value))]


def _detached(target: Path, options: list[str]) -> None:
    """The same command, that outlives this one."""
    with (target / "command.log").open("ab") as log:
        nowhere = subprocess.DEVNULL
        subprocess.Popen(
            [sys.executable, "-I", "-m", "assay", "tune", "run", *options, "--background"],
            stdin=nowhere,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    typer.echo(f"It goes on in the background: assay tune status. Its words are in {target / 'command.log'}.")


def _gate(target: Path, where: Folders, settings: Settings, places: int = 40, signs: Any = None) -> None:
    """Hold the engine to torch and the adapter to the model as it is; print the table, and write the card."""
    from assay.tune import way
    from assay.tune.gate import figures

    if not way.is_served_here(target):
        typer.echo(
            f"{way.card(target, None, [], way.NO_GATE)}: {way.NO_GATE} To use it all the same: assay model use {target.name} --force"
        )
        return
    held = way.hold(target, where.runtime)
    out.say(f"llama.cpp says of held-out answers what torch says, but for {held.apart:.2%}")
    asked = way.Asked(settings.text("engine.dialect"), places, _passes(target, where, settings), signs)
    rows, is_better, why = way.judge(target, where.runtime, out.say, asked)
    typer.echo(figures.table(rows))
    typer.echo(why)
    typer.echo(f"The card is {way.card(target, held, rows, why)}; the curves are {target / 'curves.svg'}.")
    typer.echo(
        f"Use it: assay model use {target.name}"
        if is_better
        else f"It is not used. To use it all the same: assay model use {target.name} --force"
    )


def _passes(target: Path, where: Folders, settings: Settings) -> gates.Passes | None:
    """How tests are asked, where the samples came from a folder and there is a sandbox."""
    from assay.tune.gate import proved
    from assay.tune.material import prepare as preparing
    from assay.tune.training import plan as plans

    material = preparing.load(Path(plans.read(target)[0].data))
    roots = {project: Path(one["root"]) for project, one in material.card["sources"].items() if one.get("root")}
    return proved.Tests(material, roots, lambda: compose.workbench(settings, where), compose.close) if roots else None


def _said(folder: Path) -> str:
    try:
        return str(json.loads((folder / "gate.json").read_text("utf-8"))["why"])
    except (OSError, ValueError, KeyError):
        return ""
