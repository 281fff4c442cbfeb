"""What a description asks of code beside what it does: what it must use and must not, what it raises, how long it may be, how its time grows. Read from sentences, held against the tree.

A sentence that is not understood asks for nothing here; what is understood is shown to whoever wrote it, so that nothing holds by hope.
"""

from __future__ import annotations

import ast
import builtins
import itertools
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from . import syntax
from .documented import Example

Kind = Literal["uses", "avoids", "raises", "lines", "growth", "keeps"]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Constraint:
    """One demand, as `text` has it. `what` is the thing that is used or avoided (a construct of `CONSTRUCTS`, a module or a name), the exception that is raised, the number of lines, or the growth ("n log n"); nothing where arguments are to be
    kept as they are."""

    kind: Kind
    what: str
    text: str

    @property
    def told(self) -> str:
        """For people."""
        match self.kind:
            case "uses":
                return f"uses {_spoken(self.what)}"
            case "avoids":
                return f"does not use {_spoken(self.what)}"
            case "raises":
                return f"raises {self.what}"
            case "lines":
                return f"has at most {self.what} line{'s' * (self.what != '1')}"
            case "growth":
                return f"takes time of O({self.what})"
            case _:
                return "leaves its arguments as they are"


_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
# By the word for a construct: whether a node is one. Those of which a function's name is needed are in `_has`.
CONSTRUCTS: dict[str, Callable[[ast.AST], bool]] = {
    "loop": lambda node: isinstance(node, _LOOPS),
    "for": lambda node: isinstance(node, ast.For | ast.AsyncFor),
    "while": lambda node: isinstance(node, ast.While),
    "comprehension": lambda node: isinstance(node, _COMPREHENSIONS),
    "generator": lambda node: isinstance(node, ast.GeneratorExp | ast.Yield | ast.YieldFrom),
    "lambda": lambda node: isinstance(node, ast.Lambda),
    "import": lambda node: isinstance(node, ast.Import | ast.ImportFrom),
    "class": lambda node: isinstance(node, ast.ClassDef),
    "global": lambda node: isinstance(node, ast.Global),
    "try": lambda node: isinstance(node, ast.Try | ast.TryStar),
    "if": lambda node: isinstance(node, ast.If | ast.IfExp),
    "slice": lambda node: isinstance(node, ast.Slice),
    "multiplication": lambda node: isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult),
    "division": lambda node: isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.FloorDiv),
    "f-string": lambda node: isinstance(node, ast.JoinedStr),
    "match": lambda node: isinstance(node, ast.Match),
    "assignment": lambda node: isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr),
}
_WORDS = {
    "loops": "loop", "looping": "loop", "iteration": "loop", "for loop": "for", "for loops": "for", "for-loop": "for", "while loop": "while", "while loops": "while", "while-loop": "while", "recursive call": "recursion",
    "recursive calls": "recursion", "recursive function": "recursion", "recursively": "recursion", "recursion": "recursion", "list comprehension": "comprehension", "list comprehensions": "comprehension",
    "comprehensions": "comprehension", "dict comprehension": "comprehension", "set comprehension": "comprehension", "generator expression": "generator", "generators": "generator", "lambdas": "lambda",
    "lambda function": "lambda", "lambda functions": "lambda", "imports": "import", "imported modules": "import", "modules": "import", "libraries": "import", "library": "import", "external libraries": "import", "classes": "class",
    "globals": "global", "global variables": "global", "global variable": "global", "try/except": "try", "exceptions handling": "try", "conditionals": "if", "if statements": "if", "if statement": "if", "slices": "slice",
    "slicing": "slice", "multiplying": "multiplication", "multiplication operator": "multiplication", "division operator": "division", "dividing": "division", "f-strings": "f-string", "fstrings": "f-string",
    "pattern matching": "match", "match statement": "match", "assignments": "assignment", "sorting": "sort", "sort": "sort", "sorted": "sort", "regular expressions": "re", "regular expression": "re", "regexes": "re", "regex": "re",
    "regexps": "re", "a regex": "re", "sets": "set", "dictionary": "dict", "dictionaries": "dict", "dicts": "dict", "lists": "list", "tuples": "tuple", "string formatting": "format", "built-in sum": "sum", "builtins": "builtin",
    "built-ins": "builtin", "builtin functions": "builtin", "built-in functions": "builtin", "counters": "Counter", "counter": "Counter", "deque": "deque", "a heap": "heapq", "heap": "heapq", "heaps": "heapq",
    "binary search": "bisect", "bisection": "bisect", "prints": "print", "printing": "print",
}  # fmt: skip
_MODULES = frozenset(sys.stdlib_module_names)
_BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))
_METHODS = frozenset(
    "append count endswith extend find format index insert items join keys lower lstrip partition pop replace reverse rstrip sort split splitlines startswith strip title translate upper update values zfill".split()
)
# What people call by its name and is known from the standard library.
_NAMES = frozenset("Counter defaultdict deque OrderedDict namedtuple reduce accumulate groupby permutations combinations product chain lru_cache cache partial gcd sqrt factorial comb prod".split())  # fmt: skip
_THING = r"`?(?P<what>[\w./-]+(?:\(\))?(?:\s+(?:loops?|comprehensions?|expressions?|search|functions?|operators?|calls?|variables?|statements?|formatting|matching|modules|libraries))?)`?"
_ARTICLE = r"(?:(?:an?|the|any|python'?s?|built-?in|standard|library|module|function|method|operator)\s+)*"
_AVOIDS = re.compile(
    rf"(?:(?:must|should|may|can|do|does|shall)\s*(?:not|n't|n’t)\s+(?:use|call|contain|have|be)|(?:don't|doesn't|mustn't|cannot|never)\s+(?:use|call|have)|without(?:\s+(?:using|use of|calling|the use of))?|not\s+using|avoid(?:ing|s)?|uses?\s+no|using\s+no|(?<![\w-])no)\s+{_ARTICLE}{_THING}",
    re.IGNORECASE,
)
_USES = re.compile(
    rf"(?:(?:must|should|has to|have to|needs to|shall)\s+(?:use|call|be)|(?<!not )(?<!without )(?<!avoid )\busing|(?<!not )(?<!n't )(?<!n’t )(?<!never )\buse(?:s)?|by means of|with the help of)\s+{_ARTICLE}{_THING}",
    re.IGNORECASE,
)
_MORE = re.compile(rf"\s*(?:,|,?\s*(?:and|or|nor))\s+(?:use\s+|using\s+|no\s+)?{_ARTICLE}{_THING}", re.IGNORECASE)
_RAISES = re.compile(
    r"\b(?i:raises?|raising|throws?)\s+(?:an?\s+|the\s+)?`?(?P<what>[A-Z]\w*(?:Error|Exception|Warning|Exit|Interrupt|Iteration)|[A-Z]\w*Error)`?"
)
_LINES = re.compile(
    r"\b(?:in|at most|no more than|within|as)\s+(?:an?\s+)?(?P<count>one|two|three|four|five|single|\d+)[ -](?:lines?|liner)\b|\b(?P<single>one-liner)\b",
    re.IGNORECASE,
)
_NUMBERS = {"one": "1", "single": "1", "two": "2", "three": "3", "four": "4", "five": "5"}
_GROWTH = re.compile(r"\bO\(\s*([^()]*(?:\([^()]*\))?[^()]*)\)|\b(linear|logarithmic|constant|quadratic)(?:\s+time)\b", re.IGNORECASE)  # fmt: skip
_SPOKEN_GROWTH = {"linear": "n", "logarithmic": "log n", "constant": "1", "quadratic": "n^2"}
_KEEPS = re.compile(
    r"\b(?:must|should|do|does|may)?\s*(?:not|n't|n’t|never|without)\s+(?:modify|modifying|change|changing|mutate|mutating|alter|altering|touch)\s+(?:\w+\s+){0,3}?(?:arguments?|inputs?|list|dict|parameters?|original|data)\b",
    re.IGNORECASE,
)
_INSTALLED = re.compile(r"\bno (?:new|third-party|external|other) (?:dependenc(?:y|ies)|packages?|librar(?:y|ies))\b|\bonly the standard library\b|\bstandard library (?:alone|only)\b", re.IGNORECASE)  # fmt: skip
STANDARD = "packages that are not there"  # what is avoided where nothing new may be installed
_IDIOMS = frozenset("longer more less matter need way other one such case spaces digits duplicates elements".split())


