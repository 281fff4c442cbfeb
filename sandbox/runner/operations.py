"""What small expressions are made of: each operation with what it takes, what it does, and how it is written.

A value's kind is the name of its type. Operands are written in parentheses where they bind less than the operation needs.
"""

from __future__ import annotations

import collections
import itertools
import math
import operator
import re
from typing import Any, Callable, NamedTuple

# How tightly an expression binds, from a conditional one to a name.
LOOSE, OR, AND, NOT, COMPARED, BITS, SUM, PRODUCT, SIGN, POWER, TIGHT = range(11)
KINDS = ("bool", "int", "float", "str", "list", "tuple", "dict", "set", "NoneType", "range")
_GROUPS = {
    "number": ("int", "float"),
    "row": ("list", "tuple"),
    "text": ("str",),
    "sequence": ("list", "tuple", "str"),
    "many": ("list", "tuple", "set", "str", "range"),
    "group": ("list", "tuple", "set", "range"),
    "one": ("int", "float", "str", "bool", "tuple"),
    "any": KINDS,
}
LARGE = 10**12  # of a number that is made
LONG = 600  # parts of what is made


class Operation(NamedTuple):
    """`written` has {0}, {1} for operands, that bind at least as `binds` says; `words` of a description speak for it. `rare`: it is tried later."""

    takes: tuple[str, ...]
    written: str
    level: int
    binds: tuple[int, ...]
    run: Callable[..., Any]
    words: str = ""
    rare: int = 0


def kinds_of(operation: Operation) -> list[tuple[str, ...]]:
    """The kinds of operands that it takes, as rows."""
    return list(itertools.product(*(_GROUPS.get(one, (one,)) for one in operation.takes)))


def _call(takes: str, written: str, run: Callable[..., Any], words: str = "", rare: int = 0) -> Operation:
    """One whose operands stand between brackets or commas."""
    parts = tuple(takes.split())
    binds = tuple(TIGHT if _is_tight(written, at) else LOOSE for at in range(len(parts)))
    return Operation(parts, written, TIGHT, binds, run, words, rare)


def _is_tight(written: str, at: int) -> bool:
    """Whether an operand stands beside an operator, a dot or a bracket of what is written."""
    own = re.escape("{" + str(at) + "}")
    return re.search(rf"[-+*/%] ?{own}|{own}(?:[.\[]| [-+*/%<>=])", written) is not None


def _binary(takes: str, sign: str, level: int, run: Callable[..., Any], words: str = "", rare: int = 0) -> Operation:
    right = level if level in (OR, AND) else level + 1
    left = level + 1 if level in (POWER, COMPARED) else level
    return Operation(tuple(takes.split()), f"{{0}} {sign} {{1}}", level, (left, right), run, words, rare)


def _against(
    takes: str, written: str, level: int, run: Callable[..., Any], words: str = "", rare: int = 0
) -> Operation:
    """One with a number of its own: "{0} % 2 == 0"."""
    inner = {COMPARED: SUM, PRODUCT: PRODUCT, SUM: SUM, POWER: TIGHT}[level]
    if "%" in written or "//" in written:
        inner = PRODUCT
    return Operation(tuple(takes.split()), written, level, (inner,), run, words, rare)


def _power(one: Any, two: Any) -> Any:
    if abs(two) > 60 or abs(one) > 10**6:
        raise ValueError
    return one**two


def _times(one: Any, two: Any) -> Any:
    if isinstance(one, (str, list, tuple)) and two > 50:
        raise ValueError
    return one * two


def _divided(one: Any, two: Any) -> Any:
    return one / two


def _factorial(one: int) -> int:
    if one > 30:
        raise ValueError
    return math.factorial(one)


def _range(*bounds: int) -> Any:
    made = range(*bounds)
    if len(made) > 400:
        raise ValueError
    return made


def _product(many: Any) -> Any:
    made = 1
    for one in many:
        made *= one + 0  # of numbers alone
        if abs(made) > LARGE:
            raise ValueError
    return made


def _join(sign: str, many: Any) -> str:
    return sign.join(many)


