"""`assay user` and `assay audit`: who a team's server knows, and what it wrote down."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli import out, serve
from assay.cli.serve import FolderOption

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from assay.team.identity.people import By

app = typer.Typer(help="The people of a team's server; on its machine, whether it runs or not.", no_args_is_help=True)
tokens_app = typer.Typer(help="Their tokens.", no_args_is_help=True)
audit_app = typer.Typer(help="What a team's server wrote down.", no_args_is_help=True)
app.add_typer(tokens_app, name="token")
Name = Annotated[str, typer.Argument(metavar="NAME")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def add(
    name: Name,
    role: Annotated[str, typer.Option(help="member, lead or admin.")] = "member",
    expires: Annotated[str, typer.Option(help="How long the token holds: 90d, 12w, 1y or never.")] = "1y",
    token: Annotated[
        bool, typer.Option(help="Whether a token is made and shown, once; none for who logs in by a browser.")
    ] = True,
    folder: FolderOption = "",
) -> None:
    """Let somebody in, with a token that is shown this once."""
    from assay.team.identity import people, tokens

    with _writing(folder) as (session, by):
        person = people.add(session, by, name, _role(role))
        told = tokens.add(session, by, person, "the first", days=tokens.days_of(expires)) if token else ""
    typer.echo(f"{name} is let in as {role}.")
    if told:
        _show(told)


@app.command(name="list")
def list_people(folder: FolderOption = "", as_json: AsJson = False) -> None:
    """Everybody, with their roles and whether they are disabled."""
    from assay.team.identity import people

    with serve.opened(folder) as (_, _, store), _stopped(), store.database.reading() as session:
        found = people.everybody(session)
    if as_json:
        out.emit({"people": [{"name": one.name, "role": one.role, "weight": one.weight, "disabled": one.disabled_ms is not None, "created_ms": one.created_ms, "subject": one.subject} for one in found]})  # fmt: skip
        return
    for one in found:
        typer.echo(
            f"{one.name:24} {one.role:8}{' disabled' if one.disabled_ms else ''}{f' weight {one.weight}' if one.weight != 1 else ''}"
        )
    if not found:
        typer.echo("Nobody yet. `assay user add NAME --role admin` lets the first one in.")


@app.command()
def disable(name: Name, folder: FolderOption = "") -> None:
    """Nothing of theirs opens anything, within a second; what is recorded of them stays."""
    from assay.team.identity import people

    with _writing(folder) as (session, by):
        is_new = people.disable(session, by, people.named(session, name))
    typer.echo(f"{name} is disabled." if is_new else f"{name} was disabled already.")


@app.command()
def enable(name: Name, folder: FolderOption = "") -> None:
    """What is theirs opens again."""
    from assay.team.identity import people

    with _writing(folder) as (session, by):
        is_new = people.enable(session, by, people.named(session, name))
    typer.echo(f"{name} is let in again." if is_new else f"{name} was not disabled.")


@app.command()
def role(
    name: Name,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="member, lead or admin.")],
    folder: FolderOption = "",
) -> None:
    """What they may see and do on the page."""
    from assay.team.identity import people

    with _writing(folder) as (session, by):
        people.give_role(session, by, people.named(session, name), _role(role))
    typer.echo(f"{name} is {role}.")


@app.command()
def weight(
    name: Name, weight: Annotated[int, typer.Argument(metavar="NUMBER", help="1 to 10.")], folder: FolderOption = ""
) -> None:
    """How many turns they have for each of another's."""
    from assay.team.identity import people

    with _writing(folder) as (session, by):
        people.weigh(session, by, people.named(session, name), weight)
    typer.echo(f"{name} has {weight} turns for each of another's; from their next request on.")


@app.command()
def link(
    name: Name,
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="What the provider calls them (`sub`).")],
    folder: FolderOption = "",
) -> None:
    """Say who somebody is at the OpenID Connect provider, where they were let in by hand before."""
    from assay.team.identity import people

    with serve.opened(folder) as (_, config, store):
        if not (issuer := config.text("oidc.issuer")):
            out.fail("usage", "There is no provider: `oidc.issuer` is empty.")
        with _stopped(), store.database.writing() as session:
            person = people.named(session, name)
            people.link(session, people.By(store.chain), person, f"{issuer.rstrip('/')}|{subject}")
    typer.echo(f"{name} is {subject} at {issuer}.")