def of_text(text: str) -> tuple[Constraint, ...]:
    """The demands of a description, in its order, each once."""
    found: list[tuple[int, Constraint]] = []
    for pattern, kind in ((_AVOIDS, "avoids"), (_USES, "uses")):
        for match in pattern.finditer(text):
            found += _things(text, match, kind)  # type: ignore[arg-type]
    found += [(m.start(), Constraint("raises", m["what"], m[0])) for m in _RAISES.finditer(text)]
    found += [
        (m.start(), Constraint("lines", "1" if m["single"] else _NUMBERS.get(m["count"].lower(), m["count"]), m[0]))
        for m in _LINES.finditer(text)
    ]
    found += [
        (m.start(), Constraint("growth", _SPOKEN_GROWTH.get((m[2] or "").lower(), _grown(m[1] or "")), m[0]))
        for m in _GROWTH.finditer(text)
    ]
    found += [(m.start(), Constraint("keeps", "", m[0].strip())) for m in _KEEPS.finditer(text)]
    found += [(m.start(), Constraint("avoids", STANDARD, m[0])) for m in _INSTALLED.finditer(text)]
    once: dict[tuple[str, str], Constraint] = {}
    for _, one in sorted(found, key=lambda item: item[0]):
        once.setdefault((one.kind, one.what), one)
    return tuple(once.values())


