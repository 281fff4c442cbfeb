"""`assay model use` and `assay model rollback`: which weights the engine has, and which adapter each project writes with."""

from __future__ import annotations

import contextlib
import datetime
import shutil
from pathlib import Path
from typing import Annotated, Any

import typer

from assay import compose
from assay.chosen import Choice, Chosen
from assay.cli import out
from assay.cli.tune import data_folder, named, run_folder
from assay.engine import adapters, weights
from assay.engine.api import EngineUnavailable
from assay.folders import Folders, folders

# Settings beside which a choice would not be used.
_BETTER_SET = {"engine.url": "Suggestions come from a server", "engine.adapter": "An adapter is set"}
Project = Annotated[
    Path | None, typer.Option(help="For the project in this folder alone.", file_okay=False, exists=True)
]


def use(
    model: Annotated[
        str,
        typer.Argument(
            help='A GGUF file, a folder of safetensors, a name from `assay model list`, "" for the fallback model; or an adapter: the name of a run of `assay tune`.'
        ),
    ],
    project: Project = None,
    force: Annotated[
        bool, typer.Option("--force", help="Take an adapter that is not better, which is written down.")
    ] = False,
) -> None:
    """Choose the model for the local engine, in your settings file; or the adapter to write with, for all projects or for one.

    An adapter has to be for the model in use, and better than it by the gate's table.
    """
    where = folders()
    if (made := _made(where, model)) is not None:
        _use_adapter(where, made, project, force=force)
        return
    if project is not None:
        out.fail(
            "usage",
            f"{model} is no adapter here; a project chooses among these: {', '.join(_names(where)) or 'none yet (assay tune run)'}.",
        )
    try:
        path = weights.resolve(model, where.cache)
    except EngineUnavailable as error:
        out.fail("no-model", str(error))
    compose.save_setting(where, "engine.model", str(path) if model else "")
    typer.echo(f"{path.name} is used from the next start of the engine on.")
    _leave_others(where, path)


def rollback(project: Project = None) -> None:
    """Take the last choice of an adapter back: what was used before is used again."""
    now = Chosen(folders().chosen_file).back(project)
    if now is None:
        out.fail("usage", f"No adapter was chosen for {project or 'all projects'}.")
    typer.echo(
        f"{_whose(project)} written with {f'the adapter {now}' if now else 'no adapter of yours'} from the next start of the editor's server on."
    )


def remove(name: Annotated[str, typer.Argument(help="The name of samples, a run, or an adapter.")]) -> None:
    """Delete the samples, the run and the installed adapter of a name from this machine."""
    from assay.tune import way

    where = folders()
    chosen = Chosen(where.chosen_file)
    users = [root or "all projects" for root in chosen.roots() if chosen.of(Path(root) if root else None) == name]
    if users:
        out.fail("usage", f"{users[0]} is written with {name}: assay model rollback first.")
    places = [data_folder(where, named(name)), run_folder(where, name), _installed(where) / name]
    if way.is_at_work(places[1]):
        out.fail("usage", f"{name} is at work: assay tune stop {name}.")
    there = [one for one in places[:2] if one.is_dir()]
    there += [places[2]] if (places[2] / adapters.MANIFEST).is_file() else []
    if not there:
        out.fail("usage", f"There is nothing of the name {name}: assay tune status.")
    for one in there:
        try:
            shutil.rmtree(one)
        except OSError as error:
            out.fail("no-run", f"{one} cannot be deleted: {error}.")
        typer.echo(f"deleted {one}")


def listed(where: Folders) -> list[dict[str, Any]]:
    """The installed adapters: for which model, and which projects write with them ("all" for those without a choice of their own)."""
    chosen, rows = Chosen(where.chosen_file), list[dict[str, Any]]()
    users = {root or "all": chosen.of(Path(root) if root else None) for root in chosen.roots()}
    for folder in sorted(one.parent for one in _installed(where).glob(f"*/{adapters.MANIFEST}")):
        with contextlib.suppress(adapters.AdapterError):
            one = adapters.read(folder)
            rows.append(
                {
                    "name": one.name,
                    "base": one.base_name,
                    "dialect": one.dialect,
                    "used_by": [root for root, name in users.items() if name == one.name],
                }
            )
    return rows


def _use_adapter(where: Folders, made: Path, project: Path | None, *, force: bool) -> None:
    from assay.tune import way
    from assay.tune.gate import figures
    from assay.tune.training.plan import RunError

    settings = out.settings(where)
    for setting, why in _BETTER_SET.items():
        is_set = setting in settings.sources  # an adapter that was chosen before is not
        if is_set and settings.text(setting):
            out.fail(
                "usage",
                f"{why} (`{setting}` is {settings.text(setting)}): a choice made here would not be used. Take that setting out first.",
            )
    if settings.text("engine.backend") not in ("auto", "llamacpp", "vllm"):
        out.fail(
            "usage", f"`engine.backend` is {settings.text('engine.backend')}, which has no adapters. Set it to auto."
        )
    try:
        model = weights.resolve(settings.text("engine.model"), where.cache)
        one = adapters.read(made)
        adapters.check(one, model, weights.digest(model))
        told: dict[str, Any] = way.result(made) if not force else way.result_or_none(made)
    except (RunError, EngineUnavailable, adapters.AdapterError) as error:
        out.fail("no-adapter", str(error))
    if not told["better"]:
        typer.echo(figures.table(told["rows"]))
        if not force:
            out.fail("not-better", f"{told['why']} It is not used; --force takes it all the same.", status=out.FAILED)
    try:
        if made.parent != (target := _installed(where)):
            way.install(made, target)
        Chosen(where.chosen_file).choose(project, Choice(made.name, _now(), forced=not told["better"]))
    except (adapters.AdapterError, OSError) as error:
        out.fail("no-adapter", str(error))
    typer.echo(
        f"{told['why']} {_whose(project)} written with {made.name} from the next start of the editor's server on. Back: assay model rollback{f' --project {project}' if project else ''}"
    )


def _leave_others(where: Folders, model: Path) -> None:
    """Whoever writes with an adapter of another model than this writes without one from now on: the engine would be off."""
    chosen, given = Chosen(where.chosen_file), str(_installed(where))
    for root in chosen.roots():
        project = Path(root) if root else None
        one = adapters.manifest(given, model, chosen.of(project))
        if one is not None and one.base_size != adapters.size_of(model):
            chosen.choose(project, Choice("", _now()))
            typer.echo(
                f"{_whose(project)} written without the adapter {one.name}, which was made for {one.base_name}. Back: assay model rollback{f' --project {project}' if project else ''}"
            )


def _now() -> str:
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")


def _made(where: Folders, name: str) -> Path | None:
    """The adapter of a name: the run's latest, else what is installed."""
    if not name or "/" in name:
        return None
    places = (run_folder(where, name) / "made" / name, _installed(where) / name)
    return next((one for one in places if (one / adapters.MANIFEST).is_file()), None)


def _names(where: Folders) -> list[str]:
    runs = [one.parent.name for one in (where.state / "tune" / "runs").glob(f"*/made/*/{adapters.MANIFEST}")]
    return sorted({*runs, *(one.parent.name for one in _installed(where).glob(f"*/{adapters.MANIFEST}"))})


def _installed(where: Folders) -> Path:
    """Where engines look for adapters."""
    return Path(compose.expanded(out.settings(where).text("engine.adapters")) or where.adapters)


def _whose(project: Path | None) -> str:
    return f"{project} is" if project else "All projects without a choice of their own are"
