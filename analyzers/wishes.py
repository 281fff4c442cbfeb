"""What a function is to be, from how people say it: a signature with a docstring, calls of a name that is not there, a comment, a sentence.

What nobody said is assumed and told as such (`Wish.assumed`); nothing here runs or asks anybody.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from . import constraints, documented, prose, syntax, words
from .constraints import Constraint
from .documented import Example

Function = ast.FunctionDef | ast.AsyncFunctionDef
NAME_WORDS = 4  # of a name that is made
SAID = 6000  # characters of a description that are read


@dataclass(frozen=True, slots=True)
class Wanted:
    """A parameter by its name, its hint and its default as source ("" for none); `star`: "*" or "**" for what takes several."""

    name: str
    hint: str = ""
    default: str = ""
    star: str = ""

    @property
    def source(self) -> str:
        """As it stands in a signature."""
        hint = f": {self.hint}" if self.hint else ""
        default = (f" = {self.default}" if hint else f"={self.default}") if self.default else ""
        return f"{self.star}{self.name}{hint}{default}"


@dataclass(frozen=True, slots=True)
class Wish:
    """A function that is to be written. `doc`: the description; `steps` are its parts where it names several, one after the other. `assumed` are sentences about what nobody said; `keyword`: parameters from the one of
    that number on are given by name alone (-1: none). `checks`: expressions that are to be true, where an example is no call with what it gives."""

    name: str
    parameters: tuple[Wanted, ...]
    returns: str
    doc: str
    examples: tuple[Example, ...] = ()
    checks: tuple[str, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    steps: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    is_async: bool = False
    keyword: int = -1

    @property
    def head(self) -> str:
        """Its first line, as source."""
        told = [one.source for one in self.parameters]
        if self.keyword >= 0 and not any(one.star == "*" for one in self.parameters):
            told.insert(self.keyword, "*")
        gives = f" -> {self.returns}" if self.returns else ""
        return f"{'async ' * self.is_async}def {self.name}({', '.join(told)}){gives}:"

    @property
    def required(self) -> tuple[Wanted, ...]:
        """The parameters that a call has to give."""
        return tuple(one for one in self.parameters if not one.default and not one.star)

    @property
    def words(self) -> frozenset[str]:
        """The words of the description and of the name, without an ending for several."""
        found = {*re.findall(r"[a-z]+", self.doc.lower()), *(one.lower() for one in words.of_name(self.name))}
        return frozenset(found | {one.removesuffix("s") for one in found if len(one) > 3})


def of_function(text: str, name: str) -> Wish | None:
    """The wish that the function `name` at the top of a module states by its signature and docstring; None where there is none, or it does not parse."""
    tree = syntax.module(text)
    found = [one for one in (tree.body if tree is not None else ()) if isinstance(one, Function) and one.name == name]
    return _of_node(found[-1]) if found else None


def _of_node(node: Function) -> Wish:
    doc, args = ast.get_docstring(node) or "", node.args
    plain = [*args.posonlyargs, *args.args]
    defaults = [None] * (len(plain) - len(args.defaults)) + list(args.defaults)
    parameters = [_wanted(one, default) for one, default in zip(plain, defaults, strict=True)]
    if args.vararg is not None:
        parameters.append(replace(_wanted(args.vararg, None), star="*"))
    named = len(parameters) if args.kwonlyargs else -1
    parameters += [_wanted(one, default) for one, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)]
    if args.kwarg is not None:
        parameters.append(replace(_wanted(args.kwarg, None), star="**"))
    returns = ast.unparse(node.returns) if node.returns is not None else ""
    wish = Wish(
        node.name, tuple(parameters), returns, doc, is_async=isinstance(node, ast.AsyncFunctionDef), keyword=named
    )
    return _read(wish)


def _wanted(one: ast.arg, default: ast.expr | None) -> Wanted:
    hint = ast.unparse(one.annotation) if one.annotation is not None else ""
    return Wanted(one.arg, hint, ast.unparse(default) if default is not None else "")


def _read(wish: Wish) -> Wish:
    """With what the description says besides."""
    return replace(
        wish,
        examples=documented.shown(wish.doc, wish.name),
        constraints=constraints.of_text(prose.plain(wish.doc[:SAID])),
        steps=prose.steps(wish.doc[:SAID]),
    )


def with_example(wish: Wish, one: Example) -> Wish:
    """With one more example, that its docstring shows as doctest has it."""
    if one.raised:
        told = f">>> {one.call}\nTraceback (most recent call last):\n    ...\n{one.raised}: ..."
    else:
        told = f">>> {one.call}\n{one.gives}" if one.gives != "None" else f">>> {one.call}"
    doc = wish.doc.rstrip()
    gap = "\n" if doc.splitlines()[-1:] and ">>>" in doc.rsplit("\n\n", 1)[-1] else "\n\n"
    return replace(wish, doc=f"{doc}{gap if doc else ''}{told}", examples=(*wish.examples, one))


def with_doctests(wish: Wish) -> Wish:
    """With its examples as doctest has them at the end of its docstring, where they are not there yet: they are its tests then."""
    made = wish
    for one in wish.examples:
        value = documented.value(one.gives)
        is_plain = bool(one.raised) or (value is not None and not isinstance(value, set)) or one.gives == "None"
        if f">>> {one.call}" not in made.doc and is_plain:
            made = with_example(made, one if one.raised else replace(one, gives=repr(value)))
    return replace(made, examples=wish.examples)


def by_examples(wish: Wish) -> Wish:
    """Without the hints that its examples deny: for a wish whose hints are guesses."""
    parameters = list(wish.parameters)
    for one in wish.examples:
        for at, value in enumerate(documented.arguments(one.call) or ()):
            if at < len(parameters) and documented.breaks(parameters[at].hint, value):
                parameters[at] = replace(parameters[at], hint="")
    gives = [documented.value(one.gives) for one in wish.examples if not one.raised]
    returns = "" if any(documented.breaks(wish.returns, value) for value in gives) else wish.returns
    return replace(wish, parameters=tuple(parameters), returns=returns)


# ---- calls of a name that is not there


def of_calls(text: str, name: str) -> Wish | None:
    """The wish for a function that a module calls and nobody defines, from how it is called there; None where no call of it stands in it."""
    tree = syntax.module(text)
    nodes = list(ast.walk(tree)) if tree is not None else []
    calls = [
        one for one in nodes if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id == name
    ]
    if not calls:
        return None
    most = max(calls, key=lambda one: len(one.args))
    parameters = [Wanted(_of_argument(one, number), _hint(one)) for number, one in enumerate(most.args)]
    parameters = [replace(one, name=f"{one.name}_{n}") if any(o.name == one.name for o in parameters[:n]) else one for n, one in enumerate(parameters)]  # fmt: skip
    keywords = {one.arg: _hint(one.value) for call in calls for one in call.keywords if one.arg}
    parameters += [Wanted(key, hint) for key, hint in keywords.items() if all(one.name != key for one in parameters)]
    least = min(len(one.args) for one in calls)
    parameters = [replace(one, default="None") if least <= at < len(most.args) else one for at, one in enumerate(parameters)]  # fmt: skip
    is_async = any(isinstance(one, ast.Await) and one.value in calls for one in nodes)
    returns = _used_as(nodes, calls)
    doc = f"{words.spoken(words.of_name(name)).capitalize()}."
    examples = tuple(one for call in calls if (one := _asserted(nodes, call)) is not None)
    assumed = [f"its parameters are {', '.join(one.name for one in parameters)}, as it is called"] if parameters else []
    return replace(
        _read(Wish(name, tuple(parameters), returns, doc, assumed=tuple(assumed), is_async=is_async)), examples=examples
    )


def _of_argument(node: ast.expr, number: int) -> str:
    match node:
        case ast.Name(id=name) if not keyword.iskeyword(name):
            return name
        case ast.Attribute(attr=name):
            return name
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return words.of_name(name)[-1].lower()
        case ast.Constant(value=str()):
            return "text"
        case ast.Constant(value=int() | float()):
            return "number"
        case ast.List() | ast.ListComp() | ast.Tuple():
            return "values"
        case ast.Dict() | ast.DictComp():
            return "mapping"
    return f"value_{number + 1}"


def _hint(node: ast.expr) -> str:
    """The type of a literal, "" for what is none."""
    match node:
        case ast.Constant(value=value) if value is not None and value is not ...:
            return type(value).__name__
        case ast.List() | ast.ListComp():
            return "list"
        case ast.Dict() | ast.DictComp():
            return "dict"
        case ast.Set() | ast.SetComp():
            return "set"
        case ast.Tuple():
            return "tuple"
        case ast.JoinedStr():
            return "str"
    return ""


def _used_as(nodes: Sequence[ast.AST], calls: Sequence[ast.Call]) -> str:
    """What its answer is used as, where that says of which type it is."""
    for node in nodes:
        match node:
            case ast.If(test=test) | ast.While(test=test) | ast.Assert(test=test) if test in calls:
                return "bool"
            case ast.UnaryOp(op=ast.Not(), operand=one) if one in calls:
                return "bool"
            case ast.Compare(left=one, ops=[ast.Eq()], comparators=[other]) if one in calls and _hint(other):
                return _hint(other)
    return ""


def _asserted(nodes: Sequence[ast.AST], call: ast.Call) -> Example | None:
    """An example where an assert says what a call with literals gives."""
    for node in nodes:
        match node:
            case ast.Compare(left=one, ops=[ast.Eq() | ast.Is()], comparators=[other]) if one is call:
                source, gives = ast.unparse(call), ast.unparse(other)
                if documented.is_literal(gives) and all(documented.is_literal(ast.unparse(arg)) for arg in call.args):
                    return Example(source, gives)
    return None


# ---- sentences

_SIGNATURE = re.compile(r"`?(?:def\s+)?(?P<head>[a-z_]\w*\((?:[^()]|\([^()]*\))*\)(?:\s*->\s*[\w\[\], .|]+)?)`?\s*:?")
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
        return with_doctests(_read(replace(head, doc=_sentence(doc or words.spoken(words.of_name(head.name))))))
    named = _NAMED.search(text)
    plain = _LEAD.sub("", _NAMED.sub("", text)).strip(" :,-")
    first = re.split(r"[,.;:]|\b(?:then|and then|but|so that|e\.g)\b", plain)[0]
    assumed = []
    name = named["name"] if named else _name(first)
    if not named:
        assumed.append(f"it is called {name}")
    parameters, returns = _parameters(first), _returns(plain)
    told_parameters = ", ".join(one.source for one in parameters) or "nothing"
    assumed.append(f"it takes {told_parameters}{f' and gives {returns}' if returns else ''}")
    wish = _read(Wish(name, parameters, returns, _sentence(plain), assumed=tuple(assumed)))
    if not named and not wish.examples:  # by whatever name: "f(2) is 4" speaks of what is wanted
        called = next((m[1] for m in _CALLED.finditer(text) if documented.shown(text, m[1])), "")
        shown = documented.shown(text, called) if called else ()
        own = re.compile(rf"^{re.escape(called)}\(")
        wish = replace(wish, examples=tuple(replace(one, call=own.sub(f"{name}(", one.call)) for one in shown))
    return with_doctests(by_examples(wish))


def _parsed(head: str) -> Wish | None:
    gives = "" if "->" not in head else head.partition("->")[2].strip().rstrip(".:, ")
    signature = head.partition("->")[0].strip()
    tree = syntax.module(f"def {signature}{f' -> {gives}' if gives else ''}: ...\n")
    if tree is None or not isinstance(tree.body[0], ast.FunctionDef):
        return None
    wish = _of_node(tree.body[0])
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
