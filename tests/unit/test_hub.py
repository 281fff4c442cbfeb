"""Models from a hub: whole or not at all, on from where a transfer was cut, through a proxy with its own certificates, and a sentence where there is no way."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from typer.testing import CliRunner

from assay import compose
from assay.cli.commands import app
from assay.engine import dialects, hub, weights
from assay.engine.hub import Hub, HubError
from assay.folders import folders
from tests.unit.standin_hub import COMMIT, Shelf, proxy, served

GGUF = b"GGUF" + bytes(range(256)) * 12_000  # three of the pieces in which it is written
FOLDER = {
    "config.json": b'{"model_type": "llama"}',
    "tokenizer.json": b"{}",
    "model.safetensors": b"\x00" * 5000,
    "consolidated.safetensors": b"\x00" * 5000,
    "modeling.py": b"boom",
    "old.bin": b"boom",
}


@pytest.fixture
def shelf() -> Shelf:
    made = Shelf()
    made.files = {"own/Coder-GGUF": {"coder-q8.gguf": GGUF, "README.md": b"# hi"}, "own/Coder": FOLDER}
    return made


@pytest.fixture
def endpoint(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with served(shelf) as port:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "PAUSE_S", 0.0)


def pulled(wanted: str, cache: Path) -> tuple[Path, list[tuple[str, int, int]]]:
    told: list[tuple[str, int, int]] = []
    with Hub() as connection:
        return hub.pull(connection, wanted, cache, lambda *one: told.append(one)), told


def test_a_gguf_file_is_a_model_after_one_command(endpoint: str, home: Path) -> None:
    run = CliRunner().invoke(app, ["model", "pull", "own/Coder-GGUF"])
    assert run.exit_code == 0, run.output
    assert "It is used from the next start" in run.output
    where = folders()
    path = weights.models_folder(where.cache) / "coder-q8.gguf"
    assert path.read_bytes() == GGUF
    assert weights.resolve(compose.load_settings(where)[0].text("engine.model"), where.cache) == path
    listed = CliRunner().invoke(app, ["model", "list"])
    assert "* coder-q8" in listed.output
    again = CliRunner().invoke(app, ["model", "pull", "own/Coder-GGUF"])
    assert again.exit_code == 0 and "Use it: assay model use coder-q8" in again.output


def test_from_a_pull_to_a_completion_it_is_two_commands(
    endpoint: str, shelf: Shelf, home: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a real model on the stand-in hub, its transfer cut once, and the program as a user runs it."""
    shelf.files["own/Real"] = {"real.gguf": model.read_bytes()}
    shelf.cut, shelf.cuts = 30_000_000, 1
    (tmp_path / "m.py").write_text('def add(a, b):\n    """Add two numbers."""\n    return\n')
    monkeypatch.setenv("ASSAY_SANDBOX_ENABLED", "false")
    monkeypatch.setenv("ASSAY_ENGINE_IDLE_S", "1")
    commands = (["model", "pull", "own/Real"], ["complete", str(tmp_path / "m.py") + ":3:11", "--json"])
    done = [
        subprocess.run([sys.executable, "-I", "-m", "assay", *one], capture_output=True, text=True, check=False)
        for one in commands
    ]
    assert [one.returncode for one in done] == [0, 0], [one.stderr for one in done]
    answer = json.loads(done[1].stdout)
    assert answer["suggestions"][0]["text"].replace(" ", "") == "a+b"
    assert answer["suggestions"][0]["origin"]["model"] == "real"


def test_a_folder_has_its_tensors_and_texts_and_nothing_that_runs(endpoint: str, tmp_path: Path) -> None:
    path, _ = pulled("own/Coder", tmp_path)
    assert {one.name for one in path.iterdir()} == {"config.json", "tokenizer.json", "model.safetensors"}
    assert weights.is_folder(path)
    assert pulled("own/Coder", tmp_path)[1] == [], "what is there is not fetched again"


@pytest.mark.parametrize("theirs", ["Coder", "Coder-GGUF"])
def test_a_repository_of_the_same_last_name_replaces_nothing(
    endpoint: str, shelf: Shelf, tmp_path: Path, theirs: str
) -> None:
    own, _ = pulled(f"own/{theirs}", tmp_path)
    before = _contents(own)
    shelf.files[f"evil/{theirs}"] = {file: data + b"x" for file, data in shelf.files[f"own/{theirs}"].items()}
    path, _ = pulled(f"evil/{theirs}", tmp_path)
    assert path != own
    assert path.name.startswith("evil--")
    assert _contents(own) == before
    assert _contents(path) != before
    assert pulled(f"evil/{theirs}", tmp_path) == (path, [])


