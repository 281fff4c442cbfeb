"""Answers about what is done with a thing, and where: calls, imports, exceptions, assignments, decorators, tests, variables of the environment, what is deprecated, and the way from one thing to another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from analyzers import reach, uses

from .code import At, Code, Place, Thing
from .naming import Meant
from .resolved import how_sure, resolved
from .told import SHOWN, Asked, Statement, by_sureness, of_thing, quoted
from .told import uses as told_uses

FEW = 3  # things that a call may mean and are told
HOPS = 6  # calls from one thing to another that are looked through
_USES = re.compile(r"\bus(?:e|es|ed|ing|age|ages)\b|\breferenc", re.IGNORECASE)


def callers(asked: Asked) -> Iterator[Statement]:
    """Who calls it, sure ones first and code before tests; where it is asked for uses, who names it."""
    code, one = asked.code, asked.thing
    if one is not None and one.name == "__init__":  # it is called by the name of its class
        cls = next(
            (other for other in code.in_file(one.file) if other.kind == "class" and other.path == one.owner), one
        )
        one, asked = cls, replace(asked, about=(Meant(cls.path, (cls,)), *asked.about[1:]))
    kinds = ["call", "decorate"]
    if _USES.search(asked.question.text) or (one is not None and one.kind in ("constant", "attribute", "module", "property")):  # fmt: skip
        kinds += ["read", "base", "raise", "catch"]
    found = _distinct(code, [at for at in code.used(asked.one.last, *kinds) if _has(asked, at)])
    sure = [at for at in found if one is None or how_sure(code, at, one) == "sure"]
    likely = [at for at in found if at not in sure and one is not None and how_sure(code, at, one) == "by name"]
    yield from told_uses(code, sure, "calls it" if kinds == ["call", "decorate"] else "uses it")
    yield from told_uses(code, likely, f"calls something named `{asked.one.last}`", is_sure=False)
    if one is not None and not sure and not likely:
        must = f" with {', '.join(asked.question.must)}" if asked.question.must else ""
        yield Statement(f"Nothing in the project's texts calls `{one.path}` by its name{must}.", (one.place,))


def _has(asked: Asked, at: At) -> bool:
    """Whether a use has in its statement what the question demands, and is where it says."""
    rows = asked.code.texts[at.file].split("\n")
    told = re.sub(r"\s", "", "".join(rows[at.use.line - 1 : at.use.line + 3]))
    return all(must in told for must in asked.question.must)


def _distinct(code: Code, found: Sequence[At]) -> list[At]:
    """Each line once, the definition's own not at all; code before tests."""
    seen: set[Place] = set()
    kept = []
    for at in sorted(found, key=lambda at: (code.is_test(at.file), at.file, at.use.line, at.use.kind != "call")):
        if at.place not in seen:
            seen.add(at.place)
            kept.append(at)
    return kept


def callees(asked: Asked) -> Iterator[Statement]:
    """What a function calls, in its order, each with its place where it is a thing of the project."""
    one, code = asked.thing, asked.code
    if one is None or one.facts is None:
        return
    seen: set[str] = set()
    for at in calls(code, one):
        if at.use.name in seen:
            continue
        seen.add(at.use.name)
        there = [other for other in resolved(code, at) if not code.is_test(other.file)]
        sure = [other for other in there if how_sure(code, at, other) == "sure"]
        if sure:
            yield Statement(f"`{one.path}` calls `{at.use.name}`: {of_thing(sure[0])}.", (at.place, sure[0].place))
        elif there and len(there) <= FEW:
            told = " or ".join(f"`{other.path}`" for other in there)
            yield Statement(f"`{one.path}` calls `{at.use.name}`, by its name {told}.", (at.place, *(other.place for other in there)), is_sure=False)  # fmt: skip
        else:
            yield Statement(f"`{one.path}` calls `{at.use.name}`.", (at.place,))


def calls(code: Code, one: Thing) -> list[At]:
    """The calls in a thing, by line."""
    return [At(one.file, use) for use in uses.of_text(code.texts[one.file]) if use.kind == "call" and one.line <= use.line <= one.end and (use.owner == one.path or use.owner.startswith(f"{one.path}."))]  # fmt: skip


