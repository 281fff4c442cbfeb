"""The functions of a module that tests can be written for, and what their text says of what they are called with: types, literals, examples."""

from __future__ import annotations

import ast
import doctest
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from . import kinds, syntax

SOURCE_LIMIT = 300  # characters of an example
LARGE = 10**18  # of numbers that calls are made of
LITERALS = 40  # of one function, with those of what it uses
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Parameter:
    """By its name; `kinds` are types that it may have as Python writes them, the likeliest first (none: anything), and `is_sure` whether the text says so.
    `default` is its source, "" for none."""

    name: str
    kinds: tuple[str, ...]
    is_sure: bool
    default: str
    is_keyword: bool


@dataclass(frozen=True, slots=True)
class Example:
    """A call with what a docstring says that it gives, as source; `raised` is the exception's name where it says that."""

    call: str
    gives: str
    raised: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """A function or class at the top of a module. `lines`: its first and last, from 1, decorators included. `literals` stand in its code. `is_open`: it takes any number of arguments. Of a class `parameters` are those
    of its constructor, and `methods` what can be done with one of it, each with the `form` of that: "o.push({})", "o.size", "len(o)"."""

    name: str
    lines: tuple[int, int]
    parameters: tuple[Parameter, ...]
    doc: str
    examples: tuple[Example, ...]
    literals: tuple[object, ...]
    is_async: bool
    is_open: bool
    methods: tuple[Subject, ...] = ()
    form: str = ""


def of_text(text: str) -> tuple[Subject, ...]:
    """The functions and classes at the top of a module that can be tried, in its order; none where it does not parse."""
    tree, found = syntax.module(text), list[Subject]()
    around = {name: one for one in (tree.body if tree is not None else ()) for name in binds(one)}
    for one in tree.body if tree is not None else ():
        try:
            made = (
                _subject(one)
                if isinstance(one, Function)
                else _of_class(one)
                if isinstance(one, ast.ClassDef)
                else None
            )
            if made is not None:
                found.append(replace(made, literals=_with_used(made, one, around)))
        except (RecursionError, ValueError):  # hundreds of operators in one, or a number that Python does not write
            continue
    return tuple(found)


