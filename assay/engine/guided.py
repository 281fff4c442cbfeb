"""How each server is told what a text has to begin with. Which server it is, its model list says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from .api import Request

Dialect = Literal["ours", "gbnf", "steered", "vllm", ""]  # "steered" is vLLM with `assay_inside`
_ESCAPES: Mapping[str, str] = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
OWNERS: Mapping[str, Dialect] = {"assay": "ours", "llamacpp": "gbnf", "vllm": "vllm"}


def dialect_of(models: Any) -> Dialect:
    """By the `owned_by` of a model list, or by what a shared engine of ours says of the one behind it; "" for a server that cannot be guided, or not that we know."""
    try:
        if models.get("assay", {}).get("guided") == "steered":
            return "steered"
        return OWNERS.get(str(models["data"][0]["owned_by"]), "")
    except (KeyError, IndexError, TypeError, AttributeError):
        return ""


def takes_priorities(models: Any) -> bool:
    """Whether a shared engine of ours says so in its model list, whatever runs behind it."""
    match models:
        case {"assay": {"priorities": True}}:
            return True
        case _:
            return False


def cancels(models: Any) -> bool:
    """Whether a shared engine of ours ends an answer by a word."""
    match models:
        case {"assay": {"cancels": True}}:
            return True
        case _:
            return False


def body(request: Request, dialect: Dialect) -> dict[str, Any]:
    """What is added to a request's body; nothing where nothing is asked for, or the server cannot do it."""
    if not (request.names or request.must_start):
        return {}
    match dialect:
        case "ours":
            return {"names": list(request.names)} if request.names else {"must_start": request.must_start}
        case "gbnf":
            return {"grammar": gbnf(request)}
        case "steered":
            return {"vllm_xargs": {"guide": regex(request)}}
        case "vllm":
            return {"structured_outputs": {"regex": regex(request)}}
        case _:
            return {}


def _quoted(text: str) -> str:
    """A literal of llama.cpp's grammars, which know other escapes than JSON."""
    return '"' + "".join(_ESCAPES.get(one, one) for one in text) + '"'


def regex(request: Request) -> str:
    """The same as a regular expression for the whole text."""
    if request.names:
        return f"(?:{'|'.join(map(re.escape, request.names))})(?:[^0-9A-Za-z_][\\s\\S]*)?"
    return f"{re.escape(request.must_start)}[\\s\\S]*"


def gbnf(request: Request) -> str:
    """The same as a grammar for llama.cpp."""
    if request.names:
        return f"root ::= ({' | '.join(map(_quoted, request.names))}) ([^0-9A-Za-z_] [^\\x00]*)?"
    return f"root ::= {_quoted(request.must_start)} [^\\x00]*"
