"""The functions of a module that tests can be written for, and what their text says of what they are called with: types, literals, examples."""

from __future__ import annotations

import ast
import contextlib
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from . import documented, kinds, needs, syntax
from .documented import Example
from .needs import NONE, Needs

LARGE = 10**18  # of numbers that calls are made of
LITERALS = 40  # of one function, with those of what it uses
QUOTED = 6  # texts of a docstring
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
class Subject:
    """A function or class at the top of a module. `lines`: its first and last, from 1, decorators included. `literals` stand in its code. `is_open`: it takes any number of arguments. Of a class `parameters` are those
    of its constructor, and `methods` what can be done with one of it, each with the `form` of that: "o.push({})", "o.size", "len(o)". `starts` is the first line of what is called, 0 for nothing of the file's. `seen`: texts of
    arguments that it was called with while something ran. `needs`: what it needs around it. `makers`: classes of the module of which a parameter may be an instance; `ready`: members, of an enumeration. `changes`: a method that changes what it is called on. `depth`: in how many others an instance is made. `result`: the class of the module of which it gives an instance. `returns`: the hint of what it gives."""

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
    starts: int = 0
    seen: tuple[str, ...] = ()
    makers: tuple[Subject, ...] = ()
    ready: tuple[str, ...] = ()
    changes: bool = False
    depth: int = 0
    needs: Needs = NONE
    result: tuple[Subject, ...] = ()
    returns: str = ""


def of_text(text: str) -> tuple[Subject, ...]:
    """The functions and classes at the top of a module that can be tried, in its order; none where it does not parse."""
    tree, found = syntax.module(text), list[Subject]()
    around = {name: one for one in (tree.body if tree is not None else ()) for name in binds(one)}
    known = Known(_day(tree)) if tree is not None else Known()
    makers = _makers(around, known)
    known = replace(known, own=frozenset(makers), signs=_signs_of(around.values(), known.day))
    for one in tree.body if tree is not None else ():
        try:
            made = (
                _subject(one, known)
                if isinstance(one, Function)
                else _of_class(one, known)
                if isinstance(one, ast.ClassDef)
                else None
            )
            if made is not None:
                of = tuple(makers[name] for name in sorted(_named(made, makers)))
                methods = tuple(replace(two, makers=of) for two in made.methods)
                used = _used(made, one, around)
                literals = _with_used(made, used)
                needed = needs.of((one, *used))
                methods += tuple(
                    attribute("", form) for sign, form in _TELLING.items() if methods and sign in needed.signs
                )
                found.append(replace(made, literals=literals, makers=of, methods=methods, needs=needed))
        except (RecursionError, ValueError):  # hundreds of operators in one, or a number that Python does not write
            continue
    classes = {one.name: one for one in found if one.methods}
    return tuple(replace(one, result=_result(around[one.name], classes)) for one in found)


def _result(node: ast.stmt, classes: Mapping[str, Subject]) -> tuple[Subject, ...]:
    """The class of which a function gives an instance, as its hint or its last line says."""
    if not isinstance(node, ast.FunctionDef):
        return ()
    names = [one.id for one in ast.walk(node.returns) if isinstance(one, ast.Name)] if node.returns is not None else []
    for one in ast.walk(node):
        if isinstance(one, ast.Return) and isinstance(one.value, ast.Call) and isinstance(one.value.func, ast.Name):
            names.append(one.value.func.id)
    return tuple(classes[name] for name in names if name in classes)[:1]


@dataclass(frozen=True, slots=True)
class Known:
    """What a module tells of its parameters' types: the name by which it has dates ("" for none), its classes, and the types that speak for parameters of a name in any of its functions."""

    day: str = ""
    own: frozenset[str] = frozenset()
    signs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def _day(tree: ast.Module) -> str:
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                if isinstance(node, ast.ImportFrom) and node.module == "datetime" and alias.name == "date":
                    return alias.asname or "date"
                if isinstance(node, ast.Import) and alias.name == "datetime":
                    return f"{alias.asname or 'datetime'}.date"
    return ""