def _joined(many: Any) -> str:
    return "".join(map(str, many))


def _flat(many: Any) -> Any:
    return [one for of in many if not isinstance(of, (str, dict)) or _refused() for one in of]


def _refused() -> bool:
    raise TypeError


def _dict(many: Any) -> Any:
    return dict(many)


def _counted(many: Any) -> Any:
    return dict(collections.Counter(many))


def _isqrt(one: int) -> int:
    return math.isqrt(one)


UNARY = (
    _call("many", "len({0})", len, "length long count size many count"),
    _call("group", "sum({0})", sum, "sum total add addition"),
    _call("many", "max({0})", max, "max maximum largest biggest greatest highest"),
    _call("many", "min({0})", min, "min minimum smallest lowest least"),
    _call("many", "sorted({0})", sorted, "sort sorted ascending order increasing arrange"),
    _call("many", "sorted({0}, reverse=True)", lambda one: sorted(one, reverse=True), "descending reverse sort decreasing", 1),
    _call("sequence", "{0}[::-1]", lambda one: one[::-1], "reverse reversed backwards palindrome rotate"),
    _call("many", "set({0})", set, "unique distinct duplicate duplicates different set same common similar shared"),
    _call("many", "list({0})", list, "list convert"),
    _call("many", "tuple({0})", tuple, "tuple convert"),
    _call("sequence", "{0}[0]", lambda one: one[0], "first head start"),
    _call("sequence", "{0}[-1]", lambda one: one[-1], "last end"),
    _call("sequence", "{0}[1]", lambda one: one[1], "second", 1),
    _call("sequence", "{0}[1:]", lambda one: one[1:], "first rest remove without tail"),
    _call("sequence", "{0}[:-1]", lambda one: one[:-1], "last without remove"),
    _call("sequence", "{0}[::2]", lambda one: one[::2], "alternate even every other", 1),
    _call("sequence", "{0}[1::2]", lambda one: one[1::2], "alternate odd index", 1),
    _call("group", "all({0})", all, "all every whether check"),
    _call("group", "any({0})", any, "any whether check exists"),
    _call("group", "math.prod({0})", _product, "product multiply", 1),
    _call("row", "''.join({0})", "".join, "join string concatenate convert combine"),
    _call("row", "' '.join({0})", " ".join, "join words sentence string", 1),
    _call("group", "''.join(map(str, {0}))", _joined, "string join convert integer concatenate single", 1),
    _call("row", "[part for of in {0} for part in of]", _flat, "flatten flat nested merge elements", 1),
    _call("row", "list(zip(*{0}))", lambda one: list(zip(*one)), "transpose column columns zip", 1),
    _call("row", "dict({0})", _dict, "dictionary dict convert", 1),
    _call("many", "dict(Counter({0}))", _counted, "frequency count occurrences often", 1),
    _call("row", "dict(enumerate({0}))", lambda one: dict(enumerate(one)), "index dictionary", 2),
    _call("str", "{0}.upper()", str.upper, "upper uppercase capital"),
    _call("str", "{0}.lower()", str.lower, "lower lowercase case-insensitive"),
    _call("str", "{0}.title()", str.title, "title capitalize word", 1),
    _call("str", "{0}.capitalize()", str.capitalize, "capitalize capital first"),
    _call("str", "{0}.swapcase()", str.swapcase, "swap swapcase toggle", 1),
    _call("str", "{0}.strip()", str.strip, "strip trim whitespace spaces white"),
    _call("str", "{0}.split()", str.split, "split words word sentence list convert"),
    _call("str", "{0}.isupper()", str.isupper, "upper uppercase whether", 1),
    _call("str", "{0}.islower()", str.islower, "lower lowercase whether", 1),
    _call("str", "{0}.isdigit()", str.isdigit, "digit digits integer numeric", 1),
    _call("str", "{0}.isalpha()", str.isalpha, "alphabet letter letters alphabetic", 1),
    _call("str", "{0}.isalnum()", str.isalnum, "alphanumeric", 1),
    _call("str", "{0}.isspace()", str.isspace, "space whitespace spaces", 1),
    _call("str", "int({0})", int, "integer convert int digit digits"),
    _call("str", "float({0})", float, "float convert", 1),
    _call("str", "ord({0})", ord, "ascii character code value unicode", 1),
    _call("int", "chr({0})", lambda one: chr(one) if 0 < one < 50_000 else _refused(), "ascii character letter", 1),
    _call("int", "bin({0})[2:]", lambda one: bin(one)[2:] if one >= 0 else _refused(), "binary bits", 1),
    _call("int", "bin({0}).count('1')", lambda one: bin(one).count("1"), "set bits binary ones", 1),
    _call("int", "oct({0})[2:]", lambda one: oct(one)[2:] if one >= 0 else _refused(), "octal", 2),
    _call("int", "hex({0})[2:]", lambda one: hex(one)[2:] if one >= 0 else _refused(), "hexadecimal hex", 2),
    _call("str", "int({0}, 2)", lambda one: int(one, 2), "binary decimal", 2),
    _call("int", "str({0})", str, "digits digit string convert palindrome"),
    _call("float", "int({0})", int, "integer floor truncate"),
    _call("float", "round({0})", round, "round nearest", 1),
    _call("number", "float({0})", float, "float", 2),
    _call("float", "math.floor({0})", math.floor, "floor", 1),
    _call("float", "math.ceil({0})", math.ceil, "ceil ceiling", 1),
    _call("number", "math.sqrt({0})", math.sqrt, "root sqrt hypotenuse distance magnitude", 1),
    _call("int", "math.isqrt({0})", _isqrt, "root perfect square", 2),
    _call("int", "math.factorial({0})", _factorial, "factorial", 1),
    _call("number", "math.radians({0})", math.radians, "radian radians", 2),
    _call("number", "math.degrees({0})", math.degrees, "degree degrees", 2),
    _call("number", "abs({0})", abs, "absolute difference distance magnitude"),
    Operation(("number",), "-{0}", SIGN, (SIGN,), operator.neg, "negative opposite", 1),
    _call("int", "range({0})", _range, "range first", 1),
    _call("int", "range(1, {0} + 1)", lambda one: _range(1, one + 1), "first natural up divisors series sum", 1),
    _call("int", "range(2, {0})", lambda one: _range(2, one), "prime divisors divisor", 2),
    _against("number", "{0} ** 2", POWER, lambda one: _power(one, 2), "square squared squares area"),
    _against("number", "{0} ** 3", POWER, lambda one: _power(one, 3), "cube cubes volume cubic"),
    _against("int", "{0} % 2 == 0", COMPARED, lambda one: one % 2 == 0, "even"),
    _against("int", "{0} % 2 != 0", COMPARED, lambda one: one % 2 != 0, "odd"),
    _against("number", "{0} > 0", COMPARED, lambda one: one > 0, "positive"),
    _against("number", "{0} < 0", COMPARED, lambda one: one < 0, "negative"),
    _against("number", "{0} + 1", SUM, lambda one: one + 1, "next"),
    _against("number", "{0} - 1", SUM, lambda one: one - 1, "previous"),
    _call("dict", "list({0})", list, "keys key"),
    _call("dict", "list({0}.values())", lambda one: list(one.values()), "values value"),
    _call("dict", "list({0}.items())", lambda one: list(one.items()), "items pairs tuples", 1),
    _call("dict", "len({0})", len, "length count"),
    _call("dict", "sum({0}.values())", lambda one: sum(one.values()), "sum total values", 1),
    _call("dict", "max({0}, key={0}.get)", lambda one: max(one, key=one.get), "maximum key", 2),
    _call("dict", "sorted({0}.items(), key=lambda pair: pair[1])", lambda one: sorted(one.items(), key=lambda pair: pair[1]), "sort value", 2),
    _call("dict", "dict(sorted({0}.items()))", lambda one: dict(sorted(one.items())), "sort key", 2),
    Operation(("any",), "not {0}", NOT, (NOT,), operator.not_, "not empty whether none", 0),
    _call("row", "max({0}, key={0}.count)", lambda one: max(one, key=one.count), "most common frequent occurrences maximum mode", 1),
    _call("row", "list(itertools.accumulate({0}))", lambda one: list(itertools.accumulate(one)), "cumulative running rolling", 2),
    _call("row", "list(itertools.permutations({0}))", lambda one: list(itertools.permutations(one)) if len(one) < 6 else _refused(), "permutations permutation", 2),
    _call("row", "list(itertools.combinations({0}, 2))", lambda one: list(itertools.combinations(one, 2)) if len(one) < 20 else _refused(), "pairs pair combinations", 2),
    _call("row", "list(zip({0}, {0}[1:]))", lambda one: list(zip(one, one[1:])), "consecutive adjacent pairs", 2),
    _call("many", "list(dict.fromkeys({0}))", lambda one: list(dict.fromkeys(one)), "unique duplicates remove order", 1),
    _call("str", "{0}.split(',')", lambda one: one.split(","), "comma split", 2),
    _call("row", "[list(of) for _, of in itertools.groupby({0})]", lambda one: [list(of) for _, of in itertools.groupby(one)], "consecutive group pack", 2),
    _call("row", "[key for key, _ in itertools.groupby({0})]", lambda one: [key for key, _ in itertools.groupby(one)], "consecutive duplicates remove", 2),
)  # fmt: skip

