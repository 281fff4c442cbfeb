"""Whatever comes by the routes of the OpenAPI list is answered as that says, and never with a 500."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from assay.team import openapi
from tests.team.conftest import Made, Team
from tests.team.engine import Engine
from tests.team.running import Running, serving

EXAMPLES = 6  # for each route and way


def test_each_route_is_described_and_has_a_scope_or_needs_none() -> None:
    for path, (what, scope, _) in openapi.ROUTES.items():
        assert what.endswith(".") and scope in ("", "complete", "chat", "record", "metrics"), path


async def test_nothing_is_a_500_or_against_the_list(tmp_path: Path) -> None:
    """Generated requests, right and wrong ones, with and without a token."""
    async with Engine(word_s=0.0) as engine:
        opened = serving(tmp_path / "server", engine.url)
        server = await asyncio.to_thread(opened.__enter__)
        try:
            token = await asyncio.to_thread(server.add, "alice")
            await asyncio.to_thread(_generated, server, token)
        finally:
            await asyncio.to_thread(opened.__exit__, None, None, None)
    assert "Traceback" not in server.log


def _generated(server: Running, token: str) -> None:
    context = ssl.create_default_context(cafile=str(server.ca))
    listed = httpx.get(f"{server.url}/openapi.json", verify=context).json()
    schema = schemathesis.openapi.from_dict(listed)
    schema.config.update(base_url=server.url, tls_verify=str(server.ca))
    failed = list[str]()
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path == "/metrics":
            continue
        for headers in ({"authorization": f"Bearer {token}"}, {}):
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                if operation.body or mode == GenerationMode.POSITIVE:
                    made = operation.as_strategy(generation_mode=mode)
                    given(case=made)(_checking(server, headers, failed, operation.label))()
    assert failed == []


def _checking(
    server: Running, headers: dict[str, str], failed: list[str], label: str
) -> Callable[[schemathesis.Case], None]:
    @settings(
        max_examples=EXAMPLES, database=None, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    def check(case: schemathesis.Case) -> None:
        try:
            answer = case.call(headers=headers, verify=str(server.ca))
            case.validate_response(
                answer,
                headers=headers,
                excluded_checks=[schemathesis.checks.CHECKS.get_one("positive_data_acceptance")],
            )
        except (AssertionError, BaseExceptionGroup) as error:
            failed.append(f"{label}: {error}")

    return check


@pytest.mark.parametrize("path", ["/docs", "/v1/load_lora_adapter", "/invocations", "/admin", "/page/../metrics"])
async def test_no_other_address_is_there(engine: Engine, team: Made, path: str) -> None:
    made: Team = await team(engine)
    async with made.http(made.add("alice")) as http:
        assert (await http.get(path)).status_code in (403, 404)
