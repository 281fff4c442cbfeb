"""Texts of files as they are: UTF-8, with its byte order mark where it has one, or what a comment in the first two lines names (PEP 263). Python reads them so, and what is written back is read again."""

from __future__ import annotations

import codecs
import re

_COOKIE = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", re.ASCII)
_BLANK = re.compile(r"^[ \t\f]*(?:#.*)?$")


def decoded(raw: bytes) -> str:
    """The text of a file. Raises UnicodeDecodeError where its bytes are none of its encoding."""
    return raw.decode(of(raw[:400].decode("latin-1")))


def encoded(text: str) -> bytes:
    """The bytes of a text in its own encoding; in UTF-8 where that cannot write it."""
    name = of(text[:400])
    try:
        return text.encode(name, "surrogatepass" if name == "utf-8" else "strict")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def of(head: str) -> str:
    """The encoding that the beginning of a text names; UTF-8 where it names none that is known."""
    lines = re.split(r"\r\n|\r|\n", head.removeprefix("\ufeff").removeprefix("\xef\xbb\xbf"), maxsplit=2)[:2]
    for line in lines:
        if found := _COOKIE.match(line):
            try:
                known = codecs.lookup(found[1])
            except LookupError:
                return "utf-8"
            is_text = getattr(known, "_is_text_encoding", True)
            return "utf-8" if known.name in ("utf-8", "utf-8-sig") or not is_text else known.name
        if not _BLANK.match(line):
            break
    return "utf-8"
