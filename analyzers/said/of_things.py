"""Whether what is claimed of a thing itself is so: its defaults, parameters, bases, kind, decorators, values, and what it gives. None where nobody can tell."""

from __future__ import annotations

import ast
import re

from analyzers import syntax
from analyzers.questions import of_things
from analyzers.questions.code import Thing

from .claims import Claim, Token
from .look import Look, So

NUMBERS = {word: number for number, word in enumerate("no one two three four five six seven eight nine ten".split())}
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_TYPES = {
    "string": "str", "str": "str", "list": "list", "tuple": "tuple", "dict": "dict", "dictionary": "dict", "set": "set", "bool": "bool", "boolean": "bool", "int": "int", "integer": "int", "float": "float", "bytes": "bytes",
    "nothing": "None", "none": "None", "generator": "generator", "iterator": "generator",
}  # fmt: skip


def _same(told: str, token: Token) -> bool:
    """Whether a default or value as it is written is what a mark says: literals by their values, names by their last parts."""
    text = (token.text.partition("=")[2] if token.kind == "pair" else token.text).strip()
    one, other = _value(told), _value(text)
    if one is not None or other is not None:
        return one == other
    if re.sub(r"\s", "", told) == re.sub(r"\s", "", text):
        return True
    return _DOTTED.fullmatch(told) is not None and _DOTTED.fullmatch(text) is not None and told.rpartition(".")[2] == text.rpartition(".")[2]  # fmt: skip


def _value(text: str) -> tuple[str, object] | None:
    """A literal with its type; None for what is none."""
    tree = syntax.expression(text)
    try:
        found = ast.literal_eval(tree) if tree is not None else ...
    except (ValueError, TypeError, RecursionError):
        return None
    return None if found is ... else (type(found).__name__, repr(found))


def default(look: Look, one: Thing | None, name: str, said: Token) -> So | None:
    """Whether a parameter or an attribute has a value by default."""
    for each in [one] if one is not None else look.about:
        for p in each.facts.parameters if each.facts is not None else ():
            if p.name == name:
                return So(
                    bool(p.default) and _same(p.default, said), (each.place,), f"its default is {p.default or 'none'}"
                )
    if one is not None:
        inside = next((each for each in look.code.in_file(one.file) if each.path == f"{one.path}.{name}"), None)
        if inside is not None and inside.value:
            return So(_same(inside.value, said), (inside.place,), f"it is {inside.value}")
        return So(False, (one.place,), f"`{one.path}` takes no `{name}`") if one.facts is not None else None
    return None


def defaults(look: Look, claim: Claim) -> So | None:
    """A default of a parameter."""
    marks = [token for mark in claim.others if (token := look.token(mark)) is not None]
    subject = look.token(claim.of)
    if subject is None or not marks:
        return None
    if claim.what == "defaults_to":
        owner = look.thing(claim.of) if "." in subject.text else None
        if owner is not None and owner.kind in ("attribute", "constant"):
            return So(_same(owner.value, marks[-1]), (owner.place,), f"it is {owner.value}")
        return default(look, None, subject.text.rpartition(".")[2], marks[-1])
    one = look.thing(claim.of)
    if one is None:
        return None
    if claim.what == "default_has" and marks[-1].kind == "pair":
        return default(look, one, marks[-1].text.partition("=")[0].strip(), marks[-1])
    return default(look, one, marks[0].text, marks[-1]) if len(marks) > 1 else None


def default_uses(look: Look, claim: Claim) -> So | None:
    """What is used for a parameter that is not given."""
    one, said = look.thing(claim.of), look.token(claim.others[0]) if claim.others else None
    if one is None or one.facts is None or said is None:
        return None
    named = [p for p in one.facts.parameters if p.name in claim.words.split()]
    return So(_same(named[0].default, said), (one.place,), f"its default is {named[0].default}") if named else None


