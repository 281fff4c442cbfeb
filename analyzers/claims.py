"""Does a sentence about a function say what its facts deny? For sentences of a model: what is not sure is denied, too.

Looked at are names (each must stand in the function), exceptions, what is returned, and what is changed or done outside; other words are taken as they are.
"""

from __future__ import annotations

import re

from .facts import Facts

_CODE = re.compile(
    r"`([^`]*)`|\b([A-Za-z_]\w*(?:\.\w+)+)\b|\b(\w*_\w+|[a-z]+[A-Z]\w*|[A-Z][a-z0-9]+(?:[A-Z]\w*)+)\b|\b(\w+)\("
)
_NAME = re.compile(r"[^\W\d]\w*")
_EXCEPTION = re.compile(r"\b[A-Z]\w*(?:Error|Exception|Warning|Interrupt|Exit|Iteration)\b")
_RAISES = re.compile(r"\b(?:rais(?:e[sd]?|ing)|throw(?:s|n|ing)?)\b", re.IGNORECASE)
_NEVER = re.compile(r"(?:\b(?:not|never|without|no)\b|n['’]t\b)[^.,;]*$", re.IGNORECASE)
_YIELDS = re.compile(r"\b(?:yield(?:s|ed|ing)?|generator)\b", re.IGNORECASE)
_RETURNS = re.compile(r"\breturn(?:s|ed|ing)?\b([^.;]*)", re.IGNORECASE)
_TYPES = {
    "str": "str", "string": "str", "strings": "", "bool": "bool", "boolean": "bool", "true": "bool", "false": "bool", "int": "int", "integer": "int", "float": "float", "list": "list",
    "dict": "dict", "dictionary": "dict", "set": "set", "tuple": "tuple", "none": "None", "nothing": "None", "bytes": "bytes",
}  # fmt: skip
_CHANGES = re.compile(
    r"\b(?:modif(?:y|ies|ied)|mutat(?:e|es|ed)|in[ -]place|updat(?:e|es|ed)|sets?|append(?:s|ed)?|remov(?:e|es|ed)|delet(?:e|es|ed)|clear(?:s|ed)?|replac(?:e|es|ed)|add(?:s|ed)? \w+ to)\b",
    re.IGNORECASE,
)
_OUTSIDE = re.compile(
    r"\b(?:files?|folders?|director(?:y|ies)|disk|network|requests?|download(?:s|ed)?|upload(?:s|ed)?|print(?:s|ed)?|logs?|logged|process(?:es)?|subprocess|environment|database|socket|terminal|console|sleeps?|waits?|clock|random(?:ly)?)\b",
    re.IGNORECASE,
)


def denied(sentence: str, facts: Facts, source: str) -> str:
    """Why a sentence about the function with these facts and this source text is not to be shown; "" where nothing speaks against it."""
    known = {*_NAME.findall(source), *facts.path.split(".")}
    for match in _CODE.finditer(sentence):
        for name in _NAME.findall(next(group for group in match.groups() if group)):
            if name not in known and not _EXCEPTION.fullmatch(name):
                return f"it names `{name}`, which is not in the function"
    return _of_raises(sentence, facts) or _of_returns(sentence, facts) or _of_effects(sentence, facts)


def _of_raises(sentence: str, facts: Facts) -> str:
    raised = {one.name.rpartition(".")[2] for one in facts.raises} | {
        name.rpartition(".")[2] for name, _ in facts.raises_by_callee
    }
    for name in _EXCEPTION.findall(sentence):
        if name not in raised:
            return f"it speaks of {name}, which the function does not raise"
    for match in _RAISES.finditer(sentence):
        is_denial = _NEVER.search(sentence[: match.start()]) is not None
        if is_denial == bool(raised):
            return "it says that the function raises" if not raised else "it says that the function does not raise"
    return ""


def _of_returns(sentence: str, facts: Facts) -> str:
    if facts.kind == "class":
        return ""
    if _YIELDS.search(sentence) and not facts.yields:
        return "it says that the function yields"
    types = {one.type for one in facts.returns}
    for match in _RETURNS.finditer(sentence):
        if types == {"None"} and not re.match(
            r"\s*(?:nothing|none\b|`none`|immediately|early|if\b|when\b|$)", match[1], re.IGNORECASE
        ):
            return "it says that the function returns something"
        if "" in types or not types:
            continue
        first = re.split(
            r"\b(?:of|if|when|where|that|which|whose|with|from|for|containing|otherwise)\b", match[1], maxsplit=1
        )[0]
        said = {_TYPES.get(word.lower(), "") for word in re.findall(r"\w+", first)} - {""}
        if said - types:
            return f"it says that the function returns a {sorted(said - types)[0]}"
    return ""


def _of_effects(sentence: str, facts: Facts) -> str:
    effects = facts.effects
    is_class = facts.kind == "class"
    if _CHANGES.search(sentence) and not is_class and not (effects.attributes or effects.arguments or effects.globals):
        return "it says that the function changes something"
    said = _OUTSIDE.search(sentence)
    # A file that is an argument is spoken of without being touched.
    own = " ".join((facts.path, *(one.name for one in facts.parameters))).lower()
    named = {word.rstrip("s") for word in re.findall(r"[a-z]+", own)}
    if said and not effects.outside and said[0].lower().rstrip("s") not in named:
        return f"it speaks of {said[0].lower()}, and the function is not seen to touch that"
    return ""
