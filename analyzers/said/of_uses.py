"""Whether what is claimed of uses is so: calls and their order, exceptions, imports, places, tests, variables of the environment, what is deprecated. None where nobody can tell."""

from __future__ import annotations

from analyzers import reach, uses
from analyzers.questions import of_uses
from analyzers.questions.code import At, Code, Place, Thing
from analyzers.questions.resolved import how_sure

from .claims import Claim
from .look import Look, So


def called_by(look: Look, claim: Claim) -> So | None:
    """Who calls it."""
    one = look.thing(claim.of)
    if one is None:
        return None
    places: list[Place] = []
    for mark in claim.others:
        token, other = look.token(mark), look.thing(mark)
        if token is not None and token.kind == "file":
            inside = [
                at for at in look.code.used(one.name, "call", "decorate", "read") if at.file in look.files(token.text)
            ]
        elif other is not None:
            inside = _calls_of(look.code, other, one)
        else:
            return None
        if not inside:
            return So(False, (), f"`{token.text if token else ''}` does not call it")
        places.append(inside[0].place)
    return So(True, tuple(places))


def _calls_of(code: Code, caller: Thing, one: Thing) -> list[At]:
    """Where a thing calls another, or decorates with it."""
    if caller.kind == "module":
        return [at for at in code.used(one.name, "call", "decorate", "read") if at.file == caller.file]
    first = caller.facts.line if caller.facts is not None else caller.line
    return [at for at in code.used(one.name, "call", "decorate", "read") if at.file == caller.file and first <= at.use.line <= caller.end and at.use.name not in of_uses.given(caller)]  # fmt: skip


def uncalled(look: Look, claim: Claim) -> So | None:
    """That nobody calls it."""
    one = look.thing(claim.of)
    if one is None:
        return None
    found = [at for at in look.code.used(one.name, "call", "decorate", "read") if not look.code.is_test(at.file) and how_sure(look.code, at, one) != "no"]  # fmt: skip
    return So(
        not found, (found[0].place if found else one.place,), f"{look.code.owner(found[0])} calls it" if found else ""
    )


def calls(look: Look, claim: Claim) -> So | None:
    """What it calls."""
    one = look.thing(claim.of)
    if one is None or one.facts is None:
        return None
    places: list[Place] = []
    for mark in claim.others:
        token = look.token(mark)
        if token is None or token.kind not in ("name", "call", "decorator"):
            return None
        name = token.text.partition("(")[0].rpartition(".")[2]
        found = [at for at in look.code.used(name, "call", "read", "decorate", "base") if at.file == one.file and one.facts.line <= at.use.line <= one.end]  # fmt: skip
        if not found:
            return So(False, (one.place,), f"`{one.path}` does not use `{name}`")
        places.append(found[0].place)
    return So(True, tuple(places))


def order(look: Look, claim: Claim) -> So | None:
    """Which of two calls comes first."""
    one = look.thing(claim.of)
    marks = [look.token(mark) for mark in claim.others]
    if one is None or one.facts is None or not marks or any(token is None for token in marks):
        return None
    names = [token.text.rpartition(".")[2] for token in marks if token is not None]
    inside = [use for use in uses.of_text(look.code.texts[one.file]) if one.line <= use.line <= one.end and use.kind in ("call", "read") and use.name not in of_uses.given(one)]  # fmt: skip
    lines = [next((use.line for use in inside if use.last == name), 0) for name in names]
    if not all(lines):
        return So(False, (one.place,), "it does not call both")
    if (
        claim.words == "before" and len(lines) == 2
    ):  # the marks are (object, other): "runs A before B" has B as its first
        return So(lines[1] < lines[0], tuple(Place(one.file, line) for line in lines))
    if claim.words == "after" and len(lines) == 2:
        return So(lines[1] > lines[0], tuple(Place(one.file, line) for line in lines))
    return None


def raises(look: Look, claim: Claim) -> So | None:
    """The exceptions that it raises."""
    one = look.thing(claim.of)
    if one is None or one.facts is None or one.kind == "class":
        return None
    told = {raised.name.rpartition(".")[2]: raised.line for raised in one.facts.raises}
    told |= {use.last: use.line for use in uses.of_text(look.code.texts[one.file]) if use.kind == "raise" and one.line <= use.line <= one.end}  # fmt: skip
    by = {name.rpartition(".")[2] for name, _ in one.facts.raises_by_callee}
    places = [one.place]
    for mark in claim.others:
        token = look.token(mark)
        name = token.text.rpartition(".")[2] if token is not None else ""
        if token is None or token.kind != "name":
            return None
        if name not in told and name not in by:
            return So(
                False, (one.place,), f"`{one.path}` raises {', '.join(f'`{n}`' for n in told) or 'nothing itself'}"
            )
        places.insert(0, Place(one.file, told.get(name, one.line)))
    return So(True, tuple(places))


def raises_nothing(look: Look, claim: Claim) -> So | None:
    """That it raises nothing: only ever denied."""
    one = look.thing(claim.of)
    if one is None or one.facts is None:
        return None
    found = [use for use in uses.of_text(look.code.texts[one.file]) if use.kind == "raise" and one.line <= use.line <= one.end]  # fmt: skip
    return So(False, (Place(one.file, found[0].line),), f"it raises `{found[0].name}`") if found else None