def test_a_newer_version_of_a_model_takes_the_place_of_the_older_one(
    endpoint: str, shelf: Shelf, tmp_path: Path
) -> None:
    path, _ = pulled("own/Coder-GGUF", tmp_path)
    shelf.files["own/Coder-GGUF"]["coder-q8.gguf"] = GGUF + b"newer"
    assert pulled("own/Coder-GGUF", tmp_path)[0] == path
    assert path.read_bytes() == GGUF + b"newer"


def test_a_model_that_was_put_there_by_hand_stays(endpoint: str, tmp_path: Path) -> None:
    mine = weights.models_folder(tmp_path) / "coder-q8.gguf"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"GGUF mine")
    assert pulled("own/Coder-GGUF", tmp_path)[0].name == "own--coder-q8.gguf"
    assert mine.read_bytes() == b"GGUF mine"


def _contents(path: Path) -> dict[str, bytes]:
    files = [path] if path.is_file() else sorted(path.iterdir())
    return {one.name if path.is_dir() else "": one.read_bytes() for one in files}


def test_a_cut_transfer_goes_on_where_it_was_cut(endpoint: str, shelf: Shelf, tmp_path: Path) -> None:
    shelf.cut, shelf.cuts = 1_500_000, 1
    path, told = pulled("own/Coder-GGUF", tmp_path)
    assert path.read_bytes() == GGUF
    assert shelf.ranges == ["bytes=1500000-"]
    assert told[-1] == ("coder-q8.gguf", len(GGUF), len(GGUF))


def test_a_command_that_is_run_again_goes_on_too(endpoint: str, shelf: Shelf, tmp_path: Path) -> None:
    shelf.cut, shelf.cuts = 1, 1000  # nothing but a byte each time is no way on for ever
    shelf.takes_ranges = False
    with pytest.raises(HubError, match=r"cut off after 0 of 3 MB .*Run the same command again"):
        pulled("own/Coder-GGUF", tmp_path)
    shelf.takes_ranges, shelf.cuts, shelf.cut = True, 1, 2_000_000
    shelf.ranges.clear()
    assert pulled("own/Coder-GGUF", tmp_path)[0].read_bytes() == GGUF
    assert shelf.ranges[-1] == "bytes=2000001-", "the byte of before, and what this one brought"


def test_a_wrong_checksum_is_refused_and_leaves_nothing(endpoint: str, shelf: Shelf, tmp_path: Path) -> None:
    shelf.lies = True
    with pytest.raises(HubError, match="arrived with checksum"):
        pulled("own/Coder-GGUF", tmp_path)
    models = weights.models_folder(tmp_path)
    assert [one.name for one in models.rglob("*") if one.is_file()] == ["lock"]


def test_a_small_file_is_held_against_gits_checksum(endpoint: str, shelf: Shelf, tmp_path: Path) -> None:
    shelf.files["own/Other"] = FOLDER | {"x.json": b"{ }"}
    about = shelf.about("own/Other")
    next(one for one in about["siblings"] if one["rfilename"] == "x.json")["blobId"] = "0" * 40
    shelf.about = lambda repo: about  # type: ignore[method-assign]
    with pytest.raises(HubError, match=r"x.json arrived with checksum"):
        pulled("own/Other", tmp_path)
    assert not (weights.models_folder(tmp_path) / "Other").exists()