def takes(look: Look, claim: Claim) -> So | None:
    """Which parameters, or how many."""
    one = look.thing(claim.of)
    if one is None or one.facts is None:
        return None
    names = {p.name for p in one.facts.parameters}
    has_keywords = any(p.kind in ("**", "keyword", "") for p in one.facts.parameters)
    if claim.what == "takes_none":
        return So(not names if "keyword" not in claim.words else not has_keywords, (one.place,), f"it takes {', '.join(sorted(names))}")  # fmt: skip
    if claim.what == "takes_no_keywords":
        return So(not has_keywords if "keyword" in claim.words else not names, (one.place,), f"it takes {', '.join(sorted(names))}")  # fmt: skip
    tokens = [token for mark in claim.others if (token := look.token(mark)) is not None]
    if claim.what == "takes" and any(token.kind != "name" for token in tokens):
        return None
    if claim.what == "takes" and one.kind == "class" and not names.issuperset(token.text for token in tokens):
        return methods(look, claim)
    lacking = [token.text for token in tokens if token.kind == "name" and token.text.strip("*") not in names]
    if lacking:
        return So(False, (one.place,), f"it takes {', '.join(sorted(names)) or 'nothing'}")
    if claim.what == "takes_count":
        number = NUMBERS.get(claim.words, -1)
        if number < 0:
            return None
        return So(number == len(one.facts.parameters), (one.place,), f"it takes {len(one.facts.parameters)}")
    return So(True, (one.place,))


def inherits(look: Look, claim: Claim) -> So | None:
    """The classes that a class comes from."""
    one = look.thing(claim.of)
    if one is None or one.kind != "class" or one.facts is None:
        return None
    direct = {base.partition("[")[0].rpartition(".")[2] for base in one.facts.bases}
    above = direct | {base.name for base in look.code.bases(one)} | {b.partition("[")[0].rpartition(".")[2] for base in look.code.bases(one) if base.facts for b in base.facts.bases}  # fmt: skip
    names = {token.text.rpartition(".")[2] for mark in claim.others if (token := look.token(mark)) is not None}
    wanted = direct if claim.words == "directly" else above
    is_so = names <= wanted
    return So(is_so if claim.what != "inherits_no" else not names & above, (one.place,), f"it inherits from {', '.join(sorted(direct)) or 'object'}")  # fmt: skip


def is_kind(look: Look, claim: Claim) -> So | None:
    """What kind of thing it is."""
    one = look.thing(claim.of)
    if one is None:
        return None
    word = claim.words.replace("asynchronous", "async")
    if one.kind == "class" or one.facts is None:
        kinds = {"class": one.kind == "class", "module": one.kind == "module", "constant": one.kind == "constant", "function": False, "method": False}  # fmt: skip
        return So(kinds[word], (one.place,)) if word in kinds else None
    rows = look.code.texts[one.file].split("\n")[one.facts.line - 1 : one.line]
    marks = {row.strip().removeprefix("@").partition("(")[0].rpartition(".")[2] for row in rows if row.strip().startswith("@")}  # fmt: skip
    facts = one.facts
    is_generator = facts.yields
    answers = {
        "static method": "staticmethod" in marks, "staticmethod": "staticmethod" in marks, "class method": "classmethod" in marks, "classmethod": "classmethod" in marks,
        "property": one.kind == "property", "cached property": "cached_property" in marks, "generator": is_generator, "generator function": is_generator, "async generator": is_generator and facts.is_async,
        "coroutine": facts.is_async and not is_generator, "coroutine function": facts.is_async and not is_generator, "async function": facts.is_async, "async method": facts.is_async, "async generator function": is_generator and facts.is_async,
        "context manager": bool({"contextmanager", "asynccontextmanager"} & marks), "function": one.kind == "function", "method": one.kind in ("method", "property"), "class": False, "module": False, "abstract method": "abstractmethod" in marks,
    }  # fmt: skip
    return So(answers[word], (one.place,), f"it is a {one.kind}") if word in answers else None


def decorated(look: Look, claim: Claim) -> So | None:
    """Its decorators."""
    one = look.thing(claim.of)
    if one is None or one.facts is None:
        return None
    rows = [
        row.strip().removeprefix("@") for row in look.code.texts[one.file].split("\n")[one.facts.line - 1 : one.line]
    ]
    for mark in claim.others:
        token = look.token(mark)
        said = re.sub(r"\s", "", token.text).removesuffix("()") if token is not None else ""
        if not any(re.sub(r"\s", "", row).removesuffix("()") == said or ("(" not in said and row.partition("(")[0].rpartition(".")[2] == said.rpartition(".")[2]) for row in rows):  # fmt: skip
            return So(False, (one.place,), "its decorators are others")
    return So(True, (one.place,))