def raised(asked: Asked) -> Iterator[Statement]:
    """Where an exception is raised, within a function where one is named."""
    names = {meant.last for meant in asked.about}
    within = [meant.things[0] for meant in asked.about if meant.things and meant.things[0].kind in ("function", "method", "module", "property")]  # fmt: skip
    for name in names:
        found = _distinct(asked.code, list(asked.code.used(name, "raise")))
        kept = [at for at in found if not within or any(_inside(at, one) for one in within)]
        meant = next((one.things[0] for one in asked.about if one.last == name and one.things), None)
        yield from by_sureness(asked.code, kept, meant, f"raises `{name}`")


def caught(asked: Asked) -> Iterator[Statement]:
    """Where an exception is caught; of a function, what it catches."""
    code = asked.code
    within = [meant.things[0] for meant in asked.about if meant.things and meant.things[0].kind in ("function", "method", "module", "property")]  # fmt: skip
    names = [meant.last for meant in asked.about if not meant.things or meant.things[0].kind == "class"]
    for name in names:
        every = _distinct(code, list(code.used(name, "catch")))
        found = [at for at in every if not within or any(_inside(at, one) for one in within)] or every
        meant = next((one.things[0] for one in asked.about if one.last == name and one.things), None)
        found = [at for at in found if meant is None or how_sure(code, at, meant) != "no"]
        for at in found[:SHOWN]:
            yield Statement(f"`{code.owner(at)}` catches `{name}`: `{quoted(code, at.place)}`", (at.place, Place(at.file, at.use.line + 1)))  # fmt: skip
    if within and not names:
        for one in within:
            for use in uses.of_text(code.texts[one.file]):
                if use.kind == "catch" and one.line <= use.line <= one.end:
                    yield Statement(f"`{one.path}` catches `{use.name}`.", (Place(one.file, use.line), one.place))


def _inside(at: At, one: Thing) -> bool:
    return at.file == one.file and (one.facts.line if one.facts else one.line) <= at.use.line <= one.end


def importers(asked: Asked) -> Iterator[Statement]:
    """The files that import a module, or a name from it."""
    code, one = asked.code, asked.thing
    if one is not None and one.kind == "module":
        graph = reach.imports(code.texts, code.patterns)
        near = [file for file, away in reach.importers(graph, one.file).items() if away == 1 and file.endswith(".py")]
        for file in sorted(near, key=lambda file: (code.is_test(file), file)):
            lines = [use.line for use in uses.of_text(code.texts[file]) if use.kind == "import" and one.name in use.name.split(".")]  # fmt: skip
            yield Statement(f"{file} imports it.", (Place(file, min(lines, default=1)),))
        return
    for at in _distinct(code, list(code.used(asked.one.last, "import"))):
        yield Statement(f"{at.file} imports `{at.use.name}`.", (at.place,))


def imports(asked: Asked) -> Iterator[Statement]:
    """What a module imports."""
    one = asked.thing
    if one is None:
        return
    for use in uses.of_text(asked.code.texts[one.file]):
        if use.kind == "import":
            yield Statement(f"{one.file} imports `{use.name}`.", (Place(one.file, use.line),))


def changed(asked: Asked) -> Iterator[Statement]:
    """Where a variable or an attribute is set or changed: assignments, and methods that change what it holds."""
    code, last = asked.code, asked.one.last
    homes = {one.file for one in asked.one.things} if asked.one.things else set()
    assigned = [at for at in code.used(last, "assign") if not homes or at.file in homes or "." in at.use.name]
    found = [(at, "sets it") for at in assigned]
    for file in homes:
        rows = code.texts[file].split("\n")
        for number, row in enumerate(rows, 1):
            if re.search(rf"(?<![\w.]){re.escape(last)}(?:\[[^\]]*\]\s*(?:[-+*/|&]?=)(?!=)|\.(?:append|add|update|pop|clear|extend|insert|remove|setdefault|discard|popitem)\()", row):  # fmt: skip
                around = code.around(file, number)
                use = uses.Use("assign", last, number, around.path if around is not None else "")
                found.append((At(file, use), "changes it"))
    seen: set[Place] = set()
    for at, verb in sorted(found, key=lambda one: (code.is_test(one[0].file), one[0].file, one[0].use.line)):
        if at.place not in seen:
            seen.add(at.place)
            yield Statement(f"`{code.owner(at)}` {verb}: `{quoted(code, at.place)}`", (at.place,))
    yield from _readers(asked)


