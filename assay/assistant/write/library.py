"""The source "library": a call of a function of the standard library, or of a package that the project has, that does what is asked for."""

from __future__ import annotations

import asyncio
import itertools
import sysconfig
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from analyzers import prose
from analyzers.wishes.wish import Wish

from ..finding import search
from ..finding.index import Index, Offered
from ..finding.search import Tree
from ..workbench import Workbench
from .candidate import Candidate, Target
from .choice import Judged

MOST = 5  # functions of which a call is tried
PARAMETERS = 3  # that are tried in other orders, too
FOUND = 40  # by the index, before they are weighed
# Modules of functions that take values and give values; an index of all of them takes a minute to make.
EVERYDAY = (
    "base64.py", "bisect.py", "calendar.py", "colorsys.py", "copy.py", "difflib.py", "fnmatch.py", "fractions.py", "functools.py", "hashlib.py", "heapq.py", "hmac.py", "html/__init__.py", "ipaddress.py", "json/__init__.py", "keyword.py",
    "locale.py", "mimetypes.py", "numbers.py", "operator.py", "posixpath.py", "quopri.py", "random.py", "re/__init__.py", "re.py", "reprlib.py", "shlex.py", "statistics.py", "string.py", "stringprep.py", "textwrap.py", "tokenize.py",
    "types.py", "unicodedata.py", "urllib/parse.py", "uuid.py", "datetime.py", "_pydatetime.py", "email/utils.py", "email/header.py", "collections/__init__.py",
)  # fmt: skip


class Library:
    """Calls of what is there. `cache` is this user's folder for what may be deleted: the index is kept there."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache / "suggest"

    async def candidates(
        self, bench: Workbench, target: Target, wish: Wish, before: Sequence[Judged]
    ) -> AsyncGenerator[Candidate, None]:
        """Bodies of one call, the likest first; nothing the second time, for a member of a class, or where there is no index."""
        if before or wish.owner or wish.is_async or not wish.given or any(one.star for one in wish.parameters):
            return
        environment = bench.projects.environment(target.state.root)
        sites = environment.site_packages if environment is not None else ()
        try:
            found = await asyncio.to_thread(self._found, wish, sites)
        except OSError:
            return
        for one in found:
            yield one

    def _found(self, wish: Wish, sites: Sequence[Path]) -> list[Candidate]:
        stdlib = Path(sysconfig.get_path("stdlib"))
        everyday = Index(self._cache, stdlib, part="everyday")
        everyday.follow(lambda: (one for one in EVERYDAY if (stdlib / one).is_file()), lambda done, of: None)
        text = f"{' '.join(sorted(wish.words & _named(wish)))} {prose.plain(wish.doc)}"[:400]
        offered: list[tuple[Offered, Tree]] = [(one, Tree(stdlib, "standard library")) for one in everyday.found(text, FOUND)]  # fmt: skip
        for site in (
            sites
        ):  # what `assay suggest` has made; to make one takes as long as somebody is willing to wait for a list
            index = Index(self._cache, site)
            if index.is_there:
                offered += [(one, Tree(site, "packages")) for one in index.found(text, FOUND)]
        made: dict[str, Candidate] = {}
        for item in search.ranked(text, [one for one in offered if _fits(one[0], wish)], MOST):
            for one in _calls(item, wish):
                made.setdefault(one.body, one)
        return list(made.values())


def _named(wish: Wish) -> frozenset[str]:
    return frozenset(wish.name.lower().split("_"))


def _fits(one: Offered, wish: Wish) -> bool:
    """Whether it is a function at the top of a module that needs as much as a call of the wish gives."""
    return one.kind == "function" and "." not in one.path and len(one.required) <= len(wish.required) and bool(one.required)  # fmt: skip


def _calls(item: search.Item, wish: Wish) -> list[Candidate]:
    """Calls with what is given, in its order and in others."""
    names = [one.name for one in wish.given]
    orders = itertools.permutations(names) if len(names) <= PARAMETERS else [tuple(names)]
    module = item.module.removeprefix("_py")
    return [
        Candidate(f"return {module}.{item.name}({', '.join(order)})", "library", f"a call of {module}.{item.name}", (f"import {module}",), needs_example=True)
        for order in orders
    ]  # fmt: skip