def set_to(look: Look, claim: Claim) -> So | None:
    """What an attribute or a constant is set to."""
    marks = [token for mark in claim.others if (token := look.token(mark)) is not None]
    one = look.thing(claim.of)
    if one is None or not marks:
        return None
    if len(marks) > 1 and claim.what in ("has_of", "sets"):
        inside = next(
            (each for each in look.code.in_file(one.file) if each.path == f"{one.path}.{marks[0].text}"), None
        )
        return So(_same(inside.value, marks[1]), (inside.place,), f"it is {inside.value}") if inside is not None and inside.value else None  # fmt: skip
    if claim.what == "sets":
        found = [at for at in look.code.used(marks[0].text.rpartition(".")[2], "assign") if at.file == one.file and one.line <= at.use.line <= one.end]  # fmt: skip
        return So(bool(found), (found[0].place,) if found else (one.place,), "it does not set that")
    again = [at for at in look.code.used(one.name, "assign") if at.file == one.file]
    if one.kind not in ("constant", "attribute") or not one.value or len(again) > 1:
        return None
    return So(_same(one.value, marks[-1]), (one.place,), f"it is {one.value}")


def returns(look: Look, claim: Claim) -> So | None:
    """What a function gives."""
    one = look.thing(claim.of)
    if one is None or one.facts is None or one.kind == "class":
        return None
    said = look.token(claim.others[-1]) if claim.others else None
    lines = [place for told in of_things.returns(look.asked(one)) for place in told.places[:1]]
    rows = [look.code.row(place) for place in lines]
    known = {each.type for each in one.facts.returns}
    if claim.what == "returns":
        if said is None:
            return None
        texts = {each.text for each in one.facts.returns}
        if said.text in texts or any(row == f"return {said.text}" for row in rows) or said.text == one.facts.annotation:
            return So(True, tuple(lines[:1]) or (one.place,))
        if known and "" not in known and said.kind == "value":
            return So(False, (one.place,), f"it returns {', '.join(sorted(known))}")
        return So(False, (one.place,), f"it says `{one.facts.annotation}`") if one.facts.annotation and said.kind == "name" and said.text not in one.facts.annotation and said.text[:1].isupper() else None  # fmt: skip
    word = claim.words.split()[-1] if claim.words else ""
    wanted = _TYPES.get(word, word)
    if said is not None:
        return None
    if wanted == "generator":
        return So(one.facts.yields, (one.place,))
    if "" in known or not known:
        head = one.facts.annotation.partition("[")[0].rpartition(".")[2].lower()
        return (
            So(head == wanted, (one.place,), f"it says `{one.facts.annotation}`") if head in _TYPES.values() else None
        )
    return So(known == {wanted}, (one.place,), f"it returns {', '.join(sorted(known))}")


def methods(look: Look, claim: Claim) -> So | None:
    """What a class has."""
    one = look.thing(claim.of)
    if one is None or one.kind != "class":
        return None
    own = {each.name for cls in (one, *look.code.bases(one)) for each in look.code.in_file(cls.file) if each.owner == cls.path}  # fmt: skip
    lacking = [token.text for mark in claim.others if (token := look.token(mark)) is not None and token.kind == "name" and token.text.rpartition(".")[2] not in own]  # fmt: skip
    return So(not lacking, (one.place,), f"it has no `{lacking[0]}`" if lacking else "")


def overrides(look: Look, claim: Claim) -> So | None:
    """A method that a base has, too."""
    one, other = look.thing(claim.of), look.token(claim.others[0]) if claim.others else None
    if one is None or one.kind != "class" or other is None:
        return None
    last = other.text.rpartition(".")[2]
    own = any(each.owner == one.path and each.name == last for each in look.code.in_file(one.file))
    above = any(each.owner == base.path and each.name == last for base in look.code.bases(one) for each in look.code.in_file(base.file))  # fmt: skip
    return So(own and above, (one.place,), "it does not")
