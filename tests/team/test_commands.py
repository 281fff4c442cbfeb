"""The commands on the server's machine: people, tokens, the record, backups, from a folder that is made to one that is brought back."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from assay.cli.commands import app

TOKEN = re.compile(r"assay_[a-z2-7]{10}_[\w-]{43}")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Made by `assay serve init`, and the one that commands are about."""
    path = tmp_path / "server"
    monkeypatch.setenv("ASSAY_SERVER", str(path))
    assert said("serve", "init", "models.lan", "10.0.0.7").startswith(str(path))
    return path


def ran(*told: str, given: str = "") -> Result:
    return CliRunner().invoke(app, list(told), input=given)


def said(*told: str, given: str = "") -> str:
    done = ran(*told, given=given)
    assert done.exit_code == 0, (told, done.output)
    return done.stdout


def refused(*told: str) -> str:
    """One sentence, and no traceback."""
    done = ran(*told)
    assert done.exit_code not in (0, None) and (done.exception is None or isinstance(done.exception, SystemExit)), (
        told,
        done.exception,
    )
    assert done.output.count("\n") == 1, done.output
    return done.output


def test_a_folder_is_made_once_and_is_its_owners(folder: Path) -> None:
    assert (
        'url = "https://models.lan:8443"' in (folder / "serve.toml").read_text()
        and 'listen = "0.0.0.0:8443"' in (folder / "serve.toml").read_text()
    )
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {one.name for one in folder.iterdir() if one.stat().st_mode & 0o077} <= {"ca.pem", "cert.pem", "serve.toml"}
    before = (folder / "cert.pem").read_bytes()
    assert "there already" in refused("serve", "init", "other.lan")
    assert (folder / "cert.pem").read_bytes() == before


def test_people_come_and_go_and_the_chain_holds(folder: Path) -> None:
    token = TOKEN.search(said("user", "add", "alice", "--role", "admin"))
    assert token and "Nobody yet" not in said("user", "list")
    assert not TOKEN.search(said("user", "add", "bob", "--no-token"))
    assert TOKEN.search(said("user", "token", "add", "bob", "--scopes", "chat", "--expires", "12w"))
    told = json.loads(said("user", "token", "list", "--json"))["tokens"]
    assert {(one["name"], tuple(one["scopes"])) for one in told} == {
        ("alice", ("chat", "complete", "record")),
        ("bob", ("chat",)),
    }
    assert token[0].split("_")[2] not in said("user", "token", "list") + said("user", "token", "list", "bob")
    assert "opens nothing any more" in said("user", "token", "revoke", token[0].split("_")[1])
    assert "bob is lead" in said("user", "role", "bob", "lead") and "2 turns" in said("user", "weight", "bob", "2")
    assert "bob is disabled" in said("user", "disable", "bob") and "already" in said("user", "disable", "bob")
    assert "let in again" in said("user", "enable", "bob")
    (folder / "left").write_text("bob\nnobody\n")
    assert "1 disabled: bob" in said("user", "sync", str(folder / "left"))
    assert json.loads(said("user", "list", "--json"))["people"][1]["disabled"] is True
    assert ran("user", "erase", "bob", given="n\n").exit_code == 1
    assert "say nothing of anybody" in said("user", "erase", "bob", "--yes")
    assert "erased-2" in said("user", "list") and "bob" not in said("audit", "export")
    assert "The chain holds" in said("audit", "verify")
    rows = list(csv.DictReader(io.StringIO(said("audit", "export", "--format", "csv", "--kind", "user-added"))))
    assert [row["person"] for row in rows] == ["alice", ""]
    assert json.loads(said("audit", "verify", "--json"))["faults"] == []


def test_what_cannot_be_done_is_said_in_a_sentence(folder: Path) -> None:
    said("user", "add", "alice", "--role", "admin")
    for told, words in {
        ("user", "add", "Alice Smith"): "is no name here",
        ("user", "add", "alice"): "there already",
        ("user", "add", "bob", "--role", "king"): "A role is one of",
        ("user", "add", "bob", "--expires", "soon"): "is no time",
        ("user", "disable", "alice"): "last admin",
        ("user", "disable", "nobody"): "Nobody is called",
        ("user", "weight", "alice", "11"): "from 1 to 10",
        ("user", "token", "add", "alice", "--scopes", "all"): "opens some of",
        ("user", "token", "revoke", "abc"): "No token",
        ("user", "token", "list", "nobody"): "Nobody is called",
        ("user", "link", "alice", "u-1"): "no provider",
        ("user", "sync", "/nowhere"): "cannot be read",
        ("audit", "export", "--format", "xml"): "csv or jsonl",
        ("audit", "export", "--since", "May"): "is no day",
        ("audit", "export", "--person", "nobody"): "Nobody is called",
        ("serve", "--log", "xml"): "text or json",
        ("serve", "restore", "/nowhere"): "cannot be read",
    }.items():
        assert words in refused(*told), told
    assert "bob" not in said("user", "list"), "what was refused left nobody behind"
    (folder / "serve.toml").write_text("[server]\ncolour = 1\n")
    assert "there is no server.colour. docs/serve.md" in refused("user", "list")
    (folder / "serve.toml").write_text('[server]\ndatabase = "postgresql://x@127.0.0.1:9/x"\n')
    assert "gave no answer" in refused("user", "list")
    (folder / "serve.toml").write_text("nonsense")
    assert "cannot be used" in refused("audit", "verify")


@pytest.mark.parametrize("text", ['[limits]\npriority = 3', '[limits.king]\nrequests = 1', '[oidc]\nroles = {a = "king"}', '[record]\nsource = "plain"', "[server]\ndrain_s = -1", "[limits]\nrequests = true", "listen = 1"])  # fmt: skip
def test_a_setting_that_is_none_is_named(folder: Path, text: str) -> None:
    (folder / "serve.toml").write_text(text)
    assert str(folder / "serve.toml") in refused("user", "list")


def test_a_backup_is_brought_back_with_its_chain(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = TOKEN.search(said("user", "add", "alice", "--role", "admin"))
    file = tmp_path / "saved"
    assert "rows are in" in said("serve", "backup", str(file))
    assert "there already" in refused("serve", "backup", str(file))
    assert "not empty" in refused("serve", "restore", str(file))
    assert "The chain holds" in said("audit", "verify"), "nothing was changed"
    monkeypatch.setenv("ASSAY_SERVER", str(tmp_path / "other"))
    assert "were brought back" in said("serve", "restore", str(file))
    assert "alice" in said("user", "list") and "The chain holds" in said("audit", "verify")
    assert token and token[0].split("_")[1] in said("user", "token", "list")
    assert "restored" in said("audit", "export") and said("user", "add", "bob")
    assert "The chain holds" in said("audit", "verify")
    (tmp_path / "other" / "record.end").unlink()
    assert "noted nowhere" in ran("audit", "verify").output


def test_an_engine_is_drained_and_fills_again(folder: Path) -> None:
    assert "Nothing new goes to https://node1" in said("serve", "drain", "https://node1")
    assert "All engines" in said("serve", "drain")
