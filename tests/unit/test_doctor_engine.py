"""What `assay doctor` says of a server that does not serve us: the true cause, and what mends that."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from assay import compose
from assay.cli import doctor
from assay.cli.doctor import Finding
from assay.folders import folders
from tests.lsp.stub import Stub


async def finding(monkeypatch: pytest.MonkeyPatch, url: str, **settings: str) -> Finding:
    """Of the model, with the server at `url`."""
    for name, value in {"URL": url, **settings}.items():
        monkeypatch.setenv(f"ASSAY_ENGINE_{name}", value)
    where = folders()
    found = await doctor._engine(compose.load_settings(where)[0], where)
    return next(one for one in found if one.part == "model")


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_server_that_fails_is_not_one_that_is_there(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    async with Stub(lambda body: "x", refuse=status) as stub:
        told = await finding(monkeypatch, stub.url)
    assert told.state == "missing"
    assert f"answers {status}" in told.detail and told.fix == "Look at that server, or at the proxy before it."


async def test_a_model_that_a_server_does_not_have_is_told_with_those_that_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Stub(lambda body: "x", owner="vllm", models=("coder-7b", "coder-1.5b")) as stub:
        told = await finding(monkeypatch, stub.url, MODEL="coder-3b")
        assert told.state == "missing"
        assert (
            told.detail.endswith("has no model coder-3b; it has coder-7b, coder-1.5b.")
            and told.fix == "Set `engine.model`."
        )
        assert (await finding(monkeypatch, stub.url, MODEL="coder-7b")).state == "ok"
    async with Stub(lambda body: "x", owner="somebody") as stub:
        assert (await finding(monkeypatch, stub.url, MODEL="an alias")).state == "ok", "it answers to that name"


async def test_a_wrong_key_is_no_reason_to_start_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Stub(lambda body: "x", refuse=401) as stub:
        told = await finding(monkeypatch, stub.url, API_KEY="k" * 30)
    assert "does not accept the API key" in told.detail
    assert told.fix == "Check the file that `engine.api_key_file` names."


async def test_nobody_there_is_a_server_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    told = await finding(monkeypatch, "http://127.0.0.1:9")
    assert "no answer from" in told.detail and told.fix == "Start it, or set `engine.url`."


@asynccontextmanager
async def behind_tls(authority: trustme.CA) -> AsyncIterator[str]:
    """A server that has a certificate of this authority and lists no models."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_certificate_that_is_not_trusted_has_its_setting_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with behind_tls(authority) as url:
        told = await finding(monkeypatch, url)
        assert "is not trusted" in told.detail
        assert told.fix == "Name its authority's certificate in `engine.ca_file`."
        assert (await finding(monkeypatch, url, CA_FILE=str(tmp_path / "ca.pem"))).state == "ok"


async def test_the_systems_own_authorities_are_trusted_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A company's authority is where the system has it, and in no list that comes with a library."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "system.pem"))
    async with behind_tls(authority) as url:
        assert "is not trusted" in (await finding(monkeypatch, url)).detail
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "system.pem"))
        assert (await finding(monkeypatch, url)).state == "ok"
