"""What a team's server serves, as OpenAPI 3.1: made from the routes themselves, so that no route can be missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.routing import BaseRoute, Route

from assay import __version__

ERROR: Mapping[str, Any] = {"type": "object", "required": ["error"], "properties": {"error": {"type": "object", "required": ["message", "code"], "properties": {"message": {"type": "string"}, "code": {"type": "integer"}}}}}  # fmt: skip
USUAL = (400, 401, 403, 408, 413, 429, 502, 503, 504)
TEXT, WHOLE = {"type": "string"}, {"type": "integer", "minimum": 1}
PROMPT = {
    "anyOf": [
        TEXT,
        {"type": "array", "items": {"type": "integer"}},
        {"type": "array", "items": TEXT, "minItems": 1, "maxItems": 1},
    ]
}
STOP = {"anyOf": [TEXT, {"type": "array", "items": TEXT, "maxItems": 16}]}
COMMON: Mapping[str, Any] = {"model": TEXT, "max_tokens": WHOLE, "temperature": {"type": "number", "minimum": 0}, "stream": {"type": "boolean"}, "stop": STOP, "priority": {"type": "integer"}}  # fmt: skip
MESSAGES = {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["role"], "properties": {"role": TEXT}}}  # fmt: skip


def _asks(required: Iterable[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


# path: (what it is for, the scope of a key that opens it or "" for none, the body of its request)
ROUTES: Mapping[str, tuple[str, str, Mapping[str, Any] | None]] = {
    "/v1/models": ("The model, and what may be asked of it.", "complete", None),
    "/v1/completions": ("A text goes on.", "complete", _asks(["prompt"], prompt=PROMPT, **COMMON)),
    "/v1/chat/completions": ("A conversation goes on.", "chat", _asks(["messages"], messages=MESSAGES, **COMMON)),
    "/v1/cancel": ("End an answer of one's own, by the x-request-id that its request had.", "complete", _asks(["id"], id={"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,64}$"})),
    "/tokenize": ("A text as the model's tokens.", "complete", {"type": "object"}),
    "/score": ("How likely a text goes on so.", "complete", {"type": "object"}),
    "/v1/record": ("What became of suggestions, in batches.", "record", _asks(["events"], events={"type": "array", "maxItems": 500, "items": {"type": "object"}})),
    "/v1/feedback": ("A thumb and a word about a suggestion.", "record", _asks(["suggestion", "thumb"], suggestion=TEXT, thumb={"enum": ["up", "down"]}, word={"type": "string", "maxLength": 500}, id={"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,64}$"})),
    "/v1/silence": ("How likely a suggestion has to be kept before it is shown.", "record", None),
    "/v1/conventions": ("The team's guide.", "complete", None),
    "/v1/me": ("Whose key it is, and what it opens.", "complete", None),
    "/metrics": ("Counts for Prometheus.", "metrics", None),
    "/healthz": ("Whether the process serves.", "", None),
    "/readyz": ("Whether it can serve a request now.", "", None),
    "/login/about": ("How one logs in here.", "", None),
    "/login/device": ("A machine asks to be let in (RFC 8628).", "", {"type": "object", "properties": {"label": TEXT}}),
    "/login/token": ("A machine asks whether somebody said yes.", "", _asks(["device_code"], device_code=TEXT)),
    "/openapi.json": ("This.", "", None),
}  # fmt: skip


def schema(routes: Iterable[BaseRoute]) -> dict[str, Any]:
    """All routes but the pages for people. Raises KeyError for one that nobody described."""
    paths = dict[str, Any]()
    for route in routes:
        if not isinstance(route, Route) or not route.include_in_schema:
            continue
        what, scope, body = ROUTES[route.path]
        method = "post" if "POST" in (route.methods or ()) else "get"
        paths[route.path] = {method: _operation(route.path, what, scope, body)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Assay", "version": __version__, "description": "A team's server."},
        "paths": paths,
        "components": {
            "schemas": {"Error": ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(path: str, what: str, scope: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
    error = {
        "description": "It is not served, and why.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    made: dict[str, Any] = {
        "summary": what,
        "responses": {"200": {"description": "Served.", "content": {kind: {} for kind in _kinds(path)}}}
        | {str(status): error for status in USUAL},
    }
    if scope:
        made |= {"security": [{"token": []}], "description": f"Opened by a token with the scope {scope}."}
    if body is not None:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": dict(body)}}}
    return made


def _kinds(path: str) -> tuple[str, ...]:
    """What an answer may be."""
    if path == "/metrics":
        return ("text/plain",)
    return ("application/json", "text/event-stream") if path.endswith("completions") else ("application/json",)