def _things(text: str, match: re.Match[str], kind: Kind) -> Iterator[tuple[int, Constraint]]:
    """What is named behind a demand, with what is joined to it by "and" or "or"."""
    told: re.Match[str] | None = match
    while told is not None:
        if not (what := _meant(told["what"])):
            return
        yield told.start(), Constraint(kind, what, " ".join(text[match.start() : told.end()].split()))
        told = _MORE.match(text, told.end())


def _meant(word: str) -> str:
    """What a word stands for; "" where it is nothing that code uses."""
    plain = word.strip("`.").removesuffix("()").strip()
    lower = " ".join(plain.lower().split())
    if lower in _IDIOMS:
        return ""
    for one in (lower, lower.split(" ")[0] if " " in lower else lower):
        if one in _WORDS or one in CONSTRUCTS or one == "recursion":
            return _WORDS.get(one, one)
    first = plain.split(" ")[0].removesuffix("()")
    last = first.rpartition(".")[2]
    is_known = last in _BUILTINS | _METHODS | _NAMES or first.partition(".")[0] in _MODULES
    return first if is_known else ""


def _grown(told: str) -> str:
    return re.sub(r"\s+", " ", told.replace("*", " ").replace("²", "^2").lower()).replace("^ 2", "^2").strip()


def _spoken(what: str) -> str:
    return f"a {what}" if what in ("loop", "comprehension", "generator", "lambda", "class", "slice") else what


def broken(constraint: Constraint, function: Function, others: Sequence[str] = ()) -> str:
    """What speaks against a function that is to hold it, in one sentence; "" where nothing does, as far as the tree tells. `others`: top names of modules that are installed and no part of Python."""
    match constraint.kind:
        case "avoids" if constraint.what == STANDARD:
            foreign = [one for one in _modules(function) if one not in _MODULES and one not in others]
            return f"It imports {foreign[0]}, which is not there." if foreign else ""
        case "avoids":
            at = next(_uses(function, constraint.what), None)
            return f"It uses {_spoken(constraint.what)} (line {at})." if at is not None else ""
        case "uses":
            is_there = next(_uses(function, constraint.what), None) is not None
            return "" if is_there else f"It does not use {_spoken(constraint.what)}."
        case "raises":
            return "" if constraint.what in _raised(function) else f"It never raises {constraint.what}."
        case "lines":
            count = _length(function)
            return f"Its body has {count} lines." if count > int(constraint.what) else ""
        case "keeps":
            changed = next(_changed(function), "")
            return f"It changes `{changed}`." if changed else ""
    return ""  # how its time grows is measured, not read


def _uses(function: Function, what: str) -> Iterator[int]:
    """The lines (from 1, in the function) of nodes that are such a thing, or call it."""
    body = [inner for one in function.body for inner in ast.walk(one)]
    for node in body:
        if _has(node, what, function.name):
            yield getattr(node, "lineno", function.lineno) - function.lineno + 1
    if what in ("import",) or (what in _MODULES and what not in CONSTRUCTS):
        return


def _has(node: ast.AST, what: str, own: str) -> bool:
    if what in CONSTRUCTS:
        return CONSTRUCTS[what](node)
    called = _called(node)
    if what == "recursion":
        return called == own
    if what == "sort":
        return called in ("sort", "sorted")
    if what == "builtin":
        return called in _BUILTINS and isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    if what in ("set", "dict", "list", "tuple") and isinstance(node, _DISPLAYS[what]):
        return True
    if what == "format" and isinstance(node, ast.JoinedStr):
        return True
    if isinstance(node, ast.Import):
        return any(one.name.partition(".")[0] == what.partition(".")[0] for one in node.names) and what in _MODULES
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").partition(".")[0] == what or any(one.name == what for one in node.names)
    if isinstance(node, ast.Attribute):
        return isinstance(node.value, ast.Name) and (node.value.id == what or f"{node.value.id}.{node.attr}" == what)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        return node.id == what
    return bool(called) and called == what.rpartition(".")[2] and what not in _MODULES


