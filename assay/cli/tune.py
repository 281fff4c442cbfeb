"""`assay tune`: samples from repositories and packages, an adapter from samples, the gate, and what is there."""

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
from assay.engine import weights
from assay.engine.api import EngineError
from assay.folders import Folders, folders

if TYPE_CHECKING:
    from assay.tune.gate import gate as gates
    from assay.tune.material.sources import Source
    from assay.tune.training.plan import Plan

app = typer.Typer(
    help="Adapt the local model to your code: samples, an adapter, and a gate that lets through nothing that is not better.",
    no_args_is_help=True,
)
MISSING = "`assay tune` needs {}, which is not installed. Install `assay[tune]`."
Name = Annotated[str, typer.Argument(help="The name of a run.")]


def _need(*modules: str) -> None:
    for one in modules:
        if importlib.util.find_spec(one) is None:
            out.fail("no-tune", MISSING.format(one))


def data_folder(where: Folders, name: str) -> Path:
    """Where samples of a name are."""
    return where.state / "tune" / "data" / name


def run_folder(where: Folders, name: str) -> Path:
    """Where a run of a name is."""
    return where.state / "tune" / "runs" / name


@app.command()
def prepare(
    sources: Annotated[list[Path] | None, typer.Argument(help="Folders, wheels or source distributions whose licence is permissive.")] = None,
    own: Annotated[list[Path] | None, typer.Option(help="A folder of your own: its licence is not asked.")] = None,
    package: Annotated[list[str] | None, typer.Option(help="A package that is installed beside Assay.")] = None,
    listed: Annotated[Path | None, typer.Option("--list", help="TOML with a table [packages] of names and versions, whose wheels are fetched from the configured index.")] = None,
    name: Annotated[str, typer.Option(help="What the samples are called.")] = "",
    like: Annotated[str, typer.Option(help="Take the sources of these samples again.")] = "",
    without: Annotated[list[str] | None, typer.Option(help="With --like: leave this source out, which the card then says.")] = None,
    history: Annotated[bool, typer.Option("--history/--no-history", help="Edits of folders' git histories, too.")] = True,
    kept: Annotated[
        list[Path] | None,
        typer.Option(help="An export of a team's record: suggestions that were kept, of those who agreed, where they stand in these sources."),
    ] = None,
    rows: Annotated[int, typer.Option(min=50, help="Samples to be taught, at most.")] = 20_000,
    held: Annotated[int, typer.Option(min=20, help="Held-out samples, at most.")] = 600,
    benchmark: Annotated[list[Path] | None, typer.Option(help="A file (JSON, JSON lines, text, .gz) none of whose text is to be taught, beside HumanEval, MBPP and the typing traces.")] = None,
    seed: Annotated[int, typer.Option(help="Of all choices.")] = 1,
) -> None:  # fmt: skip
    """Make samples from your repositories and from packages, in the prompts that Assay writes.

    Nothing of them is run. Left out are files without a permissive licence, with secrets, generated ones, near-duplicates and text of benchmarks; whole projects (of one project, files) are held out for the gate. A data card counts all of it.
    """
    _need("datasketch")
    from assay.tune.material import prepare as preparing
    from assay.tune.material.sources import SourceError

    where = folders()
    specs = [
        *(["folder", str(one.resolve())] for one in sources or ()),
        *(["own", str(one.resolve())] for one in own or ()),
        *(["package", one] for one in package or ()),
    ]
    try:
        specs += [["listed", f"{one}=={version}"] for one, version in _listed(listed)]
        if like:
            told = preparing.load(data_folder(where, like)).card
            specs = [one for one in told["specs"] if _spoken(one) not in (without or ())]
            if missing := set(without or ()) - {_spoken(one) for one in told["specs"]}:
                out.fail(
                    "usage",
                    f"{sorted(missing)[0]} is none of its sources: {', '.join(_spoken(one) for one in told['specs'])}.",
                )
        if not specs:
            out.fail("usage", "Nothing to make samples of: name a folder, --own FOLDER, --package NAME or --list FILE.")
        if any(kind == "listed" for kind, _ in specs) and out.settings(where).is_on("offline"):
            out.fail("offline", "`offline` is on: nothing is fetched. Name wheels that are here.")
        found = [_source(kind, value, where) for kind, value in specs]
        name = name or found[0].project.lower()
        wanted = preparing.Wanted(
            rows,
            held,
            seed,
            tuple(benchmark or ()),
            has_history=history,
            kept_files=tuple(kept or ()),
            specs=tuple((kind, value) for kind, value in specs),
            without=tuple(without or ()),
        )
        target = data_folder(where, name)
        made = preparing.prepare(found, target, wanted, out.say)
    except SourceError as error:
        out.fail("no-samples", str(error))
    except (OSError, ValueError) as error:
        out.fail("no-samples", f"The samples cannot be made: {error}.")
    typer.echo(
        f"{name}: {sum(made.sides['train'].values())} samples to be taught and {sum(made.sides['held'].values())} held out, from {sum(made.kept.values())} of {made.found} files."
    )
    typer.echo(f"The data card is {target / 'card.md'}. Next: assay tune run {name}")


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="The samples, by their name.")],
    run_name: Annotated[str, typer.Option("--name", help="What the run and its adapter are called; by default as the samples.")] = "",
    model: Annotated[str, typer.Option(help="The weights to adapt, as in `engine.model`.")] = "",
    minutes: Annotated[float, typer.Option(min=0.5, help="Of work; measured on the first steps.")] = 10.0,
    steps: Annotated[int, typer.Option(min=0, help="Instead of minutes.")] = 0,
    dialect: Annotated[str, typer.Option(help="How prompts are written: auto as the model is asked today; taught has it learn markers of tokens that it never used, which takes hours.")] = "auto",
    rank: Annotated[int, typer.Option(min=1, max=512, help="Of the adapter.")] = 32,
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
    _need("torch", "peft", "pygal")
    from assay.tune import way
    from assay.tune.material import prepare as preparing
    from assay.tune.material.sources import SourceError
    from assay.tune.training.plan import Plan, RunError

    where = folders()
    settings = out.settings(where)
    run_name = run_name or name
    target = run_folder(where, run_name)
    try:
        path = weights.resolve(model or settings.text("engine.model"), where.cache)
        data = data_folder(where, name)
        spoken = way.dialect_for(path, dialect)
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
            rank=rank,
            rate=rate,
            schedule=schedule,
            seed=seed,
        )
        way.begin(target, plan)
        if detach:
            _detached(target, [name, "--name", run_name, "--model", str(path), *_options(plan, processes)])
            return
        signs = _signs(where) if background else None
        if not way.learn(target, signs, processes, out.say):
            typer.echo(f"{run_name} has not ended: the same command goes on.")
            return
        held = way.hold(target, where.runtime)
        _gate(target, where, settings, held)
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
        _gate(target, where, out.settings(where), way.hold(target, where.runtime), places)
    except (RunError, SourceError, EngineError, OSError) as error:
        out.fail("no-run", str(error))


