"""What of the texts may be taught: they parse, somebody wrote them, they are code, and they hold no secret. What names a person is put out of them."""

from __future__ import annotations

import io
import re
import tokenize

from analyzers import secrets, syntax

SMALL, LARGE = 200, 120_000  # characters of a file: less teaches nothing, more is a table
LINE_MEAN, LINE_MOST = 100, 1_500  # characters of its lines
DATA_SHARE = 0.5  # of its lines that are nothing but literals and brackets
_GENERATED = re.compile(
    r"(?i)\b(?:auto[- ]?generated|generated (?:by|from|file|code|automatically)|do not (?:edit|modify)|@generated|machine[- ]generated)"
)
_DATA_LINE = re.compile(r"(?>\s*(?>None\b|True\b|False\b|[\[\](){},:\d.xXeE_+\-\\|*/ ]|'[^']*'|\"[^\"]*\")*+\s*)\Z")
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,12}\b")
_EXAMPLE = re.compile(r"@(?:[\w.-]+\.)?(?:example|test|localhost|invalid)(?:\.\w+)?\Z")
_PHONE = re.compile(r"(?<![\w.])\+\d{1,3}[ -]\(?\d{2,4}\)?(?:[ -]\d{2,4}){2,4}(?![\w.])")
ADDRESS, PHONE = "name@example.com", "+00 000 000"
_MIDDLES = [
    getattr(tokenize, name) for name in ("FSTRING_MIDDLE", "TSTRING_MIDDLE") if hasattr(tokenize, name)
]  # from 3.12 on
GENERATED_HEAD = 1_500  # characters


def refusal(text: str) -> str:
    """Why a file is not taught, in a few words for the card; "" where it may be."""
    if len(text) < SMALL:
        return "too short"
    if len(text) > LARGE:
        return "too long"
    lines = text.splitlines()
    code = [line for line in lines if line.strip()]
    if max(map(len, lines)) > LINE_MOST or sum(map(len, code)) > LINE_MEAN * len(code):
        return "minified or a table"
    if _GENERATED.search(text[:GENERATED_HEAD]):
        return "generated"
    if sum(bool(_DATA_LINE.match(line)) for line in code) > DATA_SHARE * len(code):
        return "minified or a table"
    if secrets.redact(text) != text:
        return "has a secret"
    return "" if syntax.module(text) is not None else "does not parse"


def impersonal(text: str) -> tuple[str, int]:
    """The text with mail addresses and telephone numbers made ones of nobody, and how many there were. Addresses of examples stay, and what is none: a product of matrices."""
    count = 0
    said = _said(text) if _ADDRESS.search(text) else []

    def address(found: re.Match[str]) -> str:
        nonlocal count
        if _EXAMPLE.search(found[0]) or not any(start <= found.start() and found.end() <= end for start, end in said):
            return found[0]
        count += 1
        return ADDRESS

    def phone(_: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return PHONE

    return _PHONE.sub(phone, _ADDRESS.sub(address, text)), count


def _said(text: str) -> list[tuple[int, int]]:
    """From where to where there are strings and comments; all of it, where that cannot be told."""
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    try:
        return [
            (starts[one.start[0] - 1] + one.start[1], starts[one.end[0] - 1] + one.end[1])
            for one in tokenize.generate_tokens(io.StringIO(text).readline)
            if one.type in (tokenize.STRING, tokenize.COMMENT) or one.type in _MIDDLES
        ]
    except (tokenize.TokenError, SyntaxError, IndexError):
        return [(0, len(text))]
