"""`assay docs`: pages of an API, and docstrings that are missing, stale or wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from analyzers import encodings, files
from analyzers.docstrings import disagree
from analyzers.signatures import module_of
from analyzers.text import applied
from assay.assistant.document import docstrings, pages
from assay.cli import out, place
from assay.cli.ask import Json

KINDS = {"new": "has no docstring", "updated": "has a docstring that does not tell all, or tells of what is gone"}


def docs(
    path: Annotated[Path, typer.Argument(help="A Python file, or a folder of them.", exists=True)] = Path(),
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="List docstrings that are missing, stale or wrong instead; exit 1 where one is stale or wrong.",
        ),
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Write the docstrings that are missing, and bring stale ones up to date.")
    ] = False,
    to: Annotated[
        Path | None, typer.Option("--out", help="A folder for the pages, one a module; without, they are printed.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Render what modules offer as Markdown, or look after their docstrings.

    The style is the one that the project's docstrings have (Google, NumPy, reST). Nothing is run and no model is asked; private functions are left out.
    """
    if check and write:
        out.fail("bad-input", "`--check` changes nothing: leave out one of `--check` and `--write`.", as_json=as_json)
    texts = _texts(path, as_json=as_json)
    if check or write:
        _look_after(texts, _every(path), write=write, as_json=as_json)
        return
    made = {name: page for name, (_, text) in texts.items() if (page := pages.of_module(text, module_of(name)))}
    if to is not None:
        to.mkdir(parents=True, exist_ok=True)
        for name, page in made.items():
            (to / f"{name.removesuffix('.py').replace('/', '.')}.md").write_text(page, "utf-8", "replace")
    if as_json:
        out.emit({"pages": [{"module": module_of(name), "file": name, "text": page} for name, page in made.items()]})
    elif to is None:
        typer.echo("\n".join(made.values()), nl=False)
    else:
        typer.echo(f"{len(made)} pages in {to}")


def _texts(path: Path, *, as_json: bool) -> dict[str, tuple[Path, str]]:
    """The Python files of a path by their names below the project, with their texts."""
    whole = path.resolve()
    root = place.project_of(whole)
    below = whole.relative_to(root).as_posix()
    found: dict[str, tuple[Path, str]] = {}
    names = [below] if whole.is_file() else [entry.name for entry in files.walk(root, files.Rules(root))]
    for name in names:
        if name.endswith(".py") and (whole.is_file() or below == "." or name.startswith(f"{below}/")):
            try:
                found[name] = root / name, place.read(root / name).text
            except place.BadPlace as error:
                if whole.is_file():
                    out.fail("bad-place", str(error), as_json=as_json)
    if not found:
        out.fail("not-python", f"There is no Python file in {path}.", as_json=as_json)
    return found


def _every(path: Path) -> list[str]:
    """The texts of the whole project: they have its style, and the exceptions that go through it."""
    root = place.project_of(path.resolve())
    return [text for _, text in _texts(root, as_json=False).values()]


def _look_after(texts: dict[str, tuple[Path, str]], every: list[str], *, write: bool, as_json: bool) -> None:
    style = docstrings.style_of(every)
    told: list[dict[str, Any]] = []
    for name, (path, text) in sorted(texts.items()):
        changes = docstrings.changes(text, style)
        if write and changes:
            path.write_bytes(encodings.encoded(applied(text, [one.edit for one in changes])))
        for one in changes:
            said = ("written" if one.kind == "new" else "brought up to date") if write else KINDS[one.kind]
            told.append(
                {
                    "file": name,
                    "line": one.line,
                    "function": one.function,
                    "kind": one.kind,
                    "message": f"`{one.function}` {said}",
                }
            )
        wrong = disagree.of_text(text, every) if not write else []
        told += [
            {
                "file": name,
                "line": text.count("\n", 0, one.span.start) + 1,
                "function": one.function,
                "kind": "wrong",
                "message": one.message,
            }
            for one in wrong
        ]
    if as_json:
        out.emit({"style": style, "docstrings": told})
    else:
        for item in told:
            typer.echo(f"{item['file']}:{item['line']}: {item['message']}")
        typer.echo(f"{len(told)} in {len(texts)} files, style {style}", err=True)
    if not write and any(item["kind"] != "new" for item in told):
        raise typer.Exit(out.FAILED)
