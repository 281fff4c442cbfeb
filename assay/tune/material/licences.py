"""Under which licence a text stands, and whether it is permissive: by the metadata of its distribution, the licence files beside it, and what its own head says.

Whoever finds two answers takes the stricter one: a file that names a copyleft licence is left out of a package under MIT. Nothing is guessed: what says nothing is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from email.parser import Parser

UNKNOWN = ""
OWN = "own"  # not asked: the material is the user's
PERMISSIVE = frozenset(
    {"MIT", "MIT-0", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "Apache-2.0", "ISC", "PSF-2.0", "Python-2.0", "Zlib", "Unlicense", "CC0-1.0", "HPND", "BlueOak-1.0.0", "BSD", OWN}
)  # fmt: skip
TITLE = 400  # characters in which a licence names itself
WORDS = 100  # and brackets of an expression
HEAD = 3_000  # characters of a file in which it names its licence
FILES = re.compile(r"(?:^|/)(?:LICEN[CS]E|COPYING|UNLICENSE)[^/]*$", re.IGNORECASE)

# What licences are called in metadata, in lower case; the first that stands in it counts, so the stricter ones come first.
_NAMES: tuple[tuple[str, str], ...] = (
    ("affero", "AGPL-3.0"), ("agpl", "AGPL-3.0"), ("lesser general public", "LGPL-3.0"), ("library general public", "LGPL-2.0"), ("lgpl", "LGPL-3.0"),
    ("general public license", "GPL-3.0"), ("gpl", "GPL-3.0"), ("mozilla public", "MPL-2.0"), ("mpl", "MPL-2.0"), ("eclipse public", "EPL-2.0"),
    ("european union public", "EUPL-1.2"), ("business source", "BUSL-1.1"), ("commons clause", "other"), ("proprietary", "other"), ("cc-by-nc", "other"), ("server side public", "SSPL-1.0"),
    ("apache", "Apache-2.0"), ("mit-0", "MIT-0"), ("mit", "MIT"), ("0bsd", "0BSD"), ("bsd-2", "BSD-2-Clause"), ("2-clause", "BSD-2-Clause"), ("bsd-3", "BSD-3-Clause"), ("3-clause", "BSD-3-Clause"),
    ("new bsd", "BSD-3-Clause"), ("bsd", "BSD"), ("isc", "ISC"), ("python software foundation", "PSF-2.0"), ("psf", "PSF-2.0"), ("zlib", "Zlib"), ("unlicense", "Unlicense"), ("cc0", "CC0-1.0"),
    ("historical permission", "HPND"), ("hpnd", "HPND"), ("blueoak", "BlueOak-1.0.0"),
)  # fmt: skip
# What their texts have in them, in lower case and with single spaces.
_TEXTS: tuple[tuple[str, str], ...] = (
    ("gnu affero general public license", "AGPL-3.0"), ("gnu lesser general public license", "LGPL-3.0"), ("gnu library general public license", "LGPL-2.0"), ("gnu general public license", "GPL-3.0"),
    ("mozilla public license", "MPL-2.0"), ("eclipse public license", "EPL-2.0"), ("european union public licence", "EUPL-1.2"), ("business source license", "BUSL-1.1"), ("commons clause", "other"),
    ("server side public license", "SSPL-1.0"), ("all rights reserved. proprietary", "other"),
    ("apache license", "Apache-2.0"), ("permission is hereby granted, free of charge", "MIT"), ("neither the name", "BSD-3-Clause"),
    ("redistribution and use in source and binary forms", "BSD-2-Clause"), ("permission to use, copy, modify, and/or distribute this software", "ISC"), ("permission to use, copy, modify, and distribute this software", "ISC"),
    ("python software foundation license", "PSF-2.0"), ("this is free and unencumbered software", "Unlicense"), ("creative commons legal code cc0", "CC0-1.0"),
    ("this software is provided 'as-is', without any express or implied", "Zlib"),
)  # fmt: skip
_SPDX = re.compile(r"SPDX-License-Identifier:\s*([^\n*]+)")
_DOCSTRING = re.compile(
    r"""(?s)(?:[ \t]*(?:#[^\n]*)?\n)*+[rRuUbB]?(\"{3}|'{3}|["'])(.*?)(?:\1|\Z)"""
)  # a module's, at its head
_COPYLEFT_HEAD = re.compile(r"(?i)\b(?:[al]?gpl|gnu\s+(?:affero\s+|lesser\s+|library\s+)?general\s+public)\b")


def of_distribution(metadata: str, files: Iterable[str]) -> str:
    """The licence that a distribution's METADATA or PKG-INFO names (an SPDX expression, classifiers, or the field), else that its licence files are; the strictest where several disagree, UNKNOWN where none says anything."""
    told = Parser().parsestr(metadata)
    if expression := told.get("License-Expression"):
        return strictest([of_expression(str(expression)), *(of_text(text) for text in files)])
    named = [
        _by(_NAMES, str(one).lower()) for one in told.get_all("Classifier", []) if str(one).startswith("License ::")
    ]
    named = [one for one in named if one] or [_by(_NAMES, " ".join(str(told.get("License", "")).lower().split())[:200])]
    return strictest([*(one for one in named if one), *(of_text(text) for text in files)])


def of_expression(expression: str) -> str:
    """An SPDX expression as one licence: of an OR the permissive one, of an AND the strictest; "other" for what is no expression."""
    left = re.findall(r"[()]|[^\s()]+", expression)
    if not left:
        return UNKNOWN
    if len(left) > WORDS:
        return "other"
    try:
        found = _either(left)
    except ValueError:
        return "other"
    return "other" if left else found


def _either(left: list[str]) -> str:
    """What stands at the beginning of the words that are left, which it takes away; AND binds closer than OR."""
    choices = [_both(left)]
    while left and left[0].upper() == "OR":
        left.pop(0)
        choices.append(_both(left))
    return next((one for one in choices if one in PERMISSIVE), choices[0])


def _both(left: list[str]) -> str:
    parts = [_one(left)]
    while left and left[0].upper() == "AND":
        left.pop(0)
        parts.append(_one(left))
    return strictest(parts)


def _one(left: list[str]) -> str:
    """Raises ValueError where there is none."""
    if left and left[0] == "(":
        left.pop(0)
        found = _either(left)
        if not left or left.pop(0) != ")":
            raise ValueError("a bracket is not closed")
        return found
    words = list[str]()
    while left and left[0] not in "()" and left[0].upper() not in ("AND", "OR"):
        words.append(left.pop(0))
    if not words:
        raise ValueError("a name is missing")
    return _by_id(" ".join(words))


def of_text(text: str) -> str:
    """What a licence's own text is; UNKNOWN for one that we do not know. One that is not permissive counts where its name is at the head: others name it further down (Python's says which of them go together with it)."""
    plain = " ".join(text.lower().replace('"', "'").split())[:40_000]
    head = plain[:TITLE]
    for sign, name in _TEXTS:
        if sign in (plain if name in PERMISSIVE else head):
            return name
    return UNKNOWN


def of_head(text: str) -> str:
    """What a source file says of itself at its head; UNKNOWN where it says nothing."""
    head = text[:HEAD]
    if (found := _SPDX.search(head)) is not None:
        return of_expression(found[1])
    said = [line.lstrip("# ") for line in head.splitlines() if line.lstrip().startswith("#")]
    if (found := _DOCSTRING.match(head)) is not None:
        said.append(found[2])
    words = " ".join(" ".join(said).split())
    return "GPL-3.0" if _COPYLEFT_HEAD.search(words) and re.search("(?i)licen[cs]e", words) else UNKNOWN


def strictest(found: Iterable[str]) -> str:
    """Of several the one that is not permissive; UNKNOWN where nothing is known at all."""
    known = [one for one in found if one]
    return next((one for one in known if one not in PERMISSIVE), known[0] if known else UNKNOWN)


def of_tree(texts: Mapping[str, str]) -> str:
    """Of a folder, by its licence files and its pyproject.toml (both by relative path): a folder of somebody's that says nothing is UNKNOWN."""
    told = [of_text(text) for name, text in texts.items() if FILES.search(name)]
    project = texts.get("pyproject.toml", "")
    if (found := re.search(r"""(?m)^license\s*=\s*(?:\{\s*text\s*=\s*)?["']([^"']+)["']""", project)) is not None:
        told.append(of_expression(found[1]))
    return strictest(told)


def _by(table: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for sign, name in table if re.search(rf"(?<![a-z]){re.escape(sign)}", text)), UNKNOWN)


def _by_id(name: str) -> str:
    name = name.strip(" ()").partition(" WITH ")[0]
    known = {one.lower(): one for one in PERMISSIVE}
    return known.get(name.lower()) or _by(_NAMES, name.lower()) or ("other" if name else UNKNOWN)
