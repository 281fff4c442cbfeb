"""The wish that a sentence or a comment states. Pure."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from .. import documented, homes, prose, sessions, syntax, words
from ..documented import Example
from .heads import of_node
from .wish import SAID, Form, Wanted, Wish, by_examples, read, with_doctests

NAME_WORDS = 4  # of a name that is made

_SIGNATURE = re.compile(
    r"(?<![\w.])`?(?:def\s+)?(?<![\w.])(?P<head>[a-z_]\w*\((?:[^()]|\([^()]*\))*\)(?:\s*->\s*[\w\[\], .|]+)?)`?\s*:?(?!\s*(?:==|!=|is\b))"
)
_LEAD = re.compile(
    r"^(?:#+\s*|todo:?\s*|please\s+|(?:(?:write|create|make|add|implement|define|generate|give|i (?:want|need))\s+(?:me\s+)?)?(?:an?\s+|the\s+)?(?:(?:python|async|small|simple|helper|new|short)\s+)*(?:function|method|helper|routine)\b\s*(?:(?:that|which|to|who)\s+(?:can\s+|will\s+|should\s+)?|for\s+)?)+",
    re.IGNORECASE,
)
_NAMED = re.compile(r"\b(?:called|named|name it|call it)\s+`?(?P<name>[a-z_]\w*)`?", re.IGNORECASE)
_GIVEN = re.compile(r"\b(?:in|of|from|to|by|for|with|on|given|between|whether|if|takes?)\s+(?:(?:an?|the|some|two|three|all|each|every|given|given an?|list of|sequence of)\s+)*(?P<what>[a-z_]+)(?:\s+(?:and|,)\s+(?:an?\s+|the\s+)?(?P<other>[a-z_]+))?", re.IGNORECASE)  # fmt: skip
_INTO = re.compile(
    r"\b(?:into|to|as|returns?|giv(?:e|es|ing)|yields?)\s+(?:an?\s+|the\s+)?(?P<what>[a-z]+)", re.IGNORECASE
)
_HINTS = {
    "str": "text string word sentence name path line paragraph header url email filename message character char letter key title token phrase substring code".split(),
    "list[str]": "words lines strings names texts paths letters tokens keys titles characters".split(),
    "list[int]": "numbers integers ints digits".split(),
    "list": "list items elements values array sequence rows entries records objects results".split(),
    "int": "number integer int count n index size length year month day age digit limit".split(),
    "float": "float amount price average mean rate ratio percentage temperature radius".split(),
    "dict": "dict dictionary mapping json record config settings".split(),
    "bool": "bool boolean flag".split(),
    "set": "set".split(),
    "tuple": "tuple pair".split(),
    "bytes": "bytes".split(),
}
_TYPE_OF = {word: hint for hint, of in _HINTS.items() for word in of}
_PREDICATES = frozenset("is are has have check whether can contains exists validate".split())
_CALLED = re.compile(r"(?<![\w.])([a-z_]\w*)\(")
_SMALL = frozenset("a an the of in from to into by for with on and or that which as at it its is are be all each every given some if whether".split())  # fmt: skip


def of_sentence(sentence: str) -> Wish:
    """The wish that a sentence or a comment states. Where it has a signature that is taken; else a name is made of its verb and what that is done to, and its parameters are what it speaks of as given."""
    text = " ".join(sentence[:SAID].strip().strip("#").split())
    if (told := _SIGNATURE.search(text)) is not None and (head := _parsed(told["head"])) is not None:
        doc = _LEAD.sub("", (text[: told.start()] + text[told.end() :]).strip(" :,-–—.")).strip(" :,-–—.")
        return with_doctests(read(replace(head, doc=_sentence(doc or words.spoken(words.of_name(head.name))))))
    named = _NAMED.search(text)
    plain = _LEAD.sub("", _NAMED.sub("", text)).strip(" :,-")
    first = re.split(r"[,.;:]|\b(?:then|and then|but|so that|e\.g)\b", plain)[0]
    assumed = []
    order = prose.steps(plain)
    spoken = prose.lead(text) if order else text  # those in steps are of the steps
    called, shown = _shown(spoken)
    is_own_name = bool(called) and len(called) > 2 and called not in _NOBODY
    name = named["name"] if named else called if is_own_name else _name_of(order) if order else _name(first)
    if not named:
        assumed.append(f"it is called {name}{', as in its example' * is_own_name}")
    parameters, returns = _parameters(order[0] if order else first), _returns(order[-1] if order else plain)
    parameters = _as_many(parameters, shown, order[0] if order else first)
    told_parameters = ", ".join(one.source for one in parameters) or "nothing"
    assumed.append(f"it takes {told_parameters}{f' and gives {returns}' if returns else ''}")
    wish = read(Wish(name, parameters, returns, _sentence(plain), assumed=tuple(assumed)))
    if not wish.examples:  # by whatever name: "f(2) is 4" speaks of what is wanted
        own = re.compile(rf"^{re.escape(called)}\(")
        wish = replace(wish, examples=tuple(replace(one, call=own.sub(f"{name}(", one.call)) for one in shown))
    elif order:
        wish = replace(wish, examples=tuple(one for one in wish.examples if one in shown))
    return with_doctests(replace(by_examples(wish), doc=_without_examples(wish.doc, shown)))


_NOBODY = frozenset("foo bar baz func function fun fn".split())  # names that stand for any


def _shown(text: str) -> tuple[str, tuple[Example, ...]]:
    """The function that a text shows examples of, and them; "" where it shows none."""
    for match in _CALLED.finditer(text):
        if found := documented.shown(text, match[1]):
            return match[1], found
    return "", ()


def _as_many(parameters: tuple[Wanted, ...], shown: Sequence[Example], said: str) -> tuple[Wanted, ...]:
    """As many parameters as the examples give: by the things that are spoken of, where there are as many of them, else what nobody speaks of by the types of what is given."""
    rows = [row for one in shown if (row := documented.arguments(one.call)) is not None]
    if not rows or len({len(row) for row in rows}) > 1:
        return parameters
    (count,) = {len(row) for row in rows}
    if count == len(parameters):
        return parameters
    things = [word.lower() for word in re.findall(r"[A-Za-z]+", said)[1:] if word.lower() not in _SMALL and word != "between"]  # fmt: skip
    made = (
        [Wanted(_parameter_name(word), _TYPE_OF.get(word, "")) for word in things]
        if len(set(things)) == count
        else list(parameters[:count])
    )
    for at in range(len(made), count):
        kinds = {type(row[at]).__name__ for row in rows}
        kind = kinds.pop() if len(kinds) == 1 else ""
        name = {"str": "text", "int": "number", "float": "number", "bool": "flag", "list": "values", "dict": "mapping", "tuple": "values", "set": "values"}.get(kind, "value")  # fmt: skip
        made.append(Wanted(homes.free(name, [one.name for one in made]), kind if kind in _HINTS else ""))
    return tuple(made)


def _name_of(order: Sequence[str]) -> str:
    """A name of the first and the last of several steps."""
    first, last = (_name(order[at]).partition("_")[0] for at in (0, -1))
    return f"{first}_and_{last}" if first != last else _name(order[0])


_SAYS = re.compile(r"[\s,;(]*\b(?:e\.g\.|for example|for instance|as in|such as|examples?:)\s*(?P<rest>.*)$", re.IGNORECASE | re.DOTALL)  # fmt: skip


def _without_examples(doc: str, shown: Sequence[Example]) -> str:
    """A description without the examples at its end, that stand as doctests or tests then; as it is where more is said there."""
    match = _SAYS.search(doc)
    if match is None or not shown:
        return doc
    rest = match["rest"]
    for one in sorted(shown, key=lambda one: -len(one.call)):
        rest = rest.replace(one.call, " ").replace(one.gives or one.raised, " ")
    left = re.sub(r"\b(?:and|or|is|gives?|returns?|raises?|that|it)\b|[\s,;.()=>`:-]", "", rest)
    return _sentence(doc[: match.start()]) if not left and doc[: match.start()].strip() else doc


def of_member(sentence: str, owner: str, fields: Collection[str]) -> Wish:
    """The same for a method of the class `owner`, whose instances have these fields: what they have need not be given."""
    said = of_sentence(sentence)
    if said.parameters[:1] and said.parameters[0].name in ("self", "cls"):
        parameters = said.parameters
    else:
        rest = [one for one in said.parameters if one.name not in fields and f"_{one.name}" not in fields and f"{one.name}s" not in fields]  # fmt: skip
        parameters = (Wanted("self"), *rest)
    last = owner.rpartition(".")[2]
    called = re.search(rf"(?<![\w.]){re.escape(last)}\([^\n]*?\)\.([a-z_]\w*)\(", sentence)
    if called is not None and said.assumed and not _NAMED.search(sentence):
        own = f"it is called {said.name}"
        said = replace(said, name=called[1], assumed=tuple(f"it is called {called[1]}, as in its example" if one == own else one for one in said.assumed))  # fmt: skip
    shown = (*sessions.of_doctest(said.doc, said.name), *sessions.of_prose(" ".join(sentence.split()), last, said.name))
    form: Form = "class method" if parameters[0].name == "cls" else "method"
    gives = f" and gives {said.returns}" if said.returns else ""
    told = ", ".join(one.source for one in parameters[1:]) or "nothing but the instance"
    assumed = [one for one in said.assumed if not one.startswith("it takes ")]
    assumed += [f"it takes {told}{gives}"] if said.assumed else []
    return replace(
        said,
        parameters=parameters,
        owner=owner,
        form=form,
        examples=shown,
        steps=(),
        assumed=tuple(assumed),
        doc=_without_examples(said.doc, shown),
    )


def _parsed(head: str) -> Wish | None:
    gives = "" if "->" not in head else head.partition("->")[2].strip().rstrip(".:, ")
    signature = head.partition("->")[0].strip()
    tree = syntax.module(f"def {signature}{f' -> {gives}' if gives else ''}: ...\n")
    if tree is None or not isinstance(tree.body[0], ast.FunctionDef):
        return None
    wish = of_node(tree.body[0])
    is_call = any(not re.fullmatch(r"[a-z_]\w*", one.name) for one in wish.parameters)
    return None if is_call or keyword.iskeyword(wish.name) else wish


def _name(first: str) -> str:
    """A name of the verb and what it is done to."""
    found = [word.lower() for word in re.findall(r"[A-Za-z]+", first)]
    if not found:
        return "new_function"
    verb = _infinitive(found[0])
    rest: list[str] = []
    for word in found[1:]:
        if (
            word
            in ("in", "of", "from", "to", "into", "by", "for", "with", "that", "which", "as", "and", "where", "between")
            and rest
        ):
            break
        if word not in _SMALL:
            rest.append(word)
    name = "_".join([verb, *rest][:NAME_WORDS])
    return f"{name}_" if keyword.iskeyword(name) else name


def _infinitive(word: str) -> str:
    """A verb as it is in names: "parses" and "parsing" are "parse"."""
    for made in (
        word,
        word.removesuffix("s"),
        word.removesuffix("es"),
        word.removesuffix("ing"),
        f"{word.removesuffix('ing')}e",
    ):
        if made in words.VERBS:
            return made
    return word


def _parameters(first: str) -> tuple[Wanted, ...]:
    found: dict[str, Wanted] = {}
    for match in _GIVEN.finditer(first):
        for word in (match["what"], match["other"]):
            if word and word.lower() not in _SMALL and (word.lower() in _TYPE_OF or not found):
                name = _parameter_name(word.lower())
                found.setdefault(name, Wanted(name, _TYPE_OF.get(word.lower(), "")))
    if not found:
        nouns = [word.lower() for word in re.findall(r"[A-Za-z]+", first)[1:]]
        noun = next((word for word in nouns if word in _TYPE_OF), nouns[-1] if nouns else "")
        if noun and noun not in _SMALL:
            found[_parameter_name(noun)] = Wanted(_parameter_name(noun), _TYPE_OF.get(noun, ""))
    return tuple(found.values())


def _parameter_name(word: str) -> str:
    taken = {"list": "items", "dict": "mapping", "dictionary": "mapping", "str": "text", "string": "text", "strings": "texts", "int": "number", "integer": "number", "integers": "numbers", "set": "values", "tuple": "values",
             "array": "values", "float": "number", "bytes": "data", "bool": "flag", "boolean": "flag"}  # fmt: skip
    made = taken.get(word, word)
    return f"{made}_" if keyword.iskeyword(made) else made


def _returns(plain: str) -> str:
    verb = plain.split(" ", maxsplit=1)[0].lower()
    if _infinitive(verb) in ("check", "validate", "test") or verb in _PREDICATES or re.search(r"\bwhether\b", plain):
        return "bool"
    if _infinitive(verb) == "count" or re.match(r"(?:the )?(?:number|count) of\b", plain, re.IGNORECASE):
        return "int"
    for match in _INTO.finditer(plain):
        if (hint := _TYPE_OF.get(match["what"].lower())) is not None:
            return hint
    return ""


def _sentence(text: str) -> str:
    text = text.strip().rstrip(".")
    is_code = re.match(r"\w*[_(`]", text) is not None
    return f"{text if is_code else text[:1].upper() + text[1:]}." if text else ""