def _readers(asked: Asked) -> Iterator[Statement]:
    """Who reads a constant."""
    one = asked.thing
    if one is not None and one.kind == "constant":
        read = [at for at in asked.code.used(asked.one.last, "read") if how_sure(asked.code, at, one) == "sure" and not asked.code.is_test(at.file)]  # fmt: skip
        yield from told_uses(asked.code, _distinct(asked.code, read), "reads it")


def decorated(asked: Asked) -> Iterator[Statement]:
    """What a decorator decorates."""
    code = asked.code
    for at in _distinct(code, list(code.used(asked.one.last, "decorate"))):
        below = next((one for one in code.in_file(at.file) if one.facts is not None and one.facts.line <= at.use.line <= one.line), None)  # fmt: skip
        how = how_sure(code, at, asked.thing) if asked.thing is not None else "sure"
        if below is not None and how != "no":
            yield Statement(f"`{below.path}` is decorated with it.", (below.place, at.place), how == "sure")


def tests(asked: Asked) -> Iterator[Statement]:
    """The tests that name it: those that call it, then those that mention it."""
    code, last = asked.code, asked.one.last
    direct: dict[Place, Statement] = {}
    for kinds, verb in ((("call",), "calls it"), (("read", "base", "raise", "catch", "decorate"), "names it")):
        for at in code.used(last, *kinds):
            test = _test(code, at)
            how = how_sure(code, at, asked.thing) if asked.thing is not None else "sure"
            if test is not None and how != "no" and (test.place not in direct or (how == "sure" and not direct[test.place].is_sure)):  # fmt: skip
                direct[test.place] = Statement(f"`{test.path}` {verb}.", (test.place, at.place), how == "sure")
    if not direct:
        for at in code.texts_used():
            if (
                code.is_test(at.file)
                and re.search(rf"\b{re.escape(last)}\b", at.use.name)
                and (test := _test(code, at))
            ):
                direct.setdefault(test.place, Statement(f"`{test.path}` names it in a text.", (test.place, at.place), is_sure=False))  # fmt: skip
    if not direct:
        direct = {one.place: Statement(f"`{one.path}` has it in its name.", (one.place,), is_sure=False) for one in code.things if code.is_test(one.file) and one.kind in ("function", "method") and last.strip("_").lower() in one.name.lower()}  # fmt: skip
    named = last.strip("_").lower()
    yield from sorted(
        direct.values(), key=lambda one: named not in one.text.lower().partition("`")[2].partition("`")[0]
    )
    if not direct:
        yield Statement(f"No test names `{last}`.", tuple(one.place for one in asked.one.things[:1]))


def _test(code: Code, at: At) -> Thing | None:
    """The test that a use is in."""
    if not code.is_test(at.file) or not at.use.owner:
        return None
    inside = [one for one in code.in_file(at.file) if one.kind in ("function", "method") and (at.use.owner == one.path or at.use.owner.startswith(f"{one.path}."))]  # fmt: skip
    return next((one for one in inside if one.name.startswith("test")), inside[0] if inside else None)


def environment(code: Code, names: Sequence[str]) -> Iterator[Statement]:
    """Where variables of the environment are read, those named or all."""
    for file in sorted(code.texts, key=lambda file: (code.is_test(file), file)):
        for use in uses.of_text(code.texts[file]) if file.endswith(".py") else ():
            if use.kind == "environment" and (not names or use.name in names):
                at = At(file, use)
                yield Statement(f"`{code.owner(at)}` reads `{use.name}`: `{quoted(code, at.place)}`", (at.place,))


