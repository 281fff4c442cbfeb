"""Command-line arguments by argparse, as a description names them: "--verbose", "--count N (int, default 3)", "PATH". Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .. import prose
from .made import About, Made

_NAMES = re.compile(r"(?:parse|get|read|build|make|create)_(?:args|arguments|options|parser|argument_parser|command_line)|parser|arguments|parse_argv")  # fmt: skip
_OPTION = re.compile(
    r"(?P<short>-\w(?:\s*,\s*|\s*/\s*|\s+or\s+))?(?P<long>--[a-z][\w-]*)(?:[ =](?P<value>[A-Z][A-Z_]*|<\w+>))?(?P<rest>[^\n,;]*)"
)
_PLACE = re.compile(r"(?<![-\w=] )(?<![-\w<])\b(?P<name>[A-Z][A-Z_]{2,})\b(?P<dots>\s*\.\.\.)?")
_DEFAULT = re.compile(r"default(?:s to|s|:|=| is|)?\s*(?P<value>-?\d+(?:\.\d+)?|'[^']*'|\"[^\"]*\"|[\w./-]+)")
_KINDS = {"int": ("int", "integer", "number", "count", "port"), "float": ("float", "decimal", "ratio", "seconds")}
OPTIONS = 20


def bodies(about: About) -> Iterator[Made]:
    """What the rules give for a function that reads a command line."""
    wish = about.wish
    is_meant = _NAMES.fullmatch(about.name) or wish.returns.endswith(("Namespace", "ArgumentParser"))
    said = prose.plain(wish.doc)
    lines = [*_places(said), *_options(said)]
    if about.owner is not None or not is_meant or not lines:
        return
    first = said.strip().splitlines()[0].strip().rstrip(".") if said.strip() else ""
    head = f"parser = argparse.ArgumentParser(description={first!r})" if first and not _OPTION.search(first) else "parser = argparse.ArgumentParser()"  # fmt: skip
    given = about.given[0] if about.given else ""
    is_parser = "parser" in about.name or wish.returns.endswith("ArgumentParser")
    last = "return parser" if is_parser else f"return parser.parse_args({given})"
    yield Made("\n".join([head, *lines, last]), "the options that the description names", ("import argparse",))


def _options(said: str) -> Iterator[str]:
    for match in list(_OPTION.finditer(said))[:OPTIONS]:
        names = [match["short"].strip(" ,/").removesuffix(" or").strip()] if match["short"] else []
        names.append(match["long"])
        rest = match["rest"]
        told = [repr(one) for one in names]
        default = _DEFAULT.search(rest)
        kind = _kind(f"{match['value'] or ''} {rest}", default["value"] if default else "")
        if not match["value"] and not default and not kind:
            told.append('action="store_true"')
        else:
            told += [f"type={kind}"] if kind else []
            told += [f"default={_literal(default['value'], kind)}"] if default else []
        told += ["required=True"] if "required" in rest else []
        yield f"parser.add_argument({', '.join(told)})".replace("'", '"')


def _places(said: str) -> Iterator[str]:
    taken = {match["value"] for match in _OPTION.finditer(said)}
    for match in list(_PLACE.finditer(said))[:OPTIONS]:
        if match["name"] not in taken and match["name"] not in ("TODO", "FIXME", "XXX", "NOTE"):
            taken.add(match["name"])
            many = ', nargs="*"' if match["dots"] else ""
            yield f'parser.add_argument("{match["name"].lower()}"{many})'


def _kind(said: str, default: str) -> str:
    if re.fullmatch(r"-?\d+", default):
        return "int"
    if re.fullmatch(r"-?\d+\.\d+", default):
        return "float"
    if default:
        return ""
    found = set(re.findall(r"[a-z]+", said.lower()))
    return next((kind for kind, signs in _KINDS.items() if found & set(signs)), "int" if re.match(r"(?:N|COUNT|NUMBER)\b", said) else "")  # fmt: skip


def _literal(told: str, kind: str) -> str:
    return told if kind or told[:1] in "'\"" else repr(told)
