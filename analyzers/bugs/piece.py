"""What a pattern looks at: a module's statements as a tree whose nodes know what is around them, and what a pattern finds in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Signatures = Mapping[
    str, tuple[str, ...]
]  # the module's functions and methods by name: their positional parameters, without `self`

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef
SCOPES = (*FUNCTIONS, ast.Lambda, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Code that is likely wrong, by the pattern `code`: where it is, one sentence on why, and how likely it is wrong (0 to 1). `instead` is what
    was probably meant in the place of `node`; "" where nobody can say."""

    code: str
    node: ast.AST
    message: str
    confidence: float
    instead: str = ""


class Passage:
    """Statements of a module with what is around each node; `signatures` are the whole module's."""

    def __init__(self, tree: ast.Module, signatures: Signatures) -> None:
        self.tree = tree
        self.signatures = signatures
        self.nodes: list[ast.AST] = list(ast.walk(tree))
        self._parents = {child: node for node in self.nodes for child in ast.iter_child_nodes(node)}

    def parent(self, node: ast.AST) -> ast.AST | None:
        """What a node stands right in."""
        return self._parents.get(node)

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """What a node stands in, from the inside."""
        while (above := self._parents.get(node)) is not None:
            yield above
            node = above

    def function(self, node: ast.AST) -> Function | None:
        """The function around it; None at module or class level, and in a lambda."""
        scope = next((one for one in self.around(node) if isinstance(one, SCOPES)), None)
        return scope if isinstance(scope, FUNCTIONS) else None

    def binds(self, node: ast.AST, name: str) -> bool:
        """Whether the function around a node gives `name` a meaning of its own."""
        function = self.function(node)
        return function is not None and any(
            (isinstance(one, ast.arg) and one.arg == name)
            or (isinstance(one, ast.Name) and one.id == name and isinstance(one.ctx, ast.Store))
            for one in ast.walk(function)
        )

    def is_in_a_test(self, node: ast.AST) -> bool:
        """Whether it stands in a test, where odd code is written on purpose."""
        return any(isinstance(one, FUNCTIONS) and one.name.startswith("test") for one in self.around(node))

    def is_expected_to_fail(self, node: ast.AST) -> bool:
        """Whether it stands in a `try`, or a `with` such as those of tests that want an exception."""
        for above in self.around(node):
            if isinstance(above, ast.Try | ast.With | ast.AsyncWith):
                return True
            if isinstance(above, FUNCTIONS):
                return False
        return False

    def functions(self) -> Iterator[Function]:
        """Every function in it."""
        return (node for node in self.nodes if isinstance(node, FUNCTIONS))

    def blocks(self) -> Iterator[list[ast.stmt]]:
        """Every list of statements."""
        for node in self.nodes:
            for name in ("body", "orelse", "finalbody"):
                block = getattr(node, name, None)
                if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                    yield block


def own(function: ast.AST) -> Iterator[ast.AST]:
    """What is below a node, without what is below the functions and classes in it."""
    stack = list(ast.iter_child_nodes(function))
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, SCOPES):
            stack += ast.iter_child_nodes(node)


def same(one: ast.AST, other: ast.AST) -> bool:
    """Whether two pieces of code read the same."""
    return ast.dump(one) == ast.dump(other)


def told(node: ast.AST) -> str:
    """Code as a sentence quotes it."""
    text = ast.unparse(node)
    return text if len(text) <= 60 else f"{text[:57]}..."


def is_plain(node: ast.AST) -> bool:
    """Whether evaluating it twice gives the same: names, attributes, constants and arithmetic of them."""
    plain = (
        ast.Name,
        ast.Attribute,
        ast.Constant,
        ast.BinOp,
        ast.UnaryOp,
        ast.Subscript,
        ast.Slice,
        ast.expr_context,
        ast.operator,
        ast.unaryop,
    )
    return all(isinstance(one, plain) for one in ast.walk(node))


def parameters(function: Function) -> tuple[str, ...]:
    """The names of its positional parameters."""
    return tuple(one.arg for one in (*function.args.posonlyargs, *function.args.args))


def signatures(tree: ast.AST) -> dict[str, tuple[str, ...]]:
    """The functions and methods below a tree by their names, without `self` and `cls`; of a name that several have, none."""
    found: dict[str, tuple[str, ...]] = {}
    twice: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS):
            names = parameters(node)
            own_names = names[1:] if names[:1] in (("self",), ("cls",)) else names
            if node.name in found and found[node.name] != own_names:
                twice.add(node.name)
            found[node.name] = own_names
    return {name: names for name, names in found.items() if name not in twice}