def binds(node: ast.stmt) -> Iterator[str]:
    """The names that a statement at a module's top gives."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            yield from (one.id for one in targets if isinstance(one, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name


def _with_used(made: Subject, node: ast.stmt, around: Mapping[str, ast.stmt]) -> tuple[object, ...]:
    """Its literals, and those of what it uses at the top of its module."""
    found = {(type(one), one): one for one in made.literals}
    used = dict.fromkeys(one.id for one in ast.walk(node) if isinstance(one, ast.Name) and one.id != made.name)
    for name in used:
        for value in _literals(around[name]) if name in around else ():
            if len(found) < LITERALS:
                found.setdefault((type(value), value), value)
    return tuple(found.values())


def documented(doc: str, name: str) -> tuple[Example, ...]:
    """The examples of a docstring that call `name`: as doctest has them, and as people write them ("f(2) == 4", "f(2) -> 4")."""
    found: dict[str, Example] = {}
    try:
        told = doctest.DocTestParser().get_examples(doc)
    except ValueError:  # its indentation is not doctest's
        told = []
    for one in told:
        call = one.source.strip()
        if one.exc_msg:
            example = Example(call, "", one.exc_msg.partition(":")[0].strip().rpartition(".")[2])
        else:
            example = Example(call, one.want.strip() or "None")
        if _calls(call, name) and (example.raised or _is_literal(example.gives)):
            found.setdefault(call, example)
    for match in itertools.islice(re.finditer(rf"(?<![\w.*+/%-]){re.escape(name)}\(", doc), EXAMPLES):
        if doc[: match.start()].rstrip()[-1:] in "*+/%-":
            continue
        if (written := _written(doc, match.start())) is not None and _calls(written.call, name):
            found.setdefault(written.call, written)
    return tuple(found.values())


EXAMPLES, CLOSINGS = 40, 12  # calls of a docstring that are looked at, and brackets at which one may end
_ENDS = re.compile(r"[.,;#)](?:\s|$)|\s+(?=[A-Za-z(])|\s*#")  # what may stand behind a literal: no operator
_SAYS = re.compile(r"\s*(?:==|=>|=|->|➞|→|returns?\b|gives?\b|should (?:return|be|give)\b|is\b)\s*:?\s*")


def _written(doc: str, start: int) -> Example | None:
    """What stands behind a call, where it is a literal."""
    line_end = doc.find("\n", start)
    line = doc[start : line_end if line_end >= 0 else len(doc)][:SOURCE_LIMIT]
    for end in [at + 1 for at, sign in enumerate(line) if sign == ")"][:CLOSINGS]:
        call = line[:end]
        if syntax.compiles(call):
            says = _SAYS.match(line, end)
            if says is None:
                return None
            rest = line[says.end() :].strip()
            for cut in [len(rest), *(one.start() for one in reversed([*_ENDS.finditer(rest)]))]:
                if _is_literal(told := rest[:cut].rstrip(" .,;#")):
                    return Example(call, told)
            return None
    return None


def _is_literal(source: str) -> bool:
    try:
        ast.literal_eval(source)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _calls(source: str, name: str) -> bool:
    """Whether it is one call of that function with literals alone."""
    if len(source) > SOURCE_LIMIT:
        return False
    tree = syntax.expression(source)
    if not (isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == name):
        return False
    values = [*tree.args, *(one.value for one in tree.keywords if one.arg)]
    return len(values) == len(tree.args) + len(tree.keywords) and all(_is_literal(ast.unparse(one)) for one in values)


_FORMS = {
    "__len__": "len(o)", "__contains__": "{} in o", "__getitem__": "o[{}]", "__iter__": "list(o)", "__call__": "o({})", "__str__": "str(o)", "__bool__": "bool(o)",
    "__setitem__": "o.__setitem__({})", "__delitem__": "o.__delitem__({})",
}  # fmt: skip
_NOT_MADE = re.compile(
    r"(?:Error|Exception|Warning|Enum|Flag|Protocol|ABC|NamedTuple|TypedDict|TestCase|Thread|Process)$"
)


def _of_class(node: ast.ClassDef) -> Subject | None:
    """A class whose instances are made by calling it with values, and have something to ask; None for others."""
    bases = [ast.unparse(one).partition("[")[0].rpartition(".")[2] for one in node.bases]
    decorators = [ast.unparse(one).partition("(")[0].rpartition(".")[2] for one in node.decorator_list]
    if (
        node.keywords
        or any(_NOT_MADE.search(one) for one in bases)
        or set(decorators) - {"dataclass", "total_ordering", "final"}
    ):
        return None
    functions = {one.name: one for one in node.body if isinstance(one, Function)}
    parameters: tuple[Parameter, ...] = ()
    if (init := functions.get("__init__")) is not None:
        parameters = _subject(init).parameters[1:]
    elif "dataclass" in decorators:
        parameters = tuple(
            Parameter(
                one.target.id,
                tuple(kinds.annotated(one.annotation)),
                is_sure=True,
                default=ast.unparse(one.value) if one.value else "",
                is_keyword=False,
            )
            for one in node.body
            if isinstance(one, ast.AnnAssign)
            and isinstance(one.target, ast.Name)
            and "ClassVar" not in ast.unparse(one.annotation)
        )
    elif "__new__" in functions or any(one not in ("object", "Generic") for one in bases):
        return None
    methods = [made for name, one in functions.items() if (made := _of_method(name, one)) is not None]
    methods += [_of_attribute(name) for name in _attributes(node, {one.name for one in methods})]
    if not methods:
        return None
    doc = ast.get_docstring(node) or ""
    literals = dict.fromkeys((type(value), value) for one in functions.values() for value in _literals(one))
    first = min((one.lineno for one in node.decorator_list), default=node.lineno)
    return Subject(
        node.name, (first, node.end_lineno or node.lineno), parameters, doc, (), tuple(value for _, value in literals), is_async=False, is_open=False, methods=tuple(methods)
    )  # fmt: skip


def _attributes(node: ast.ClassDef, known: set[str]) -> list[str]:
    """The public names that its methods give to `self`, and a dataclass's fields."""
    found = dict[str, None]()
    for one in ast.walk(node):
        match one:
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()) if not name.startswith("_"):
                found[name] = None
    return [name for name in found if name not in known]