def deprecated(code: Code, within: Thing | None, names: Sequence[str]) -> Iterator[Statement]:
    """What warns that it is deprecated, or says so."""
    for file in sorted(code.texts, key=lambda file: (code.is_test(file), file)):
        if not file.endswith(".py") or (within is not None and file != within.file) or (code.is_test(file) and within is None):  # fmt: skip
            continue
        for use in uses.of_text(code.texts[file]):
            if (
                use.kind == "warn"
                and "Deprecat" in use.extra
                and (within is None or within.line <= use.line <= within.end)
            ):
                at = At(file, use)
                owner = code.around(file, use.line)
                yield Statement(f"`{code.owner(at)}` warns with `{use.extra}`.", (at.place, *([owner.place] if owner else [])))  # fmt: skip
        for one in code.in_file(file):
            if one.facts is not None and "deprecated" in one.facts.docstring.lower() and (within is None or one.path.startswith(within.path) or within.kind == "module"):  # fmt: skip
                lines = [n for n in range(one.line, one.end + 1) if "deprecated" in code.row(Place(file, n)).lower()]
                near = min(lines, key=lambda n: not any(name in "".join(code.row(Place(file, m)) for m in range(max(1, n - 3), n + 2)) for name in names), default=one.line)  # fmt: skip
                yield Statement(f"The docstring of `{one.path}` says: `{quoted(code, Place(file, near))}`", (Place(file, near), one.place), is_sure=False)  # fmt: skip


def linked(asked: Asked) -> Iterator[Statement]:
    """The way by calls from one thing to the other, either way round; else where the one names the other."""
    two = [meant for meant in asked.about if meant.things][:2]
    if len(two) < 2:
        return
    code = asked.code
    for first, second in (two, two[::-1]):
        way = _way(code, first.things[0], second.things[0])
        if way:
            for at, one in way:
                yield Statement(f"`{code.owner(at)}` calls `{at.use.name}`.", (at.place, one.place))
            return
    for first, second in (two, two[::-1]):
        one = first.things[0]
        inside = [At(one.file, use) for use in uses.of_text(code.texts[one.file]) if use.last == second.last and use.kind != "text" and use.name not in given(one) and one.line <= use.line <= one.end]  # fmt: skip
        for at in inside[:3]:
            yield Statement(f"`{one.path}` names `{second.last}`: `{quoted(code, at.place)}`", (at.place, second.things[0].place))  # fmt: skip
    if not any(_names_it(code, first.things[0], second) for first, second in (two, two[::-1])):
        first, second = two
        yield Statement(f"No way by calls that the texts say for certain leads from `{first.name}` to `{second.name}`, nor back.", (first.things[0].place, second.things[0].place))  # fmt: skip


def _names_it(code: Code, one: Thing, other: Meant) -> bool:
    return any(use.last == other.last and use.kind != "text" and use.name not in given(one) and one.line <= use.line <= one.end for use in uses.of_text(code.texts[one.file]))  # fmt: skip


def given(one: Thing) -> frozenset[str]:
    """The names of a function's parameters."""
    return frozenset(p.name for p in one.facts.parameters) if one.facts is not None else frozenset()


def _way(code: Code, start: Thing, end: Thing) -> list[tuple[At, Thing]]:
    """The shortest way by calls."""
    seen = {(start.file, start.path)}
    left: list[tuple[Thing, list[tuple[At, Thing]]]] = [(start, [])]
    while left:
        one, way = left.pop(0)
        if len(way) >= HOPS:
            return []
        for at in calls(code, one) if one.facts is not None else ():
            for other in (o for o in resolved(code, at) if how_sure(code, at, o) == "sure"):
                if (other.file, other.path) == (end.file, end.path) or (other.file, other.path) == (end.file, f"{end.path}.__init__"):  # fmt: skip
                    return [*way, (at, other)]
                if (other.file, other.path) not in seen and not code.is_test(other.file):
                    seen.add((other.file, other.path))
                    left.append((other, [*way, (at, other)]))
    return []
