"""What a function needs around it beside its arguments, as far as its text tells: what it prints or asks, variables of the environment, chance, the clock, forms of files."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

FORMATS = frozenset({"json", "csv", "configparser", "tomllib"})
_OF_FILES = frozenset(
    "read_text read_bytes write_text write_bytes iterdir glob rglob listdir scandir walk makedirs mkdir unlink is_file is_dir exists isfile isdir getsize open".split()
)
_CHANCE = frozenset(
    "random randint choice choices shuffle sample uniform randrange gauss getrandbits betavariate expovariate".split()
)


@dataclass(frozen=True, slots=True)
class Needs:
    """`signs`: that it "prints", "warns", "asks" for input, draws by chance ("seeds"), looks at the "clock", or reads and writes "files". `variables`: names of the environment that it reads; `formats`: modules that read files of a form; `suffix` of the files that it speaks of."""

    signs: frozenset[str] = frozenset()
    variables: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    suffix: str = ""

    @property
    def are_some(self) -> bool:
        """Whether a call has to be prepared, or tells something beside what it gives."""
        return bool(self.signs - {"files"} or self.variables)


def of(nodes: Iterable[ast.AST]) -> Needs:
    """What some functions need together."""
    variables, formats, suffixes = dict[str, None](), dict[str, None](), list[str]()
    signs = set[str]()
    for node in (one for each in nodes for one in ast.walk(each)):
        match node:
            case (
                ast.Call(func=ast.Name(id="print")) | ast.Attribute(value=ast.Name(id="sys"), attr="stdout" | "stderr")
            ):
                signs.add("prints")
            case ast.Call(func=ast.Name(id="open")) | ast.Attribute(value=ast.Name(id="shutil")):
                signs.add("files")
            case ast.Call(func=ast.Attribute(attr=name)) if name in _OF_FILES:
                signs.add("files")
            case ast.Call(func=ast.Name(id="warn") | ast.Attribute(attr="warn", value=ast.Name(id="warnings"))):
                signs.add("warns")
            case ast.Call(func=ast.Name(id="input")):
                signs.add("asks")
            case ast.Call(func=ast.Attribute(value=ast.Name(id="random"), attr=name)) if name in _CHANCE:
                signs.add("seeds")
            case ast.Call(func=ast.Name(id=name)) if name in _CHANCE - {"random", "sample"}:
                signs.add("seeds")
            case ast.Attribute(value=ast.Name(id="time"), attr="time"):
                signs.add("clock")
            case (
                ast.Subscript(
                    value=ast.Attribute(attr="environ") | ast.Name(id="environ"), slice=ast.Constant(value=str(name))
                )
                | ast.Call(
                    func=ast.Attribute(
                        value=ast.Attribute(attr="environ") | ast.Name(id="environ"), attr="get" | "pop"
                    ),
                    args=[ast.Constant(value=str(name)), *_],
                )
                | ast.Call(
                    func=ast.Attribute(attr="getenv") | ast.Name(id="getenv"), args=[ast.Constant(value=str(name)), *_]
                )
                | ast.Compare(left=ast.Constant(value=str(name)), comparators=[ast.Attribute(attr="environ")])
            ):
                variables[name] = None
            case ast.Attribute(value=ast.Name(id=name)) if name in FORMATS:
                formats[name] = None
            case ast.Constant(value=str(text)) if (end := text.rpartition(".")[2]) and text.endswith(f".{end}") and end.isalnum() and end.islower() and 1 < len(end) < 6 and text.removesuffix(f".{end}").isidentifier() | text.startswith((".", "*.")):  # fmt: skip
                suffixes.append(f".{end}")
    return Needs(
        frozenset(signs),
        tuple(variables),
        tuple(formats),
        suffixes[0] if suffixes else "",
    )


NONE = Needs()
