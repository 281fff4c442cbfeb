"""Read a team's guide: Markdown for people, in which blocks of the kind `rule` say in TOML what can be checked. It is as untrusted as the workspace that it lies in.

    ## Money is in cents
    Amounts are whole cents; a float loses them.

    ```rule
    banned-calls = ["float", "round"]
    use = "shop.money.cents"
    in = ["src/shop/**"]
    ```

Nothing in a rule is a regular expression: one could be written to take for ever. Names are held against words for styles and against shapes with stars.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import syntax

NAMES = ("CONVENTIONS.md", ".assay/conventions.md", "docs/CONVENTIONS.md")  # where a project has its guide
SIZE_LIMIT, RULES_LIMIT = 128 << 10, 200
KEYS = ("banned-calls", "banned-imports", "use", "names", "query", "ruff", "in", "not-in")
KINDS = ("function", "class", "argument", "variable")  # of names
STYLES: Mapping[str, str] = {
    "snake_case": "lower letters, digits and _",
    "PascalCase": "words that each begin with a capital",
    "camelCase": "words of which all but the first begin with a capital",
    "UPPER_CASE": "capitals, digits and _",
}
_BLOCK = re.compile(r"^```rule[ \t]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
_RUFF = re.compile(r"[A-Z]{1,5}\d{0,4}")
_DOTTED = re.compile(r"\.?[A-Za-z_][\w.]{0,100}")
_SHAPE = re.compile(r"[\w*?]{1,60}")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `name` is its heading, `why` the first sentence below it."""

    name: str
    why: str
    banned_calls: tuple[str, ...] = ()
    banned_imports: tuple[str, ...] = ()
    use: str = ""
    names: tuple[tuple[str, tuple[str, ...]], ...] = ()
    query: str = ""
    ruff: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def holds_in(self, file: str) -> bool:
        """Whether it is for a file, by its path in the project."""
        is_in = not self.within or any(fnmatch.fnmatchcase(file, one) for one in self.within)
        return is_in and not any(fnmatch.fnmatchcase(file, one) for one in self.without)


@dataclass(frozen=True, slots=True)
class Guide:
    """All rules; `version` is a digest of the text. `complaints` say which blocks are no rules, and why."""

    rules: tuple[Rule, ...] = ()
    version: str = ""
    complaints: tuple[str, ...] = ()

    def of(self, file: str) -> tuple[Rule, ...]:
        """Those for a file."""
        return tuple(rule for rule in self.rules if rule.holds_in(file))

    def words(self, file: str, most: int) -> str:
        """What a model should know of them for a file, a line each, in at most so many characters."""
        lines, size = list[str](), 0
        for rule in self.of(file):
            line = " ".join(f"{rule.name}: {_told(rule) or rule.why}".split())
            size += len(line) + 1
            if size > most:
                break
            lines.append(line)
        return "\n".join(lines)


NOTHING = Guide()


def read(text: str) -> Guide:
    """The guide in a Markdown text. Pure; never raises: what is no rule is a complaint."""
    text = text[:SIZE_LIMIT].replace("\r\n", "\n")
    rules, complaints = list[Rule](), list[str]()
    headings = [(one.start(), one.end(), one[1]) for one in _HEADING.finditer(text)]
    for block in _BLOCK.finditer(text):
        line = text.count("\n", 0, block.start()) + 1
        above = [one for one in headings if one[0] < block.start()]
        name = above[-1][2][:80] if above else f"the rule in line {line}"
        if len(rules) >= RULES_LIMIT:
            complaints.append(f"line {line}: a guide has at most {RULES_LIMIT} rules")
            break
        try:
            rules.append(
                _rule(
                    name, _first_sentence(text[above[-1][1] : block.start()]) if above else "", tomllib.loads(block[1])
                )
            )
        except (ValueError, TypeError, RecursionError) as error:
            complaints.append(f"line {line}, {name}: {error}")
    return Guide(tuple(rules), hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12], tuple(complaints))


def _rule(name: str, why: str, told: Mapping[str, Any]) -> Rule:
    for key in told:
        if key not in KEYS:
            raise ValueError(f"a rule has no `{key[:40]}`; it has {', '.join(KEYS)}")
    use = told.get("use", "")
    if not isinstance(use, str) or not (not use or _DOTTED.fullmatch(use)):
        raise ValueError("`use` is a name with dots")
    query = told.get("query", "")
    if not isinstance(query, str) or len(query) > 2_000:
        raise ValueError("`query` is a text of at most 2000 characters")
    if query and (why_not := syntax.why_no_query(query)):
        raise ValueError(f"`query`: {why_not}")
    made = Rule(
        name,
        why,
        _texts(told, "banned-calls", _DOTTED),
        _texts(told, "banned-imports", _DOTTED),
        use,
        _names(told.get("names", {})),
        query,
        _texts(told, "ruff", _RUFF),
        _texts(told, "in", None),
        _texts(told, "not-in", None),
    )
    if not (made.banned_calls or made.banned_imports or made.names or made.query or made.ruff):
        raise ValueError("it says nothing that can be checked")
    return made


def _texts(told: Mapping[str, Any], key: str, form: re.Pattern[str] | None) -> tuple[str, ...]:
    found = told.get(key, [])
    if not isinstance(found, list) or len(found) > 100 or not all(isinstance(one, str) and len(one) <= 120 and (form is None or form.fullmatch(one)) for one in found):  # fmt: skip
        raise ValueError(f"`{key}` is a list of texts of its kind")
    return tuple(found)


def _names(told: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(told, dict):
        raise ValueError(f"`names` is a table: {', '.join(KINDS)}")  # noqa: TRY004  # what is told of it is one sentence
    found = []
    for kind, shapes in told.items():
        every = [shapes] if isinstance(shapes, str) else shapes
        if kind not in KINDS or not isinstance(every, list) or not every or not all(isinstance(one, str) and _SHAPE.fullmatch(one) for one in every):  # fmt: skip
            raise ValueError(
                f"`names` has {', '.join(KINDS)}, each a style ({', '.join(STYLES)}) or shapes such as `get_*`"
            )
        found.append((kind, tuple(every)))
    return tuple(found)


def _told(rule: Rule) -> str:
    """A rule in a few words for a model."""
    parts = []
    if rule.banned_calls or rule.banned_imports:
        parts.append(
            f"do not use {', '.join((*rule.banned_calls, *rule.banned_imports)[:5])}"
            + (f", use {rule.use}" if rule.use else "")
        )
    parts += [f"{kind} names are {' or '.join(shapes)}" for kind, shapes in rule.names]
    return "; ".join(parts)


def _first_sentence(text: str) -> str:
    plain = " ".join(text.split())
    return plain.partition(". ")[0][:200]