BINARY = (
    _binary("number number", "+", SUM, operator.add, "sum add total plus perimeter"),
    _binary("number number", "-", SUM, operator.sub, "difference subtract minus less"),
    _binary("number number", "*", PRODUCT, _times, "product multiply area times volume perimeter"),
    _binary("number number", "/", PRODUCT, _divided, "divide average mean ratio division area volume"),
    _binary("int int", "//", PRODUCT, operator.floordiv, "quotient divide floor half"),
    _binary("int int", "%", PRODUCT, operator.mod, "remainder modulo divisible digit mod"),
    _binary("int int", "**", POWER, _power, "power exponent raised", 1),
    _binary("number number", "<", COMPARED, operator.lt, "less smaller whether", 1),
    _binary("number number", ">", COMPARED, operator.gt, "greater larger whether"),
    _binary("number number", ">=", COMPARED, operator.ge, "least", 1),
    _binary("number number", "<=", COMPARED, operator.le, "most", 1),
    _binary("number number", "==", COMPARED, operator.eq, "equal same whether check"),
    _binary("number number", "!=", COMPARED, operator.ne, "not different unequal", 1),
    _call("number number", "max({0}, {1})", max, "maximum larger greater two", 1),
    _call("number number", "min({0}, {1})", min, "minimum smaller two", 1),
    _call("int int", "math.gcd({0}, {1})", math.gcd, "gcd greatest common divisor", 1),
    _binary("int int", "&", BITS, operator.and_, "bitwise bit and", 2),
    _binary("int int", "|", BITS, operator.or_, "bitwise bit or", 2),
    _binary("int int", "^", BITS, operator.xor, "xor bit bitwise signs opposite", 2),
    _call("int int", "range({0}, {1})", _range, "range between", 2),
    _call("int int", "math.comb({0}, {1})", lambda one, two: math.comb(one, two) if 0 <= two <= one < 60 else _refused(), "combination binomial coefficient ways", 2),
    _binary("str str", "+", SUM, operator.add, "concatenate append add join prefix insert"),
    _binary("str str", "in", COMPARED, lambda one, two: one in two, "contains whether substring present check"),
    _binary("str str", "==", COMPARED, operator.eq, "equal same palindrome whether check"),
    _call("str str", "{0}.count({1})", str.count, "count occurrences times"),
    _call("str str", "{0}.split({1})", lambda one, two: one.split(two) if two else _refused(), "split"),
    _call("str str", "{0}.startswith({1})", str.startswith, "start starts begin prefix", 1),
    _call("str str", "{0}.endswith({1})", str.endswith, "end ends suffix", 1),
    _call("str str", "{0}.replace({1}, '')", lambda one, two: one.replace(two, "") if two else _refused(), "remove removing without delete all"),
    _call("str str", "{0}.find({1})", str.find, "find position index first", 1),
    _call("str str", "{0}.rfind({1})", str.rfind, "last position index occurrence", 2),
    _call("str group", "{0}.join({1})", _join, "join separator concatenate", 1),
    _binary("sequence int", "*", PRODUCT, _times, "repeat repeated times", 1),
    _call("sequence int", "{0}[{1}]", lambda one, two: one[two], "index nth kth position element"),
    _call("sequence int", "{0}[:{1}]", lambda one, two: one[:two], "first take up split"),
    _call("sequence int", "{0}[{1}:]", lambda one, two: one[two:], "from after skip drop split rotate"),
    _call("sequence int", "{0}[-{1}:]", lambda one, two: one[-two:], "last", 1),
    _binary("row row", "+", SUM, lambda one, two: one + two, "concatenate merge append add join combine"),
    _binary("row row", "==", COMPARED, operator.eq, "equal same palindrome identical whether check"),
    _binary("set set", "==", COMPARED, operator.eq, "equal same identical whether", 1),
    _call("row row", "list(zip({0}, {1}))", lambda one, two: list(zip(one, two)), "zip pair pairs merge", 1),
    _call("row row", "dict(zip({0}, {1}))", lambda one, two: dict(zip(one, two)), "dictionary map keys values", 1),
    _binary("set set", "&", BITS, operator.and_, "common shared similar intersection both"),
    _binary("set set", "|", BITS, operator.or_, "union all"),
    _binary("set set", "-", SUM, operator.sub, "difference not missing without"),
    _binary("set set", "^", BITS, operator.xor, "symmetric dissimilar either", 1),
    _binary("set set", "<=", COMPARED, operator.le, "subset", 1),
    _binary("one group", "in", COMPARED, lambda one, two: one in two, "contains present whether exists element check"),
    _call("row one", "{0}.count({1})", lambda one, two: one.count(two), "count occurrences times frequency"),
    _call("row one", "{0}.index({1})", lambda one, two: one.index(two), "index position find"),
    _call("list one", "[*{0}, {1}]", lambda one, two: [*one, two], "append add insert", 1),
    _call("tuple one", "(*{0}, {1})", lambda one, two: (*one, two), "append add insert", 1),
    _call("dict one", "{0}[{1}]", lambda one, two: one[two], "value key"),
    _binary("one dict", "in", COMPARED, lambda one, two: one in two, "key present contains exists whether"),
    _call("dict dict", "{{**{0}, **{1}}}", lambda one, two: {**one, **two}, "merge combine dictionaries"),
    _binary("bool bool", "and", AND, lambda one, two: one and two, "and both", 1),
    _binary("bool bool", "or", OR, lambda one, two: one or two, "or either", 1),
    _call("int int", "({0}, {1})", lambda one, two: (one, two), "pair tuple both", 3),
    _call("str int", "{0}.zfill({1})", lambda one, two: one.zfill(two) if two < 80 else _refused(), "zero pad fill width", 3),
    _call("float int", "round({0}, {1})", round, "round decimal places", 1),
    _call("row int", "[{0}[at:at + {1}] for at in range(0, len({0}), {1})]", lambda one, two: [one[at:at + two] for at in range(0, len(one), two)] if two > 0 else _refused(), "chunk chunks split size group", 3),
    _call("row int", "heapq.nlargest({1}, {0})", lambda one, two: sorted(one, reverse=True)[:two], "largest n top", 2),
    _call("row int", "heapq.nsmallest({1}, {0})", lambda one, two: sorted(one)[:two], "smallest n", 2),
)  # fmt: skip

TERNARY = (
    _call("str str str", "{0}.replace({1}, {2})", lambda one, two, three: one.replace(two, three) if two else _refused(), "replace substitute convert"),
    _call("sequence int int", "{0}[{1}:{2}]", lambda one, two, three: one[two:three], "between slice substring from range", 1),
    _call("int int int", "max({0}, {1}, {2})", max, "maximum largest three", 1),
    _call("int int int", "min({0}, {1}, {2})", min, "minimum smallest three", 1),
)  # fmt: skip