def _signs_of(nodes: Iterable[ast.stmt], day: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for node in nodes:
        if isinstance(node, Function):
            used = kinds.Used(node, day)
            for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
                found.setdefault(one.arg, tuple(used.kinds(one.arg)))
    return found


def _makers(around: Mapping[str, ast.stmt], known: Known) -> dict[str, Subject]:
    """The classes of a module of which instances can be made, or are there."""
    nodes = {name: one for name, one in around.items() if isinstance(one, ast.ClassDef)}
    found = {}
    for name, node in nodes.items():
        with contextlib.suppress(RecursionError, ValueError):
            if (made := _maker(node, replace(known, own=frozenset(nodes) - {name}))) is not None:
                found[name] = made
    return found


def _named(subject: Subject, makers: Mapping[str, Subject]) -> set[str]:
    """The classes that its parameters name, and those that the constructors of these do."""
    found, left = set[str](), [one for each in (subject, *subject.methods) for one in each.parameters]
    while left:
        told = {name for kind in left.pop().kinds for name in re.findall(r"own:(\w+)", kind)} & set(makers) - found
        found |= told
        left += [one for name in told for one in makers[name].parameters]
    return found


_ENUMS = frozenset({"Enum", "IntEnum", "StrEnum"})


def _maker(node: ast.ClassDef, known: Known) -> Subject | None:
    bases = {ast.unparse(one).rpartition(".")[2] for one in node.bases}
    if bases & _ENUMS:
        members = [
            one.id
            for line in node.body
            if isinstance(line, ast.Assign)
            for one in line.targets
            if isinstance(one, ast.Name)
        ]
        plain = Subject(node.name, (0, 0), (), "", (), (), is_async=False, is_open=False)
        return replace(plain, ready=tuple(f"{node.name}.{one}" for one in members if not one.startswith("_")))
    constructor = _constructor(node, known)
    if constructor is None or any(_NOT_MADE.search(one) for one in bases - {"NamedTuple"}) or node.keywords:
        return None
    parameters, starts = constructor
    literals = tuple(
        dict.fromkeys(value for one in node.body for value in _literals(one) if isinstance(value, int | str))
    )
    return Subject(node.name, (0, 0), parameters, "", (), literals, is_async=False, is_open=False, starts=starts)


def _constructor(node: ast.ClassDef, known: Known) -> tuple[tuple[Parameter, ...], int] | None:
    """What instances are made with, and the first line of what does it; None where nobody can tell."""
    bases = [ast.unparse(one).partition("[")[0].rpartition(".")[2] for one in node.bases]
    decorators = [ast.unparse(one).partition("(")[0].rpartition(".")[2] for one in node.decorator_list]
    functions = {one.name: one for one in node.body if isinstance(one, Function)}
    if (init := functions.get("__init__")) is not None:
        made, held, called = _subject(init, known), kinds.kept(init), kinds.called(node)
        parameters = [
            replace(one, kinds=("callable", *one.kinds)) if held.get(one.name) in called and not one.is_sure else one
            for one in made.parameters[1:]
        ]
        return tuple(parameters), made.starts
    if "dataclass" in decorators or "NamedTuple" in bases:
        fields = tuple(
            Parameter(
                one.target.id,
                tuple(kinds.annotated(one.annotation, known.own)),
                is_sure=True,
                default=ast.unparse(one.value) if one.value else "",
                is_keyword=False,
            )
            for one in node.body
            if isinstance(one, ast.AnnAssign)
            and isinstance(one.target, ast.Name)
            and "ClassVar" not in ast.unparse(one.annotation)
        )
        return fields, 0
    if "__new__" in functions or any(one not in ("object", "Generic") for one in bases):
        return None
    return (), 0


def binds(node: ast.stmt) -> Iterator[str]:
    """The names that a statement at a module's top gives."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            yield from (one.id for one in targets if isinstance(one, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name


def _used(made: Subject, node: ast.stmt, around: Mapping[str, ast.stmt]) -> list[ast.stmt]:
    """What it uses at the top of its module."""
    names = dict.fromkeys(one.id for one in ast.walk(node) if isinstance(one, ast.Name) and one.id != made.name)
    return [around[name] for name in names if name in around]


def _with_used(made: Subject, used: Iterable[ast.stmt]) -> tuple[object, ...]:
    """Its literals, and those of what it uses."""
    found = {(type(one), one): one for one in made.literals}
    for node in used:
        for value in _literals(node):
            if len(found) < LITERALS:
                found.setdefault((type(value), value), value)
    return tuple(found.values())


_FORMS = {
    "__len__": "len(o)", "__contains__": "{} in o", "__getitem__": "o[{}]", "__iter__": "list(o)", "__call__": "o({})", "__str__": "str(o)", "__bool__": "bool(o)",
    "__setitem__": "o.__setitem__({})", "__delitem__": "o.__delitem__({})", "__repr__": "repr(o)", "__next__": "next(o)", "__reversed__": "list(reversed(o))",
    "__neg__": "-o", "__abs__": "abs(o)", "__int__": "int(o)", "__float__": "float(o)", "__invert__": "~o", "__round__": "round(o)",
}  # fmt: skip
_OPERATORS = {
    "__eq__": "==", "__ne__": "!=", "__lt__": "<", "__le__": "<=", "__gt__": ">", "__ge__": ">=", "__add__": "+", "__sub__": "-", "__mul__": "*", "__truediv__": "/", "__floordiv__": "//", "__mod__": "%",
    "__or__": "|", "__and__": "&", "__xor__": "^", "__matmul__": "@",
}  # fmt: skip
_NOT_MADE = re.compile(
    r"(?:Error|Exception|Warning|Enum|Flag|Protocol|ABC|NamedTuple|TypedDict|TestCase|Thread|Process)$"
)


def _of_class(node: ast.ClassDef, known: Known) -> Subject | None:
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
    constructor = _constructor(node, known)
    if constructor is None:
        return None
    parameters, starts = constructor
    methods = [made for one in functions.values() if (made := _of_method(one, known, node.name)) is not None]
    methods += [attribute(name) for name in _attributes(node, {one.name for one in methods} | kinds.called(node))]
    if not methods:
        return None
    doc = ast.get_docstring(node) or ""
    literals = dict.fromkeys((type(value), value) for one in functions.values() for value in _literals(one))
    first = min((one.lineno for one in node.decorator_list), default=node.lineno)
    return Subject(
        node.name, (first, node.end_lineno or node.lineno), parameters, doc, (), tuple(value for _, value in literals), is_async=False, is_open=False, methods=tuple(methods), starts=starts
    )  # fmt: skip


def _attributes(node: ast.ClassDef, known: set[str]) -> list[str]:
    """The public names that its methods give to `self`, and a dataclass's fields."""
    found = dict[str, None]()
    for one in ast.walk(node):
        match one:
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()) if not name.startswith("_"):
                found[name] = None
    return [name for name in found if name not in known]


