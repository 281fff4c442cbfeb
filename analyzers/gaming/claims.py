"""What a test claims: its assertions, one by one, as what is looked at, how, and what is expected. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from .compared import Function, dotted, is_literal

# How much a claim says: "equal" names the answer, "near" all but, "some" one property of it, "truth" that it is something.
Strength = Literal["equal", "near", "some", "truth"]
STRENGTHS: tuple[Strength, ...] = ("truth", "some", "near", "equal")
_METHODS: dict[str, Strength] = {
    "assertEqual": "equal", "assertEquals": "equal", "assertListEqual": "equal", "assertDictEqual": "equal", "assertSetEqual": "equal", "assertTupleEqual": "equal",
    "assertCountEqual": "near", "assertIs": "equal", "assertIsNone": "equal", "assertAlmostEqual": "near", "assertMultiLineEqual": "equal", "assertSequenceEqual": "equal",
    "assertIn": "some", "assertNotIn": "some", "assertIsInstance": "some", "assertNotEqual": "some", "assertIsNot": "some", "assertGreater": "some", "assertGreaterEqual": "some",
    "assertLess": "some", "assertLessEqual": "some", "assertRegex": "some", "assertNotRegex": "some", "assertIsNotNone": "truth", "assertTrue": "truth", "assertFalse": "truth",
}  # fmt: skip
_OF_MOCKS = (
    "assert_called",
    "assert_awaited",
    "assert_not_called",
    "assert_any_call",
    "assert_has_calls",
    "assert_any_await",
    "assert_has_awaits",
    "assert_not_awaited",
)
RAISES = ("pytest.raises", "raises", "self.assertRaises", "self.assertRaisesRegex", "pytest.warns", "self.assertWarns", "self.assertWarnsRegex", "pytest.deprecated_call")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Claim:
    """One: the expression `subject` that is looked at as source, the one that is `expected` ("" for none), how much it says, and where it stands."""

    subject: str
    expected: str
    strength: Strength
    node: ast.AST
    source: str

    @property
    def line(self) -> int:
        """From 1."""
        return int(getattr(self.node, "lineno", 0))


def of_function(node: Function) -> list[Claim]:
    """The claims of a test, in their order, those of functions in it among them."""
    return sorted((claim for one in ast.walk(node) for claim in _of(one)), key=lambda claim: claim.line)


def _of(node: ast.AST) -> Iterator[Claim]:
    match node:
        case ast.Assert(test=test):
            yield from _of_test(test)
        case ast.Call(func=ast.Attribute(attr=name), args=args) if name in _METHODS and args:
            subject = ast.unparse(args[0])
            expected = "None" if name == "assertIsNone" else ast.unparse(args[1]) if len(args) > 1 else ""
            yield Claim(subject, expected, _METHODS[name], node, ast.unparse(node))
        case ast.Call(func=ast.Attribute(value=value, attr=name)) if name.startswith(_OF_MOCKS):
            given = ast.unparse(node).partition("(")[2]
            strength: Strength = "equal" if len(given) > 1 or name == "assert_not_called" else "some"
            yield Claim(f"calls of {ast.unparse(value)}", f"{name}({given}", strength, node, ast.unparse(node))
        case ast.Call(func=func, args=args, keywords=keywords) if (name := dotted(func)) in RAISES:
            kinds = ast.unparse(args[0]) if args else next((ast.unparse(one.value) for one in keywords if one.arg == "expected_exception"), "")  # fmt: skip
            match = next((ast.unparse(one.value) for one in keywords if one.arg == "match"), "")
            match = match or (ast.unparse(args[1]) if name.endswith("Regex") and len(args) > 1 else "")
            yield Claim("what is raised", kinds, "equal" if match else "near", node, ast.unparse(node))
        case ast.Call(func=func) if dotted(func).rpartition(".")[2].startswith(("assert_", "expect_", "check_", "verify_")):  # fmt: skip
            yield Claim(ast.unparse(func), ast.unparse(node), "some", node, ast.unparse(node))


def _of_test(test: ast.expr) -> Iterator[Claim]:
    match test:
        case ast.BoolOp(op=ast.And(), values=values):
            for one in values:
                yield from _of_test(one)
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
            if is_literal(left) and not is_literal(right):
                left, right = right, left
            is_near = isinstance(right, ast.Call) and dotted(right.func).rpartition(".")[2] in ("approx", "isclose")
            yield Claim(ast.unparse(left), ast.unparse(right), "near" if is_near else "equal", test, ast.unparse(test))
        case ast.Compare(left=left, ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
            yield Claim(ast.unparse(left), "not None", "truth", test, ast.unparse(test))
        case ast.Compare(left=left, ops=[ast.In()], comparators=[right]) if isinstance(right, ast.Tuple | ast.List | ast.Set):  # fmt: skip
            yield Claim(ast.unparse(left), ast.unparse(right), "some", test, ast.unparse(test))
        case ast.Compare(left=left, ops=[ast.In() | ast.NotIn()], comparators=[right]):
            yield Claim(ast.unparse(right), ast.unparse(left), "some", test, ast.unparse(test))
        case ast.Compare(left=left, comparators=[*_, right]):
            yield Claim(ast.unparse(left), ast.unparse(right), "some", test, ast.unparse(test))
        case ast.Call(func=ast.Name(id="isinstance" | "issubclass"), args=[subject, kind]):
            yield Claim(ast.unparse(subject), ast.unparse(kind), "some", test, ast.unparse(test))
        case ast.Call(func=func, args=[one, other, *_]) if dotted(func).rpartition(".")[2] in ("isclose", "allclose", "array_equal"):  # fmt: skip
            yield Claim(ast.unparse(one), ast.unparse(other), "near", test, ast.unparse(test))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield Claim(ast.unparse(operand), "", "truth", test, ast.unparse(test))
        case _:
            yield Claim(ast.unparse(test), "", "truth", test, ast.unparse(test))


def cannot_fail(claim: Claim) -> str:
    """Why a claim holds whatever the code does; "" where it may fail."""
    match claim.node:
        case ast.Constant(value=value) if value:
            return "it is a constant"
        case ast.Tuple(elts=[_, *_]):
            return "a tuple is always true"
        case ast.BoolOp(op=ast.Or(), values=values) if any(isinstance(one, ast.Constant) and one.value for one in values):  # fmt: skip
            return "one of its sides is a constant"
        case ast.Call(func=ast.Attribute(attr=name)) if name.startswith(("called_", "has_calls", "awaited_")):
            return f"`{name}` is no assertion of a mock, so it is always true"
        case ast.Attribute(attr=name) if name.startswith(("assert_", "called_once", "called_with")):
            return f"`{name}` is not called"
        case ast.Compare(ops=[ast.GtE()], left=ast.Call(func=ast.Name(id="len")), comparators=[ast.Constant(value=0)]):
            return "a length is never below zero"
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is() | ast.LtE() | ast.GtE()], comparators=[right]):
            return "it compares something with itself" if ast.dump(left) == ast.dump(right) else ""
        case ast.Call(func=ast.Attribute(attr="assertEqual"), args=[left, right, *_]):
            return "it compares something with itself" if ast.dump(left) == ast.dump(right) else ""
        case ast.Call(func=ast.Attribute(attr="assertTrue"), args=[ast.Constant(value=value), *_]) if value:
            return "it is a constant"
        case ast.Call(func=ast.Attribute(attr="assertTrue"), args=[_, ast.Constant(value=value)]) if not isinstance(value, str):  # fmt: skip
            return "its second argument is only a message"
    return ""
