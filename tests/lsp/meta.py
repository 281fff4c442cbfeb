"""Check messages against the protocol's own schema (metaModel.json), strictly: unknown properties are errors too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_BASE = {
    "URI": str, "DocumentUri": str, "string": str, "RegExp": str, "boolean": bool, "null": type(None),
    "integer": int, "uinteger": int, "decimal": (int, float),
}  # fmt: skip


class MetaModel:
    """One version of the protocol."""

    def __init__(self, path: Path) -> None:
        raw = json.loads(path.read_text("utf-8"))
        self._named = {s["name"]: s for kind in ("structures", "enumerations", "typeAliases") for s in raw[kind]}
        self._requests = {r["method"]: r for r in raw["requests"]}
        self._notifications = {n["method"]: n for n in raw["notifications"]}

    def check_result(self, method: str, result: Any) -> list[str]:
        """What is wrong with a response's result."""
        return self._check(self._requests[method]["result"], result, f"{method} result")

    def check_call(self, message: dict[str, Any]) -> list[str]:
        """What is wrong with a request or notification from the server; our own methods are free in their shape."""
        method = message["method"]
        if method.startswith("assay/"):
            return []
        spec = self._requests.get(method) if "id" in message else self._notifications.get(method)
        if spec is None:
            return [f"{method} is not in the protocol"]
        if spec["messageDirection"] == "clientToServer":
            return [f"{method} is for clients to send"]
        return self._check(spec["params"], message.get("params"), method) if "params" in spec else []

    def _check(self, kind: dict[str, Any], value: Any, at: str) -> list[str]:
        match kind["kind"]:
            case "base":
                return self._base(kind["name"], value, at)
            case "reference":
                return self._reference(kind["name"], value, at)
            case "array":
                if not isinstance(value, list):
                    return [f"{at}: not an array"]
                return [e for i, item in enumerate(value) for e in self._check(kind["element"], item, f"{at}[{i}]")]
            case "map":
                return [] if isinstance(value, dict) else [f"{at}: not a map"]
            case "or":
                found = [self._check(item, value, at) for item in kind["items"]]
                return [] if any(not errors for errors in found) else min(found, key=len)
            case "and":
                return [e for item in kind["items"] for e in self._check(item, value, at)]
            case "stringLiteral":
                return [] if value == kind["value"] else [f"{at}: not {kind['value']!r}"]
            case "literal":
                return self._object(kind["value"]["properties"], value, at)
            case "tuple":
                return [] if isinstance(value, list) and len(value) == len(kind["items"]) else [f"{at}: not a tuple"]
            case other:
                return [f"{at}: the schema has a kind {other} that this check does not know"]

    def _base(self, name: str, value: Any, at: str) -> list[str]:
        if isinstance(value, bool) and name != "boolean":
            return [f"{at}: a boolean, not {name}"]
        if not isinstance(value, _BASE[name]):
            return [f"{at}: {type(value).__name__}, not {name}"]
        if name == "uinteger" and not 0 <= value < 2**31:
            return [f"{at}: {value} is no uinteger"]
        return []

    def _reference(self, name: str, value: Any, at: str) -> list[str]:
        if name in ("LSPAny", "LSPObject", "LSPArray"):
            return []
        spec = self._named[name]
        if "values" in spec:
            known = [v["value"] for v in spec["values"]]
            is_open = spec.get("supportsCustomValues", False)
            return (
                []
                if value in known or (is_open and isinstance(value, str | int))
                else [f"{at}: {value!r} is no {name}"]
            )
        if "type" in spec:
            return self._check(spec["type"], value, at)
        return self._object(self._properties(spec), value, at)

    def _properties(self, spec: dict[str, Any]) -> list[dict[str, Any]]:
        found = list(spec["properties"])
        for parent in [*spec.get("extends", []), *spec.get("mixins", [])]:
            found += self._properties(self._named[parent["name"]])
        return found

    def _object(self, properties: list[dict[str, Any]], value: Any, at: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{at}: {type(value).__name__}, not an object"]
        errors = [f"{at}: no {p['name']}" for p in properties if not p.get("optional") and p["name"] not in value]
        known = {p["name"]: p for p in properties}
        for name, item in value.items():
            if name in known:
                errors += self._check(known[name]["type"], item, f"{at}.{name}")
            else:
                errors.append(f"{at}: has {name}, which the protocol does not")
        return errors