_DISPLAYS: dict[str, tuple[type[ast.AST], ...]] = {
    "set": (ast.Set, ast.SetComp),
    "dict": (ast.Dict, ast.DictComp),
    "list": (ast.List, ast.ListComp),
    "tuple": (ast.Tuple,),
}


def _called(node: ast.AST) -> str:
    match node:
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name
    return ""


def _modules(function: Function) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Import):
            yield from (one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]


def _raised(function: Function) -> set[str]:
    found = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Raise) and node.exc is not None:
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            found.add(raised.id if isinstance(raised, ast.Name) else getattr(raised, "attr", ""))
    return found


def _length(function: Function) -> int:
    """The lines of its body without docstring, blank lines and comments."""
    body = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
    nodes = [
        node for one in body for node in ast.walk(one) if isinstance(node, ast.stmt | ast.expr | ast.excepthandler)
    ]
    return len({line for node in nodes for line in (node.lineno, node.end_lineno)})


_CHANGING = frozenset(
    "append extend insert remove pop clear sort reverse update add discard setdefault popitem".split()
)


def _changed(function: Function) -> Iterator[str]:
    """Parameters that it changes: by a method that does, by an item, by `del`; one that was bound anew is its own from then on."""
    own = {one.arg for one in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)}
    nodes = [node for one in function.body for node in ast.walk(one)]
    own -= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in nodes:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if method in _CHANGING:
                if name in own:
                    yield name
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()) if name in own:
                yield name


def conflicts(constraints: Sequence[Constraint], examples: Iterable[Example] = ()) -> tuple[str, ...]:
    """Demands that cannot hold together, each pair in one sentence; examples that contradict one another, too."""
    found = []
    uses = {one.what: one for one in constraints if one.kind == "uses"}
    for one in constraints:
        if one.kind == "avoids":
            for what, other in uses.items():
                if (
                    what == one.what
                    or one.what in _IMPLIED.get(what, ())
                    or (one.what == "import" and what in _MODULES)
                ):
                    found.append(f"“{other.text}” and “{one.text}” cannot both hold.")
        if one.kind == "lines" and one.what == "1":
            found += [f"“{other.text}” takes more than one line." for what, other in uses.items() if what in _BLOCKS]
    growths = [one for one in constraints if one.kind == "growth"]
    found += [f"“{one.text}” and “{other.text}” say different things." for one, other in itertools.pairwise(growths)]  # fmt: skip
    lines = [one for one in constraints if one.kind == "lines"]
    found += [f"“{one.text}” and “{other.text}” say different things." for one, other in itertools.pairwise(lines)]  # fmt: skip
    return (*found, *_examples(examples), *_impossible(constraints))


# What one thing is made of: who uses the first uses the others.
_IMPLIED = {"for": ("loop",), "while": ("loop",), "sort": ("sorted", "builtin"), "sorted": ("sort", "builtin"), "re": ("import",), "Counter": ("import",), "defaultdict": ("import",), "deque": ("import",),
            "heapq": ("import",), "bisect": ("import",), "reduce": ("import",), **dict.fromkeys(("sum", "max", "min", "len", "map", "filter", "reversed", "enumerate", "zip", "any", "all"), ("builtin",))}  # fmt: skip
_BLOCKS = frozenset(("while", "try", "class", "match"))


def _examples(examples: Iterable[Example]) -> Iterator[str]:
    seen: dict[str, Example] = {}
    for one in examples:
        tree = syntax.expression(one.call)
        key = ast.dump(tree) if tree is not None else one.call
        other = seen.setdefault(key, one)
        if (other.gives, other.raised) != (one.gives, one.raised):
            yield f"`{other.call}` is to give {_result(other)} and {_result(one)}."


def _result(one: Example) -> str:
    return one.raised or one.gives


def _impossible(constraints: Sequence[Constraint]) -> Iterator[str]:
    """What no function of Python can do."""
    avoided = {one.what: one for one in constraints if one.kind == "avoids"}
    repeats = {"loop", "recursion", "comprehension", "builtin"}
    if repeats <= set(avoided) and any(one.kind == "growth" and one.what != "1" for one in constraints):
        yield "Without loops, comprehensions, recursion and built-in functions nothing can be gone through."
