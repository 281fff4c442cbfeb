"""The commands that people type, with their help; each does its work in a function of its own file."""

from __future__ import annotations

import typer

from assay import __version__
from assay.cli import (
    adapters,
    ask,
    care,
    chat,
    check,
    conventions,
    docs,
    explain,
    login,
    maps,
    mcp,
    message,
    models,
    mutants,
    people,
    report,
    review,
    samples,
    sandboxes,
    serve,
    suggest,
    summarize,
    test,
    tune,
    verify,
    write,
)

app = typer.Typer(
    name="assay",
    help="A pair programmer that proves its suggestions before it offers them.\n\n"
    "Start with `assay setup`, look at `assay demo`, then connect an editor to `assay lsp`. "
    "`assay doctor` says what is missing.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command()(care.setup)
app.command()(care.doctor)
app.command()(care.demo)
app.command()(ask.complete)
app.command()(verify.verify)
app.command()(check.check)
app.command()(chat.chat)
app.command()(review.review)
app.command()(report.report)
app.command()(message.message)
app.command()(test.test)
app.command()(write.write)
app.command()(write.log)
app.command()(write.undo)
app.command()(mutants.mutants)
app.command()(explain.explain)
app.command()(mcp.mcp)
app.command()(summarize.summarize)
app.command()(suggest.suggest)
app.command()(docs.docs)
app.command(name="map")(maps.record)
app.command()(ask.why)
app.command()(care.settings)
app.command()(models.engine)
models.app.command()(adapters.use)
models.app.command()(adapters.rollback)
app.add_typer(models.app, name="model")
tune.app.command()(samples.prepare)
tune.app.command()(adapters.remove)
app.add_typer(tune.app, name="tune")
app.add_typer(sandboxes.app, name="sandbox")
app.add_typer(conventions.app, name="conventions")
app.add_typer(serve.app, name="serve")
app.add_typer(people.app, name="user")
app.add_typer(people.audit_app, name="audit")
app.command()(login.login)
app.command()(login.logout)


@app.command()
def lsp() -> None:
    """Serve an editor on standard input and output. Editors start this; you seldom do."""
    raise typer.Exit(0)  # handled in app.py, before anything slow is imported; listed here for the help


@app.callback(invoke_without_command=True)
def _root(version: bool = typer.Option(False, "--version", help="Print the version.", is_eager=True)) -> None:
    if version:
        typer.echo(f"assay {__version__}")
        raise typer.Exit(0)
