"""`assay tune prepare`: samples from repositories and packages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli import out
from assay.cli.tune import data_folder, named, need
from assay.folders import Folders, folders

if TYPE_CHECKING:
    from assay.tune.material.prepare import Wanted
    from assay.tune.material.sources import Source

Spec = tuple[str, str]


def prepare(
    sources: Annotated[list[Path] | None, typer.Argument(help="Folders, wheels or source distributions whose licence is permissive.")] = None,
    own: Annotated[list[Path] | None, typer.Option(help="A folder of your own: its licence is not asked.")] = None,
    package: Annotated[list[str] | None, typer.Option(help="A package that is installed beside Assay.")] = None,
    listed: Annotated[Path | None, typer.Option("--list", help="TOML with a table [packages] of names and versions, whose wheels are fetched from the configured index.")] = None,
    name: Annotated[str, typer.Option(help="What the samples are called; by default as the first source.")] = "",
    like: Annotated[str, typer.Option(help="Make these samples again, of the same sources in the same way, and as many of them.")] = "",
    without: Annotated[list[str] | None, typer.Option(help="With --like: leave this source out, which the card then says.")] = None,
    history: Annotated[bool, typer.Option("--history/--no-history", help="Edits of folders' git histories, too.")] = True,
    kept: Annotated[list[Path] | None, typer.Option(help="An export of a team's record: suggestions that were kept, of those who agreed, where they stand in these sources.")] = None,
    rows: Annotated[int, typer.Option(min=50, help="Samples to be taught, at most.")] = 20_000,
    held: Annotated[int, typer.Option(min=20, help="Held-out samples, at most.")] = 600,
    benchmark: Annotated[list[Path] | None, typer.Option(help="A file (JSON, JSON lines, text, .gz) none of whose text is to be taught, beside HumanEval, MBPP and the typing traces.")] = None,
    seed: Annotated[int, typer.Option(help="Of all choices.")] = 1,
) -> None:  # fmt: skip
    """Make samples from your repositories and from packages, in the prompts that Assay writes.

    Nothing of them is run. Left out are files without a permissive licence, with secrets, generated ones, near-duplicates and text of benchmarks; whole projects (of your own, files) are held out for the gate. A data card counts all of it.
    """
    need("datasketch")
    from assay.tune import way
    from assay.tune.material import prepare as preparing
    from assay.tune.material.sources import SourceError

    where = folders()
    given = [("folder", str(one.resolve())) for one in sources or ()] + [
        ("own", str(one.resolve())) for one in own or ()
    ]
    given += [("package", one) for one in package or ()]
    if bool(like) == bool(given or listed):
        out.fail(
            "usage",
            "Name what samples are made of (a folder, --own FOLDER, --package NAME, --list FILE), or --like others and nothing else.",
        )
    if without and not like:
        out.fail("usage", "--without goes with --like: it leaves out what others were made of.")
    if without and not name:
        out.fail(
            "usage", f"Samples without something are others than {like}: give them a name of their own with --name."
        )
    try:
        if like:
            wanted = _again(where, like, without or [])
        else:
            given += [("listed", f"{one}=={version}") for one, version in _listed(listed)]
            files = tuple(one.resolve() for one in benchmark or ()), tuple(one.resolve() for one in kept or ())
            wanted = preparing.Wanted(rows, held, seed, files[0], history, files[1], tuple(given))
        if any(kind == "listed" for kind, _ in wanted.specs) and out.settings(where).is_on("offline"):
            out.fail("offline", "`offline` is on: nothing is fetched. Name wheels that are here.")
        found = [_source(spec, where) for spec in wanted.specs]
        name = named(name or like or found[0].project.lower())
        target = data_folder(where, name)
        if waiting := way.waiting(where.state / "tune" / "runs", target):
            out.fail(
                "usage",
                f"The run {waiting} is taught by the samples {name} and has not come to its gate yet: give the new ones a name of their own (--name), or take that run away (assay tune remove {waiting}).",
            )
        made = preparing.prepare(found, target, wanted, out.say)
    except SourceError as error:
        out.fail("no-samples", str(error))
    except (OSError, ValueError) as error:
        out.fail("no-samples", f"The samples cannot be made: {error}.")
    counts = [sum(made.sides[side].values()) for side in preparing.SIDES]
    typer.echo(
        f"{name}: {counts[0]} samples to be taught and {counts[1]} held out, from {sum(made.kept.values())} of {made.found} files."
    )
    typer.echo(f"The data card is {target / 'card.md'}. Next: assay tune run {name}")


def _again(where: Folders, like: str, without: list[str]) -> Wanted:
    """How samples were made, but for some sources: also for those that were left out before. Raises SourceError."""
    from assay.tune.material import prepare as preparing
    from assay.tune.material.sources import SourceError

    card = preparing.load(data_folder(where, like)).card
    try:
        told = preparing.Wanted.of_json(card["wanted"])
    except (KeyError, TypeError, ValueError) as error:
        raise SourceError(f"The card of {like} does not say how its samples were made ({error}).") from error
    if missing := set(without) - {_spoken(one) for one in told.specs}:
        raise SourceError(
            f"{sorted(missing)[0]} is none of its sources: {', '.join(_spoken(one) for one in told.specs)}."
        )
    specs = tuple(one for one in told.specs if _spoken(one) not in without)
    if not specs:
        raise SourceError(f"Nothing would be left of {like}.")
    return replace(told, specs=specs, without=(*told.without, *without))


def _listed(file: Path | None) -> list[Spec]:
    from assay.tune.material import sources

    return sources.listed(file) if file is not None else []


def _spoken(spec: Spec) -> str:
    """What a source is called on the command line."""
    kind, value = spec
    return Path(value).name if kind in ("folder", "own") else value.partition("==")[0]


def _source(spec: Spec, where: Folders) -> Source:
    from assay.tune.material import sources

    kind, value = spec
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