def attribute(name: str, form: str = "") -> Subject:
    """What can be done with an instance without arguments: it is asked for, or something of another `form` is."""
    return Subject(name, (0, 0), (), "", (), (), is_async=False, is_open=False, form=form or f"o.{name}")


# What tells of a class that prints or warns, beside its methods.
_TELLING = {"prints": "capsys.readouterr().out", "warns": "[str(one.message) for one in recwarn]"}


def _of_method(node: Function, known: Known, of: str) -> Subject | None:
    """What can be done with an instance of the class `of` by one of its methods; None for what is private, asynchronous or no method of instances."""
    name = node.name
    decorators = {ast.unparse(one).rpartition(".")[2] for one in node.decorator_list}
    is_property = bool(decorators & {"property", "cached_property"})
    if (
        isinstance(node, ast.AsyncFunctionDef)
        or (decorators and not is_property)
        or (name.startswith("_") and name not in _FORMS and name not in _OPERATORS)
    ):
        return None
    made = _subject(node, known)
    if not made.parameters:
        return None
    if name in _OPERATORS:
        if len(made.parameters) != 2:
            return None
        other = made.parameters[1]
        other = replace(other, kinds=tuple(dict.fromkeys((f"own:{of}", *other.kinds))), is_sure=True)
        return replace(made, parameters=(other,), form=f"o {_OPERATORS[name]} {{}}")
    form = f"o.{name}" if is_property else _FORMS.get(name, f"o.{name}({{}})")
    return replace(made, parameters=made.parameters[1:], form=form, changes=any(map(_stores, ast.walk(node))))


_CHANGING = frozenset(
    "append add insert extend update pop popitem popleft appendleft remove discard clear setdefault sort reverse".split()
)


def _stores(node: ast.AST) -> bool:
    """Whether something of `self` is given another value, or changed in place."""
    match node:
        case ast.Attribute(ctx=ast.Store() | ast.Del()):
            return True
        case ast.Subscript(value=ast.Attribute(), ctx=ast.Store() | ast.Del()):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Attribute() | ast.Subscript() | ast.Call(), attr=name)):
            return name in _CHANGING
    return False


def _subject(node: Function, known: Known) -> Subject:
    doc = ast.get_docstring(node) or ""
    arguments = node.args
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [*[None] * (len(plain) - len(arguments.defaults)), *arguments.defaults]
    parameter = partial(_parameter, used=kinds.Used(node, known.day), known=known)
    parameters = [
        *(parameter(one, default, is_keyword=False) for one, default in zip(plain, defaults, strict=True)),
        *(
            parameter(one, default, is_keyword=True)
            for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        ),
    ]
    first = min((one.lineno for one in node.decorator_list), default=node.lineno)
    return Subject(
        node.name,
        (first, node.end_lineno or node.lineno),
        tuple(parameters),
        doc,
        documented.examples(doc, node.name),
        tuple(_literals(node)),
        isinstance(node, ast.AsyncFunctionDef),
        arguments.vararg is not None,
        starts=first,
        returns=ast.unparse(node.returns) if node.returns is not None else "",
    )


def _parameter(
    argument: ast.arg, default: ast.expr | None, *, used: kinds.Used, known: Known, is_keyword: bool
) -> Parameter:
    name, source = argument.arg, ast.unparse(default) if default is not None else ""
    if argument.annotation is not None and (hinted := tuple(kinds.annotated(argument.annotation, known.own))):
        return Parameter(name, hinted, is_sure=True, default=source, is_keyword=is_keyword)
    guessed = list(used.kinds(name) or known.signs.get(name, ()))
    if default is not None and documented.is_literal(source):
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
    for one in ast.walk(node):
        if isinstance(one, Function) and (doc := ast.get_docstring(one)):
            yield from (text for text in itertools.islice(documented.quoted(doc), QUOTED) if (str, text) not in seen)
