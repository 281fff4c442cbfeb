"""Calls to try a function with: of the types that its text speaks of, at their edges, near its literals, and drawn by chance from a seed. Made as source, nothing is run."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from . import inputs, values
from .subjects import Parameter, Subject

USUAL = ("int", "str", "list[int]", "float", "list[str]", "dict[str, int]", "list[list[int]]", "bool")
KINDS_SURE, KINDS_GUESSED = 3, 4  # types of one parameter that are tried
COMBINED = 40  # sets of types for all parameters
FEW = 4  # calls that tell whether a set of types is taken
LENGTH = 160  # characters of a call
JOINT = 6  # literals that are taken together, two by two
SWAPPED = 0.25  # of values that are given again: nearly the same ones
DEEPEST = 3  # instances that hold instances
TEXTS, ELSEWHERE = "*", 0.3  # texts that were used for any parameter, and how often one of them is
SEEN = 0.6  # of steps are as they were seen

Kinds = tuple[str, ...]


def combinations(subject: Subject) -> tuple[Kinds, ...]:
    """Sets of types for the parameters that a call gives, the likeliest first."""
    each = [_kinds(one) for one in given(subject)]
    first = tuple(0 for _ in each)
    left, seen, ranked = [(0, first)], {first}, list[tuple[int, ...]]()
    while left and len(ranked) < COMBINED:  # all of them would be as many as no memory holds
        total, at = heapq.heappop(left)
        ranked.append(at)
        for place, of in enumerate(each):
            other = (*at[:place], at[place] + 1, *at[place + 1 :])
            if other[place] < len(of) and other not in seen:
                seen.add(other)
                heapq.heappush(left, (total + 1, other))
    return tuple(tuple(of[index] for of, index in zip(each, at, strict=True)) for at in ranked)


def given(subject: Subject) -> tuple[Parameter, ...]:
    """The parameters that calls give: all whose types are known, and those that have to be given."""
    return tuple(one for one in subject.parameters if one.kinds or not one.default)


def few(subject: Subject, kinds: Kinds) -> tuple[str, ...]:
    """Calls that tell whether these types are taken."""
    return tuple(itertools.islice(_calls(subject, kinds, random.Random(0), skips=1), FEW))


def many(subject: Subject, kinds: Kinds, count: int, seed: int) -> tuple[str, ...]:
    """So many calls with these types, the simple ones first, each once."""
    return tuple(itertools.islice(_calls(subject, kinds, random.Random(seed), skips=0), count))


def one_call(subject: Subject, chance: random.Random, used: dict[str, list[object]]) -> str:
    """A call with values of the likelier types, some as they were `used` before for a parameter of that name, defaults left out now and then."""
    if subject.seen and chance.random() < SEEN:
        return f"{subject.name}({chance.choice(subject.seen)})"
    values = []
    for one in subject.parameters:
        if one.default and chance.random() < (0.5 if one.kinds else 0.7):
            continue
        if (known := used.get(one.name)) and chance.random() < 0.5:
            again = chance.choice(known)
            values.append((one, _another(again, chance) if chance.random() < SWAPPED else again))
            continue
        kinds = _kinds(one)
        if TEXTS in used and kinds[0] == "str" and chance.random() < ELSEWHERE:
            again = chance.choice(used[TEXTS])
            values.append((one, _another(again, chance) if chance.random() < 0.5 else again))
            continue
        kind = kinds[min(int(chance.expovariate(1.2)), len(kinds) - 1)]
        is_pooled = chance.random() < 0.6 and not (subject.depth and "own:" in kind)
        value = chance.choice(pool(kind, subject)[:6]) if is_pooled else drawn(kind, subject, chance)
        used.setdefault(one.name, []).append(value)
        if isinstance(value, str) and value:
            used.setdefault(TEXTS, []).append(value)
        values.append((one, value))
    return _call(subject.name, [one for one, _ in values], [value for _, value in values])


def _another(value: object, chance: random.Random) -> object:
    """Nearly the same value: a text in the other case, a number beside it."""
    if isinstance(value, str):
        return value.swapcase()
    return value + chance.choice((-1, 1)) if type(value) is int else value


def near(subject: Subject, calls: Sequence[str]) -> tuple[str, ...]:
    """Calls that differ from these in one argument."""
    return tuple(one for one in inputs.variants(calls) if one not in calls)


def _kinds(parameter: Parameter) -> Kinds:
    if parameter.is_sure and parameter.kinds:
        return parameter.kinds[:KINDS_SURE]
    return tuple(dict.fromkeys((*parameter.kinds[:KINDS_GUESSED], *USUAL)))[: KINDS_GUESSED + 2]


def _calls(subject: Subject, kinds: Kinds, chance: random.Random, *, skips: int) -> Iterator[str]:
    """Without end, but for a function that needs nothing. The first values of each type by turns, then drawn ones."""
    parameters = given(subject)
    if not parameters:
        yield f"{subject.name}()"
        return
    pools = [pool(kind, subject) for kind in kinds]
    seen: set[str] = set()
    steady = max(map(len, pools)) * (2 if len(pools) > 1 else 1)
    misses = 0
    for turn in itertools.count(skips):
        if turn < steady:
            values = [pool[(turn * (1 + 2 * place) + place) % len(pool)] for place, pool in enumerate(pools)]
        else:
            values = [
                chance.choice(pool) if chance.random() < 0.35 else drawn(kind, subject, chance)
                for kind, pool in zip(kinds, pools, strict=True)
            ]
        gives = [one for one in zip(parameters, values, strict=True) if turn % 3 or not one[0].default]
        call = _call(subject.name, [one for one, _ in gives], [value for _, value in gives])
        if call in seen or len(call) > LENGTH:
            misses += 1
            if misses > 200:
                return
            continue
        misses = 0
        seen.add(call)
        yield call


def _call(name: str, parameters: Sequence[Parameter], values: Sequence[object]) -> str:
    """Defaults that stand between are passed over by name."""
    told, is_named = list[str](), False
    for parameter, value in zip(parameters, values, strict=True):
        is_named = is_named or parameter.is_keyword or bool(parameter.default)
        told.append(f"{parameter.name}={value!r}" if is_named else repr(value))
    return f"{name}({', '.join(told)})"


_POOLS: dict[str, tuple[object, ...]] = {
    "int": (2, 0, 1, 5, -1, 10, 3, 7, -4, 12, 4, 100, 9, 6, 8, 15, 24, 37, 1000),
    "float": (1.5, 0.0, 2.0, -1.0, 0.1, 3.75, 100.0, -2.5, 10.0, 1.0),
    "str": ("abc", "", "a", "Hello World", "aba", "a1b2", "Aa", "hello", "12", "racecar", "the quick brown fox", "aab", "x y  z", "()", "ABC", "a,b,c", "10", "3.5", "bcda"),
    "bool": (True, False),
    "bytes": (b"abc", b"", b"\x00\xff"),
    "complex": (1 + 2j, 0j),
    "None": (None,),
    "list[int]": ([3, 1, 2], [], [1], [1, 2, 3, 4], [2, 2, 1], [-1, 0, 5], [5, 4, 3, 2, 1], [1, 2, 2, 3, 3, 3], [10, -20, 30, 4], [0, 0], [7, 8, 9, 10, 11, 12], [1, 3, 5], [2, 4, 6]),
    "list[float]": ([1.5, 2.0, 0.5], [], [1.0], [-1.5, 2.5, 3.0, 2.5], [0.1, 0.2], [10.0, 20.0, 5.0]),
    "list[str]": (["abc", "b", "aa"], [], ["a"], ["Hello", "world", "a"], ["x", "x", "y"], ["1", "22", "a1"], ["", "ab"], ["apple", "Bob", "cat", "abc"]),
    "list[bool]": ([True, False], [], [True]),
    "list[list[int]]": ([[1, 2], [3, 4]], [], [[1]], [[3, 1], [2]], [[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[]], [[0, 1], [1, 0]], [[5], [1, 2], [3, 3, 3]]),
    "list[tuple]": ([(1, 2), (3, 4)], [], [(2, 1)], [(1, 2), (2, 3)], [(1, 4), (2, 6), (9, 9)], [("a", 3), ("b", 1)], [(1, 5), (2, 2), (1, 3)]),
    "dict[str, int]": ({"a": 1, "b": 2}, {}, {"x": 5}, {"b": 2, "a": 1, "c": 3}, {"k": 0, "m": -1}),
    "dict[str, dict[str, int]]": ({"a": {"b": 1}, "b": {"c": 2}, "c": {}}, {"a": {"b": 4, "c": 1}, "c": {"b": 2}}, {}, {"a": {"a": 1}}, {"b": {"a": 3}, "a": {"c": 1}}),
    "dict": ({"a": "", "b": 0, "c": None}, {"a": 1, "b": 2}, {}, {"a": {"b": 1}}, {"a": {"c": 2}, "d": 3}, {1: "x"}, {"k": [1, 2]}, {"a": {"b": {"c": 1}}}),
    "set[int]": ({1, 2, 3}, set(), {1}, {2, 4, 6, 8}),
    "tuple[int]": ((1, 2), (), (3,), (3, 1, 2), (2, 2, 5, 1)),
    "any": (1, "a", None, 2.5, [1]),
    "callable": tuple(map(values.Written, ("lambda *args: 1", "str", "len", "lambda *args: None", "bool"))),
}  # fmt: skip


def pool(kind: str, subject: Subject) -> list[object]:
    """Values of a type: simple ones and edges, and what is near the literals of the code."""
    if kind.startswith("new:"):
        return list(values.known(kind))
    if kind.startswith("own:") and (
        ready := [one.ready for one in subject.makers if one.name == kind[4:] and one.ready]
    ):
        return list(map(values.Written, ready[0]))
    literals = subject.literals
    own = list(_POOLS.get(kind, ()))
    if not own:
        own = [_made(kind, subject, random.Random(seed), size) for seed, size in enumerate((2, 0, 1, 3, 4, 2, 3))]
    close = [one for literal in literals for one in _close(kind, literal)]
    close += _joint(kind, literals)
    mixed = [one for pair in itertools.zip_longest(own, close) for one in pair if one is not None or kind == "None"]
    found: dict[str, object] = {}
    for one in mixed:
        found.setdefault(repr(one), one)
    return list(found.values()) or [None]


def _joint(kind: str, literals: Sequence[object]) -> list[object]:
    """What two literals make together: numbers, where a share of one is compared with the other, and texts with another sign in the place of one."""
    if kind == "str":
        signs = [one for one in literals if isinstance(one, str) and one and len(one) <= 2 and not one.isalnum()]
        texts = [one for one in literals if isinstance(one, str) and len(one) > 2]
        swapped: Iterator[object] = (
            text.replace(one, other) for text in texts for one, other in itertools.permutations(signs, 2) if one in text
        )
        return [*dict.fromkeys(swapped)][: 4 * JOINT]
    if kind not in ("int", "float"):
        return []
    numbers = [one for one in literals if isinstance(one, int | float) and one not in (0, 1)][:JOINT]
    found = dict[object, None]()
    for one, other in itertools.permutations(numbers, 2):
        for made in (one * other, one + other, one - other):
            if abs(made) < 1e9 and (kind == "float" or abs(made - round(made)) < 1e-9):
                found[round(made) if kind == "int" else float(made)] = None
    return list(found)[: 4 * JOINT]


def _close(kind: str, literal: object) -> Iterator[object]:
    match kind, literal:
        case "int", int(number):
            yield from (number, number + 1, number - 1)
        case "float", int(number) | float(number):
            yield from (float(number), number + 0.5, number - 0.5)
        case "str", str(text):
            yield from (text, f"a{text}b", text * 2)
            if text.isalpha() and len(text) > 1:
                yield from (text.swapcase(), text.capitalize(), f" {text} ")
        case "bytes", bytes(data):
            yield from (data, data + b"a")
        case "list[str]", str(text) if text:
            yield from ([text], ["a", text, "b"])
        case "list[int]", int(number):
            yield from ([number], [number, 1, number + 1])
        case "dict[str, int]", str(text) if text:
            yield {text: 1, "a": 2}


def drawn(kind: str, subject: Subject, chance: random.Random) -> object:
    """A value of a type by chance, small ones mostly."""
    return _made(kind, subject, chance, chance.choice((0, 1, 2, 2, 3, 3, 4, 5, 7)))


def _made(kind: str, subject: Subject, chance: random.Random, size: int) -> object:
    literals = subject.literals
    if kind.startswith("="):
        return inputs.literal(kind[1:])
    if kind.startswith("new:"):
        return chance.choice(values.known(kind))
    if kind.startswith("own:"):
        return _instance(kind[4:], subject, chance, size)
    base, _, inner = kind.rstrip("…").partition("[")
    parts = _split(inner.removesuffix("]"))

    def of(place: int = 0, usual: str = "int") -> object:
        part = parts[min(place, len(parts) - 1)] if parts else usual
        return _made(part or usual, subject, chance, max(0, size - 1))

    match base:
        case "int":
            numbers = [one for one in literals if type(one) is int and abs(one) < 10**6]
            if numbers and chance.random() < 0.3:
                return chance.choice(numbers) + chance.choice((-1, 0, 0, 1))
            return chance.choice((chance.randint(0, 9), chance.randint(-9, 30), chance.randint(0, 200)))
        case "float":
            return round(chance.choice((chance.uniform(-5, 10), chance.uniform(0, 100))), 2)
        case "str":
            return _text(literals, chance, size)
        case "bool":
            return chance.random() < 0.5
        case "bytes":
            return bytes(chance.randrange(256) for _ in range(size))
        case "complex":
            return complex(chance.randint(-3, 3), chance.randint(-3, 3))
        case "list":
            made = [of() for _ in range(size)]
            return made + made[:1] if made and chance.random() < 0.3 else made
        case "tuple":
            many = len(parts) < 2
            return tuple(of(place) for place in range(size if many else len(parts)))
        case "set" | "frozenset":
            flat = [one for one in (of() for _ in range(size)) if not isinstance(one, list | dict | set)]
            return set(flat) if base == "set" else frozenset(flat)
        case "dict":
            keys = [of(0, "str") for _ in range(size)]
            return {key: of(1) for key in keys if not isinstance(key, list | dict | set)}
        case "None":
            return None
        case "callable":
            return chance.choice(_POOLS["callable"])
    return chance.choice((chance.randint(0, 9), "a", [1, 2]))


def _instance(name: str, subject: Subject, chance: random.Random, size: int) -> object:
    """One of a class of the module, or None where that goes on without end."""
    maker = next((one for one in subject.makers if one.name == name), None)
    if maker is None:
        return None
    if maker.ready:
        return values.Written(chance.choice(maker.ready))
    # Classes that take one another: what is deeper is None, and each level makes one value and no pool.
    left = tuple(one for one in subject.makers if one is not maker) if subject.depth < DEEPEST else ()
    return values.Written(one_call(replace(maker, makers=left, depth=subject.depth + 1), chance, {}))


def _text(literals: Sequence[object], chance: random.Random, size: int) -> str:
    texts = [one for one in literals if isinstance(one, str) and one]
    signs = [one for one in texts if len(one) == 1 and not one.isalnum() and not one.isspace()]
    if signs and chance.random() < 0.15:  # "/1", "~2": a sign and a small number
        return chance.choice(signs) + str(chance.randint(0, 3))
    letters = chance.choice(("abc", "abcxyz", "aAbB", "0123456789", "ab 12", "aeiouxyz", "()[]{}"))
    if any(len(one) == 1 and not one.isalnum() for one in texts) and chance.random() < 0.5:
        letters = "0123456789"  # signs stand between numbers, mostly
    if texts and chance.random() < 0.6:
        letters += "".join(texts)
        if chance.random() < 0.4:
            return "".join(chance.choice((*texts, chance.choice(letters))) for _ in range(size))
    if chance.random() < 0.25:
        words = ("the", "cat", "sat", "Dog", "level", "on", "a", "code", "Python3", "it")
        return " ".join(chance.choice(words) for _ in range(size))
    return "".join(chance.choice(letters) for _ in range(size + chance.randint(0, 3)))


def _split(inner: str) -> list[str]:
    """The types between the brackets of one."""
    found, depth, start = list[str](), 0, 0
    for at, sign in enumerate(inner):
        depth += (sign == "[") - (sign == "]")
        if sign == "," and not depth:
            found.append(inner[start:at].strip())
            start = at + 1
    return [*found, inner[start:].strip()] if inner else []


def kind_of(value: object) -> str:
    """The type of a literal's value, as `Parameter.kinds` has it."""
    match value:
        case None:
            return "None"
        case list() | tuple() | set() | frozenset():
            inner = {kind_of(one) for one in value}
            base = "set" if isinstance(value, set | frozenset) else type(value).__name__
            if base == "tuple" and len(value) == len(inner) == 0:
                return "tuple[int]"
            return f"{base}[{min(inner)}]" if len(inner) == 1 else f"{base}[int]" if not inner else f"{base}[any]"
        case dict():
            keys, values = {kind_of(one) for one in value}, {kind_of(one) for one in value.values()}
            both = len(keys) == len(values) == 1
            return f"dict[{min(keys)}, {min(values)}]" if both else "dict"
    return type(value).__name__