def _of_attribute(name: str) -> Subject:
    return Subject(name, (0, 0), (), "", (), (), is_async=False, is_open=False, form=f"o.{name}")


def _of_method(name: str, node: Function) -> Subject | None:
    """What can be done with an instance by one of its methods; None for what is private, asynchronous or no method of instances."""
    decorators = {ast.unparse(one).rpartition(".")[2] for one in node.decorator_list}
    is_property = bool(decorators & {"property", "cached_property"})
    if (
        isinstance(node, ast.AsyncFunctionDef)
        or (decorators and not is_property)
        or (name.startswith("_") and name not in _FORMS)
    ):
        return None
    made = _subject(node)
    if not made.parameters:
        return None
    form = f"o.{name}" if is_property else _FORMS.get(name, f"o.{name}({{}})")
    return replace(made, parameters=made.parameters[1:], form=form)


def _subject(node: Function) -> Subject:
    doc = ast.get_docstring(node) or ""
    arguments = node.args
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [*[None] * (len(plain) - len(arguments.defaults)), *arguments.defaults]
    used = kinds.Used(node)
    parameters = [
        *(_parameter(one, default, used, is_keyword=False) for one, default in zip(plain, defaults, strict=True)),
        *(
            _parameter(one, default, used, is_keyword=True)
            for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        ),
    ]
    first = min((one.lineno for one in node.decorator_list), default=node.lineno)
    return Subject(
        node.name,
        (first, node.end_lineno or node.lineno),
        tuple(parameters),
        doc,
        documented(doc, node.name),
        tuple(_literals(node)),
        isinstance(node, ast.AsyncFunctionDef),
        arguments.vararg is not None,
    )


def _parameter(argument: ast.arg, default: ast.expr | None, used: kinds.Used, *, is_keyword: bool) -> Parameter:
    name, source = argument.arg, ast.unparse(default) if default is not None else ""
    if argument.annotation is not None and (hinted := tuple(kinds.annotated(argument.annotation))):
        return Parameter(name, hinted, is_sure=True, default=source, is_keyword=is_keyword)
    guessed = list(used.kinds(name))
    if default is not None and _is_literal(source):
        guessed.insert(0, type(ast.literal_eval(source)).__name__)
    guessed += [kind for kind in kinds.by_name(name) if kind not in guessed]
    likely = tuple(dict.fromkeys(one for one in guessed if one != "NoneType"))
    return Parameter(name, likely, is_sure=False, default=source, is_keyword=is_keyword)


def _literals(node: ast.stmt) -> Iterator[object]:
    """Numbers and texts of its code, each once, without its docstring."""
    seen: set[tuple[type, object]] = set()
    docs = {id(one.body[0].value) for one in ast.walk(node) if isinstance(one, Function) and one.body and isinstance(one.body[0], ast.Expr)}  # fmt: skip
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, int | float | str | bytes) and id(one) not in docs:
            value = one.value
            if isinstance(value, bool) or (isinstance(value, str | bytes) and len(value) > 40):
                continue
            if isinstance(value, int | float) and not abs(value) < LARGE:
                continue
            if (type(value), value) not in seen:
                seen.add((type(value), value))
                yield value