@app.command()
def merge(
    name: Name,
    to: Annotated[Path, typer.Argument(help="The GGUF file to be written.")],
    kind: Annotated[Literal["q8_0", "q4_1"], typer.Option(help="How the changed weights are held.")] = "q8_0",
) -> None:
    """Write the model with a run's adapter in its weights, as one GGUF file that any llama.cpp reads."""
    _need("gguf", "safetensors")
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
    from assay.tune.training import plan as plans

    where = folders()
    data = sorted(one.parent.name for one in (where.state / "tune" / "data").glob("*/card.json"))
    rows = list[dict[str, Any]]()
    for one in sorted((where.state / "tune" / "runs").glob(f"*/{plans.STATE}")):
        plan, progress = plans.read(one.parent)
        rows.append(
            {
                "run": one.parent.name,
                "samples": Path(plan.data).name,
                "step": progress.done,
                "of": plan.steps,
                "ended": progress.ended,
                "minutes": round(progress.worked_s / 60, 1),
                "gate": _said(one.parent),
            }
        )
    if as_json:
        out.emit({"samples": data, "runs": rows})
        return
    typer.echo(f"samples: {', '.join(data) or 'none yet (assay tune prepare)'}")
    for row in rows:
        state = {"": "goes on, or can", "done": "ended", "early": "ended early: no better"}[str(row["ended"])]
        typer.echo(
            f"{row['run']:24} step {row['step']} of {row['of'] or '?'}, {row['minutes']} min, {state}. {row['gate']}"
        )


def _listed(file: Path | None) -> list[tuple[str, str]]:
    from assay.tune.material import sources

    return sources.listed(file) if file is not None else []


def _spoken(spec: list[str]) -> str:
    """What a source is called on the command line."""
    kind, value = spec
    return Path(value).name if kind in ("folder", "own") else value.partition("==")[0]


def _source(kind: str, value: str, where: Folders) -> Source:
    from assay.tune.material import sources

    match kind:
        case "package":
            return sources.package(value)
        case "listed":
            name, _, version = value.partition("==")
            out.say(f"fetching {name} {version}")
            return sources.archive(sources.fetched(name, version, where.cache / "wheels"))
        case _:
            path = Path(value)
            return sources.archive(path) if path.is_file() else sources.folder(path, is_own=kind == "own")


def _signs(where: Folders) -> Any:
    from assay.tune.training.yielding import Signs

    return Signs((where.traces_file,), where.runtime)


def _options(plan: Plan, processes: int) -> list[str]:
    given = {
        "minutes": plan.minutes,
        "steps": plan.steps,
        "dialect": plan.dialect,
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


def _gate(target: Path, where: Folders, settings: Settings, held: Any, places: int = 40) -> None:
    """Print the table, and write the card."""
    from assay.tune import way
    from assay.tune.gate import figures

    if held is not None:
        out.say(f"llama.cpp says of held-out answers what torch says, but for {held.apart:.2%}")
    with_tests = _passes(target, where, settings)
    rows, is_better, why = way.judge(target, where.runtime, out.say, each=places, passes=with_tests)
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