def catches(look: Look, claim: Claim) -> So | None:
    """The exceptions that it catches."""
    one = look.thing(claim.of)
    if one is None or one.facts is None:
        return None
    caught = {use.last: use.line for use in uses.of_text(look.code.texts[one.file]) if use.kind == "catch" and one.line <= use.line <= one.end}  # fmt: skip
    names = [token.text.rpartition(".")[2] for mark in claim.others if (token := look.token(mark)) is not None]
    lacking = [name for name in names if name not in caught]
    return So(not lacking, tuple(Place(one.file, caught[name]) for name in names if name in caught), f"it does not catch `{lacking[0]}`" if lacking else "")  # fmt: skip


def defined_at(look: Look, claim: Claim) -> So | None:
    """Where it is."""
    one, marks = look.thing(claim.of), [token for mark in claim.others if (token := look.token(mark)) is not None]
    if one is None or not marks:
        return None
    homes = look.things(look.parts.tokens[claim.of].text)
    for token in marks:
        if token.kind == "file":
            files = look.files(token.text)
            there = [each for each in homes if each.file in files]
            if not there:
                return So(False, (one.place,), f"it is in {one.file}")
            if token.line and not any(token.line in (each.line, each.facts.line if each.facts else each.line) for each in there):  # fmt: skip
                return So(False, (one.place,), f"it is on line {there[0].line}")
            one = there[0]
        elif token.kind == "value" and token.text.isdigit():
            if int(token.text) not in {line for each in homes for line in (each.line, each.facts.line if each.facts else each.line)}:  # fmt: skip
                return So(False, (one.place,), f"it is on line {one.line}")
        elif token.kind == "name":
            is_in = any(each.owner == token.text or each.owner.endswith(f".{token.text}") or reach_module(each, token.text) for each in homes)  # fmt: skip
            if not is_in:
                return So(False, (one.place,), f"it is in {one.file}")
        else:
            return None
    return So(True, (one.place,))


def reach_module(one: Thing, name: str) -> bool:
    """Whether a thing stands at the top of a module of this dotted name."""
    return not one.owner and any(
        module == name or module.endswith(f".{name}") for module in reach.module_names(one.file)
    )


def imported(look: Look, claim: Claim) -> So | None:
    """Where it is imported, and from where it can be."""
    one, other = look.token(claim.of), look.token(claim.others[0]) if claim.others else None
    if one is None or other is None:
        return None
    last = one.text.rpartition(".")[2]
    if claim.words == "from":
        thing = look.thing(claim.of)
        if other.kind != "name" or thing is None:
            return None
        is_own = reach_module(thing, other.text)
        packages = [each for each in look.things(other.text) if each.kind == "module"]
        is_offered = any(last in look.code.imported(each.file) for each in packages)
        return So(is_own or is_offered, (thing.place,), f"it is in {thing.file}")
    files = look.files(other.text) if other.kind == "file" else [each.file for each in look.things(other.text) if each.kind == "module"]  # fmt: skip
    found = [at for at in look.code.used(last, "import") if at.file in files]
    return So(bool(found), (found[0].place,) if found else (), f"`{other.text}` does not import it")


def tested(look: Look, claim: Claim) -> So | None:
    """The tests that name it."""
    one = look.thing(claim.of)
    tests = [(token, look.thing(mark)) for mark in claim.others if (token := look.token(mark)) is not None and token.kind == "name"]  # fmt: skip
    files = {file for mark in claim.others if (token := look.token(mark)) is not None and token.kind == "file" for file in look.files(token.text)}  # fmt: skip
    if one is None or not tests:
        return None
    for token, test in tests:
        if test is None or (files and test.file not in files):
            return So(False, (), f"no test is called `{token.text}` there")
        first = test.facts.line if test.facts is not None else test.line
        named = [at for at in look.code.used(one.name, "call", "read", "decorate", "raise", "catch") if at.file == test.file and first <= at.use.line <= test.end]  # fmt: skip
        if not named:
            return So(False, (test.place,), f"`{test.path}` does not name it")
    return So(True, tuple(test.place for _, test in tests if test is not None))


def untested(look: Look, claim: Claim) -> So | None:
    """That no test names it: only ever denied."""
    one = look.thing(claim.of)
    if one is None:
        return None
    found = [at for at in look.code.used(one.name, "call", "read") if look.code.is_test(at.file)]
    return So(False, (found[0].place,), "a test names it") if found else None


def deprecated(look: Look, claim: Claim) -> So | None:
    """Whether it warns, and with what."""
    one = look.thing(claim.of)
    if one is None:
        return None
    said = look.token(claim.others[0]) if claim.others else None
    warns = [use for use in uses.of_text(look.code.texts[one.file]) if use.kind == "warn" and one.line <= use.line <= one.end]  # fmt: skip
    if said is not None:
        found = [use for use in warns if use.extra.rpartition(".")[2] == said.text.rpartition(".")[2]]
        return So(bool(found), (Place(one.file, found[0].line) if found else one.place,), "it does not warn so")
    is_so = any("Deprecat" in use.extra for use in warns) or (one.facts is not None and "deprecated" in one.facts.docstring.lower())  # fmt: skip
    return So(is_so, (one.place,), "nothing in it says so")


def reads(look: Look, claim: Claim) -> So | None:
    """The variables of the environment that it reads."""
    one = look.thing(claim.of)
    if one is None or one.facts is None:
        return None
    read_ = {use.name: use.line for use in uses.of_text(look.code.texts[one.file]) if use.kind == "environment" and one.line <= use.line <= one.end}  # fmt: skip
    names = [token.text for mark in claim.others if (token := look.token(mark)) is not None]
    if not all(name.isupper() for name in names):
        return None
    lacking = [name for name in names if name not in read_]
    return So(not lacking, tuple(Place(one.file, read_[name]) for name in names if name in read_), f"it reads {', '.join(read_) or 'none'}")  # fmt: skip
