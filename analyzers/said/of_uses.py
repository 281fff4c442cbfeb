"""Whether what is claimed of uses is so: calls and their order, exceptions, imports, places, tests, variables of the environment, what is deprecated. None where nobody can tell."""

from __future__ import annotations

import re

from analyzers import reach, uses
from analyzers.questions import of_uses
from analyzers.questions.code import At, Code, Place, Thing
from analyzers.questions.resolved import how_sure

from .claims import Claim
from .look import Look, So


def called_by(look: Look, claim: Claim) -> So | None:
    """Who calls it: denied where the caller does not even name it, borne out where the call means it for certain."""
    one = look.thing(claim.of)
    if one is None:
        return None
    places: list[Place] = []
    for mark in claim.others:
        token, other = look.token(mark), look.thing(mark)
        if token is not None and token.kind == "file":
            files = look.files(token.text)
            inside = [at for at in look.code.used(one.name, "call", "decorate", "read") if at.file in files]
            is_named = any(re.search(rf"\b{re.escape(one.name)}\b", look.code.texts[file]) for file in files)
        elif other is not None:
            inside = _calls_of(look.code, other, one)
            is_named = _names(look.code, other, one.name)
        else:
            return None
        sure = [at for at in inside if how_sure(look.code, at, one) == "sure"]
        if not sure:
            return None if inside or is_named else So(False, (), f"`{token.text if token else ''}` does not name it")
        places.append(sure[0].place)
    return So(True, tuple(places))


def _calls_of(code: Code, caller: Thing, one: Thing) -> list[At]:
    """Where a thing calls what may be another, or decorates with it."""
    first = caller.facts.line if caller.facts is not None else caller.line
    is_whole = caller.kind == "module"
    return [at for at in code.used(one.name, "call", "decorate", "read") if at.file == caller.file and (is_whole or first <= at.use.line <= caller.end)]  # fmt: skip


def _names(code: Code, one: Thing, name: str) -> bool:
    """Whether a thing's text has a name, or calls something by a name that an import gives it."""
    first = one.facts.line if one.facts is not None else one.line
    text = "\n".join(code.texts[one.file].split("\n")[first - 1 : one.end])
    bound = {name, *(alias for file, alias in code.renamed.get(name, ()) if file == one.file)}
    return any(re.search(rf"\b{re.escape(each)}\b", text) for each in bound)


def uncalled(look: Look, claim: Claim) -> So | None:
    """That nobody calls it: only ever denied, for nobody sees every call."""
    one = look.thing(claim.of)
    found = [at for at in look.code.used(one.name, "call", "decorate", "read") if how_sure(look.code, at, one) == "sure"] if one is not None else []  # fmt: skip
    return So(False, (found[0].place,), f"{look.code.owner(found[0])} calls it") if found else None


def calls(look: Look, claim: Claim) -> So | None:
    """What it calls: denied where it does not even name it; of the project's own only where the call means it for certain."""
    one = look.thing(claim.of)
    if one is None or one.facts is None:
        return None
    places: list[Place] = []
    for mark in claim.others:
        token, other = look.token(mark), look.thing(mark)
        if token is None or token.kind != "name":
            return None
        name = token.text.rpartition(".")[2]
        kinds = ("call", "decorate", "base") if other is None or other.kind != "module" else ("read",)
        found = [at for at in look.code.used(name, *kinds) if at.file == one.file and one.facts.line <= at.use.line <= one.end]  # fmt: skip
        if other is not None and other.kind != "module":
            found = [at for at in found if how_sure(look.code, at, other) == "sure"]
        elif "." in token.text:
            found = [at for at in found if at.use.name == token.text]
        if not found:
            is_aliased = any(whole.rpartition(".")[2] == name for whole in look.code.imported(one.file).values())
            is_open = _names(look.code, one, name) or is_aliased or claim.is_denied
            return None if is_open else So(False, (one.place,), f"`{one.path}` does not name `{name}`")
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
    """The exceptions that it raises itself; of others nobody can tell where it calls anything."""
    one = look.thing(claim.of)
    if one is None or one.facts is None or one.kind == "class":
        return None
    told = {use.last: use.line for use in uses.of_text(look.code.texts[one.file]) if use.kind == "raise" and use.name and use.owner == one.path and one.line <= use.line <= one.end}  # fmt: skip
    by = {name.rpartition(".")[2] for name, _ in one.facts.raises_by_callee}
    places = [one.place]
    for mark in claim.others:
        token = look.token(mark)
        if token is None or token.kind != "name":
            return None
        name = token.text.rpartition(".")[2]
        if name not in told and name not in by:
            if one.facts.callees or claim.is_denied or not told:
                others = f"`{one.path}` itself raises {', '.join(f'`{n}`' for n in told)}" if told else ""
                return So(False, (one.place,), others) if told and not claim.is_denied and _is_own(look, name) else None
            return So(False, (one.place,), f"`{one.path}` raises {', '.join(f'`{n}`' for n in told)}")
        places.insert(0, Place(one.file, told.get(name, one.line)))
    return So(True, tuple(places))


def _is_own(look: Look, name: str) -> bool:
    """Whether nothing in the project raises an exception of this name."""
    return not any(look.code.used(name, "raise"))


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
    if lacking and (claim.is_denied or caught):
        return None  # what it catches may be a base of it
    return So(not lacking, tuple(Place(one.file, caught[name]) for name in names if name in caught), f"it does not catch `{lacking[0]}`" if lacking else "")  # fmt: skip


def defined_at(look: Look, claim: Claim) -> So | None:
    """Where it is: one thing of its name has to be in all that is said."""
    one, marks = look.thing(claim.of), [token for mark in claim.others if (token := look.token(mark)) is not None]
    if one is None or not marks:
        return None
    homes = look.things(look.parts.tokens[claim.of].text)
    for token in marks:
        if token.kind == "file":
            files = look.files(token.text)
            homes = [each for each in homes if each.file in files and (not token.line or token.line in _lines(each))]
        elif token.kind == "value" and token.text.isdecimal():
            homes = [each for each in homes if int(token.text[:9]) in _lines(each)]
        elif token.kind == "name":
            homes = [each for each in homes if each.owner == token.text or each.owner.endswith(f".{token.text}") or reach_module(each, token.text)]  # fmt: skip
        else:
            return None
        if not homes:
            return So(False, (one.place,), f"it is at {one.place}")
    return So(True, (homes[0].place,))


def _lines(one: Thing) -> tuple[int, int]:
    """The line that names a thing, and the one with its first decorator."""
    return one.line, one.facts.line if one.facts is not None else one.line


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
        if not any(how_sure(look.code, at, one) == "sure" for at in named):
            return None if named or _names(look.code, test, one.name) else So(False, (test.place,), f"`{test.path}` does not name it")  # fmt: skip
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
    if any("Deprecat" in use.extra for use in warns) or (one.facts is not None and re.search(r"(?mi)^\s*(?:\.\. deprecated::|deprecated\b)", one.facts.docstring)):  # fmt: skip
        return So(True, (one.place,))
    is_named = "deprecat" in "\n".join(look.code.texts[one.file].split("\n")[one.line - 1 : one.end]).lower()
    return None if is_named or claim.is_denied else So(False, (one.place,), "nothing in it says so")


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