@app.command()
def sync(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Names of who left, one a line.")],
    folder: FolderOption = "",
) -> None:
    """Disable who left."""
    from assay.team.identity import people

    try:
        names = people.of_list(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        out.fail("usage", f"{file} cannot be read ({error}).")
    with _writing(folder) as (session, by):
        gone = people.left(session, by, names)
    typer.echo(f"{len(gone)} disabled: {', '.join(gone)}" if gone else "Nobody of them was let in still.")


@app.command()
def erase(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    folder: FolderOption = "",
) -> None:
    """Take everything from the record that says something of somebody: their rows become numbers, and their name goes. Cannot be undone."""
    from assay.team.identity import people
    from assay.team.record import book

    if not yes and not typer.confirm(f"Erase what the record says of {name}? This cannot be undone."):
        raise typer.Exit(out.FAILED)
    with _writing(folder) as (session, by):
        person = people.named(session, name)
        people.disable(session, by, person)
        count = book.erase(session, by.chain, person)
    typer.echo(f"{count} rows say nothing of anybody now.")


@tokens_app.command(name="add")
def add_token(
    name: Name,
    label: Annotated[str, typer.Option(help="What it is for.")] = "by hand",
    scopes: Annotated[
        str, typer.Option(help="What it opens: complete, chat, record, metrics.")
    ] = "complete,chat,record",
    expires: Annotated[str, typer.Option(help="How long it holds: 90d, 12w, 1y or never.")] = "1y",
    folder: FolderOption = "",
) -> None:
    """One more token of somebody's, shown this once."""
    from assay.team.identity import people, tokens

    wanted: Any = [one.strip() for one in scopes.split(",") if one.strip()]
    with _writing(folder) as (session, by):
        told = tokens.add(session, by, people.named(session, name), label, wanted, tokens.days_of(expires))
    _show(told)


@tokens_app.command(name="list")
def list_tokens(
    name: Annotated[str, typer.Argument(metavar="NAME")] = "", folder: FolderOption = "", as_json: AsJson = False
) -> None:
    """All of them, or somebody's: ids, what they open, until when, and when they were used last. Never the tokens."""
    from assay.team.identity import people, tokens

    with serve.opened(folder) as (_, _, store), _stopped(), store.database.reading() as session:
        found = tokens.of(session, people.named(session, name) if name else None)
    if as_json:
        out.emit({"tokens": [{"id": one.id, "name": who.name, "label": one.label, "scopes": one.scopes.split(), "expires": _day(one.expires_ms), "used": _day(one.used_ms), "revoked": one.revoked_ms is not None} for one, who in found]})  # fmt: skip
        return
    for one, who in found:
        state = "revoked" if one.revoked_ms else f"until {_day(one.expires_ms) or 'revoked'}"
        opens = one.scopes.replace(" ", ",")
        typer.echo(
            f"{one.id:12} {who.name:20} {state:18} {opens:24} used {_day(one.used_ms) or 'never':12} {one.label}"
        )


@tokens_app.command()
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="As `assay user token list` tells it.")],
    folder: FolderOption = "",
) -> None:
    """It opens nothing any more, within a second, whether a server runs or not."""
    from assay.team.identity import tokens

    with _writing(folder) as (session, by):
        tokens.revoke(session, by, token_id)
    typer.echo(f"{token_id} opens nothing any more.")


@audit_app.command()
def verify(folder: FolderOption = "", as_json: AsJson = False) -> None:
    """Look at the record's chain: which rows were changed, put in or taken out."""
    from assay.team.store.chain import Fault

    faults, seen = list[Fault](), 0
    with serve.opened(folder) as (_, _, store), _stopped(), store.database.reading() as session:
        for one in store.chain.faults(session.connection()):
            if isinstance(one, Fault):
                faults.append(one)
            elif sys.stderr.isatty():
                typer.echo(f"\r  {one} rows …", nl=False, err=True)
        seen = store.chain.end(session)
    if as_json:
        out.emit({"rows": seen, "faults": [{"row": one.seq, "why": one.why} for one in faults]})
    else:
        for one in faults[:50]:
            typer.echo(f"row {one.seq}: {one.why}")
        typer.echo(f"{len(faults)} faults." if faults else f"The chain holds, up to row {seen}.")
    raise typer.Exit(out.FAILED if faults else 0)


@audit_app.command()
def export(
    form: Annotated[str, typer.Option("--format", help="csv or jsonl.")] = "jsonl",
    kind: Annotated[str, typer.Option(help="Rows of this kind alone.")] = "",
    person: Annotated[str, typer.Option(help="Rows of this person alone: what the record says of them.")] = "",
    since: Annotated[str, typer.Option(metavar="DAY", help="From this day on, as 2026-11-30.")] = "",
    texts: Annotated[
        bool, typer.Option("--texts", help="The texts that are kept, too; needs `source.key` of the folder.")
    ] = False,
    folder: FolderOption = "",
) -> None:
    """The record's rows on standard output."""
    from assay.team.identity import people
    from assay.team.record import book, incoming
    from assay.team.store.chain import Note

    if form not in ("csv", "jsonl"):
        out.fail("usage", "--format is csv or jsonl.")
    sought = book.Sought(kind, person, since_ms=_ms(since))
    with serve.opened(folder) as (place, _, store), _stopped():
        cipher = incoming.cipher_of(place.key("source")) if texts else None
        with store.database.writing() as session:  # before the rows go out: whoever reads them may stop in the middle
            whose = people.named(session, person).id if person else None
            store.chain.append(
                session, [Note("exported", {"format": form, "texts": texts}, {"by": "the command line"}, whose)]
            )
        with store.database.reading() as session, suppress(BrokenPipeError):
            for text in book.exported(book.all_rows(session, sought, incoming.showing(cipher)), form):
                sys.stdout.write(text)
            sys.stdout.flush()


@contextmanager
def _writing(folder: str) -> Iterator[tuple[Session, By]]:
    from assay.team.identity.people import By

    with serve.opened(folder) as (_, _, store), _stopped(), store.database.writing() as session:
        yield session, By(store.chain)


@contextmanager
def _stopped() -> Iterator[None]:
    """One sentence for what cannot be done."""
    from assay.team.identity.people import Refused
    from assay.team.store.database import StoreUnavailable

    try:
        yield
    except Refused as error:
        out.fail("refused", str(error))
    except StoreUnavailable as error:
        out.fail("no-database", str(error))


def _role(told: str) -> Any:
    from assay.team.identity.people import ROLES

    if told not in ROLES:
        out.fail("usage", f"A role is one of {', '.join(ROLES)}.")
    return told


def _show(token: str) -> None:
    typer.echo("Their token, which is shown this once:")
    typer.echo(token)


def _day(ms: int | None) -> str | None:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d}" if ms else None


def _ms(day: str) -> int:
    try:
        return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000) if day else 0
    except ValueError:
        out.fail("usage", f"{day} is no day, such as 2026-11-30.")