def test_it_works_through_a_proxy_with_certificates_of_its_own(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("hub.example").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with served(shelf, context) as port, proxy(port) as (proxy_port, asked):
        monkeypatch.setenv("HF_ENDPOINT", "https://hub.example")
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy_port}")
        with pytest.raises(HubError, match=r"cannot be reached .*SSL_CERT_FILE"):
            pulled("own/Coder-GGUF", tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert pulled("own/Coder-GGUF", tmp_path)[0].read_bytes() == GGUF
    assert set(asked) == {"hub.example:443"}


def test_a_token_is_sent_and_told_to_nobody(
    endpoint: str, shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    pulled("own/Coder-GGUF", tmp_path)
    assert set(shelf.tokens) == {"Bearer hf_secret"}
    with pytest.raises(HubError) as seen:
        pulled("own/Nothing", tmp_path)
    assert "hf_secret" not in str(seen.value)


def test_without_a_network_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    run = CliRunner().invoke(app, ["model", "pull", "own/Coder-GGUF"])
    assert run.exit_code == 2
    assert "cannot be reached" in run.output and "assay model use FILE" in run.output
    monkeypatch.setenv("ASSAY_OFFLINE", "true")
    run = CliRunner().invoke(app, ["model", "pull", "own/Coder-GGUF"])
    assert "`offline` is on" in run.output


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("nonesuch", "no name of"),
        ("../../etc", "no name of"),
        ("own/Nothing", "has no own/Nothing"),
        ("own/Coder-GGUF:other.gguf", r"no GGUF file other.gguf \(coder-q8.gguf"),
        ("own/Many", "several GGUF files"),
        ("own/Pickles", "neither GGUF nor safetensors"),
        ("own/Odd", "odd name"),
        ("own/Fake", "is no GGUF file"),
        ("own/Split", "one of several pieces"),
        ("mellum-2", "cannot be pulled"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(
    endpoint: str, shelf: Shelf, tmp_path: Path, wanted: str, said: str
) -> None:
    shelf.files |= {
        "own/Many": {"a.gguf": GGUF, "b.gguf": GGUF},
        "own/Pickles": {"pytorch_model.bin": b"x", "config.json": b"{}"},
        "own/Odd": {"-rf.gguf": GGUF},
        "own/Fake": {"f.gguf": b"<html>"},
        "own/Split": {"m-00001-of-00003.gguf": GGUF},
    }
    with pytest.raises(HubError, match=said) as seen:
        pulled(wanted, tmp_path)
    assert "\n" not in str(seen.value)
    assert not list(weights.models_folder(tmp_path).glob("*.gguf"))


def test_a_file_outside_the_folder_is_never_written(endpoint: str, shelf: Shelf, tmp_path: Path) -> None:
    shelf.files["own/Out"] = FOLDER | {"../../evil.json": b"{}", "/tmp/evil.json": b"{}", ".bashrc.json": b"{}"}
    path, _ = pulled("own/Out", tmp_path)
    assert {one.name for one in path.iterdir()} == {"config.json", "tokenizer.json", "model.safetensors"}


@pytest.mark.parametrize(
    "answer", ["[]", "{}", '{"sha": "x", "siblings": []}', f'{{"sha": "{COMMIT}", "siblings": [3]}}', "no"]
)
def test_an_answer_that_is_none_is_one_sentence(
    answer: str, endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import httpx

    monkeypatch.setattr(httpx.Client, "get", lambda *_, **__: httpx.Response(200, text=answer))
    with pytest.raises(HubError, match="no repository"):
        pulled("own/Coder", tmp_path)


def test_an_address_that_is_none_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://host:port")
    with pytest.raises(HubError, match="HF_ENDPOINT"):
        pulled("own/Coder", tmp_path)


def test_two_pulls_do_not_write_into_one_file(endpoint: str, tmp_path: Path) -> None:
    with hub._alone(weights.models_folder(tmp_path) / ".parts"), pytest.raises(HubError, match="is at work"):
        pulled("own/Coder-GGUF", tmp_path)
    assert pulled("own/Coder-GGUF", tmp_path)[0].read_bytes() == GGUF


def test_a_full_disk_is_seen_before(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pulled("own/Coder", tmp_path)
    monkeypatch.setattr(hub, "SPARE", 1 << 60)
    with pytest.raises(HubError, match="GB left"):
        pulled("own/Coder-GGUF", tmp_path)


def test_the_table_names_dialects_that_exist_and_is_marked() -> None:
    rows = {row.name: row for row in hub.known()}
    for row in rows.values():
        assert row.licence and row.gigabytes < row.memory < row.gigabytes * 2
        if row.repo:
            chosen = dialects.choose("auto", row.file or row.repo.rpartition("/")[2])
            assert chosen.name == row.dialect
    run = CliRunner().invoke(app, ["model", "list", "--known"])
    assert "not measured here" in run.output and "qwen2.5-coder-1.5b" in run.output
    about = CliRunner().invoke(app, ["model", "info", "qwen2.5-coder-7b"])
    assert about.exit_code == 0 and "licence   Apache-2.0" in about.output and "not measured here" in about.output
    assert CliRunner().invoke(app, ["model", "info", "nonesuch"]).exit_code == 2
    assert hub.named("Qwen2.5-Coder-1.5B")[1].endswith(".gguf")
