"""What summaries say, checked by other means than those that made them.

`python -m evals.summaries DATA`: the 150 functions of the standard library whose docstrings' first sentences are known. Each function's facts are held against its bytecode (compiled, never run) and its
tokens; then lies are planted into facts that hold, one each, and the check must find them (`--lies N`). The composed sentences are compared with the authors' (ROUGE-L, F1 over lower-case words, and the
same of words without endings), with the function's name masked too, beside its name and arguments alone. Renaming local variables must change no fact; negating a condition or taking out a `raise` must
change one.
"""

from __future__ import annotations

import argparse
import ast
import copy
import dis
import gzip
import inspect
import io
import json
import random
import re
import textwrap
import tokenize
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import CodeType
from typing import Any

from analyzers import facts, sentence, words
from assay.assistant.summarize import shapes
from assay.assistant.summarize.symbols import Symbol

SEED = 21
Item = dict[str, str]
Claims = dict[str, Any]


def load(data: Path) -> list[Item]:
    """The functions: file, name, code without its docstring, ref."""
    found: list[Item] = json.loads(gzip.decompress((data / "stdlib-doc-dev150.json.gz").read_bytes()))
    return found


def every_claim(code: str) -> list[Claims]:
    """What `assay summarize --json` says of the functions in a text."""
    found = facts.of_text(code)
    assert found
    told: list[Claims] = shapes.summary_json([Symbol(one, sentence.of(one)) for one in found])["symbols"]
    return told


def claims_of(code: str) -> Claims:
    """Of the first one."""
    return every_claim(code)[0]


# ---- the check


def wrong(claims: Claims, code: str) -> Iterator[str]:
    """The claims that bytecode and tokens contradict, each in words."""
    own = _code(code, claims["name"])
    told = claims["facts"]
    tokens = list(_own_tokens(code))
    texts = [token.string for token in tokens]
    names = {one["name"] for one in told["parameters"]}
    real = set(_parameters(own)) - {"self", "cls"}
    if names != real:
        yield f"parameters {sorted(names ^ real)}"
    for name in re.findall(r"`([^`]+)`", claims["summary"]):
        if name not in real:
            yield f"the sentence names {name}"
    if told["yields"] != bool(own.co_flags & (inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR)):
        yield "yields"
    if told["async"] != bool(own.co_flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR)):
        yield "async"
    may_swallow = any(
        one.opname == "WITH_EXCEPT_START" for one in dis.get_instructions(own)
    )  # of which the compiler knows nothing
    if (
        not told["yields"]
        and not may_swallow
        and any(one["text"] == "None" for one in told["returns"]) != _returns_none(own)
    ):
        yield "returns None"
    raised = set(_raised(texts))
    for one in told["raises"]:
        if one["name"] not in raised:
            yield f"raises {one['name']}"
    if (
        raised
        and "try" not in texts
        and "with" not in texts
        and "match" not in texts
        and not {one["name"] for one in told["raises"]} >= {r for r in raised if _is_class(r)}
    ):
        yield "a raise is left out"
    steps = list(dis.get_instructions(own))
    stored = {
        one.argval
        for before, one in pairwise(steps)
        if one.opname in ("STORE_ATTR", "DELETE_ATTR") and before.argval == "self"
    }
    stored |= set(re.findall(r"\bself\.(\w+) *(?:[-+*/%&|^@]|//|\*\*|<<|>>)= ", code))
    if set(told["setsAttributes"]) != stored:
        yield f"attributes {sorted(set(told['setsAttributes']) ^ stored)}"
    for name in told["changesArguments"]:
        if name not in real or not re.search(
            rf"\b{name}\b\s*(\.\s*\w+\s*(\(|=|,|[-+*/|&^%]=)|\[)|\bdel\b[^\n]*\b{name}\b|\b{name}\s*\.", code
        ):
            yield f"changes {name}"
    for name in told["changesGlobals"]:
        if name not in _names(own):
            yield f"changes the module's {name}"
    for one in told["outside"]:
        if not set(one["call"].split(".")) <= _names(own):
            yield f"does {one['what']}"
    for name in told["callees"]:
        if not set(name.split(".")) <= _names(own):
            yield f"calls {name}"
    if told["complexity"] != 1 + sum(_branches(tokens)):
        yield f"complexity {told['complexity']} against {1 + sum(_branches(tokens))}"


def _code(code: str, name: str) -> CodeType:
    free = {one for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Nonlocal) for one in node.names}
    outer = "".join(f"    {one} = None\n" for one in sorted(free)) + textwrap.indent(code, "    ")
    found: list[CodeType] = [compile(f"def outer():\n{outer}\n", "<text>", "exec", dont_inherit=True)]
    for one in found:
        found += [inner for inner in one.co_consts if isinstance(inner, CodeType)]
        if one.co_name == name:
            return one
    raise KeyError(name)


def _names(own: CodeType) -> set[str]:
    """All names that a function's own code mentions, that of comprehensions in it too."""
    found = {*own.co_names, *own.co_varnames, *own.co_freevars, *own.co_cellvars}
    for inner in own.co_consts:
        if isinstance(inner, CodeType) and inner.co_name.startswith("<") and inner.co_name != "<lambda>":
            found |= _names(inner)
    return found


def _parameters(own: CodeType) -> list[str]:
    count = own.co_argcount + own.co_kwonlyargcount
    count += bool(own.co_flags & inspect.CO_VARARGS) + bool(own.co_flags & inspect.CO_VARKEYWORDS)
    return list(own.co_varnames[:count])


def _returns_none(own: CodeType) -> bool:
    """Whether some way ends by giving None: the compiler leaves out what cannot be reached."""
    steps = [
        one
        for one in dis.get_instructions(own)
        if one.opname not in ("NOP", "POP_TOP", "SWAP", "POP_EXCEPT", "CACHE", "COPY", "RERAISE")
    ]
    return any(
        one.opname == "RETURN_VALUE" and before.opname == "LOAD_CONST" and before.argval is None
        for before, one in pairwise(steps)
    )


def _own_tokens(code: str) -> Iterator[tokenize.TokenInfo]:
    """The tokens of the function's body, without those of functions and classes in it; lambdas stay."""
    depth, nested, is_head, past_head = 0, 0, False, False
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.INDENT:
            depth += 1
            if is_head and past_head and not nested:
                nested = depth
            is_head = False
        elif token.type == tokenize.DEDENT:
            if nested == depth:
                nested = 0
            depth -= 1
        elif token.type == tokenize.NAME and token.string in ("def", "class") and not nested:
            past_head, is_head = depth > 0, True
        elif not nested and depth > 0 and not (is_head and past_head):
            yield token
        if token.type == tokenize.NEWLINE and is_head and not past_head:
            is_head = False


def _raised(texts: list[str]) -> Iterator[str]:
    """The names behind `raise`, and those that handlers name where something bare is raised."""
    for at, text in enumerate(texts):
        if text == "raise":
            name, end = "", at + 1
            while end < len(texts) and (texts[end].isidentifier() or texts[end] == "."):
                name, end = name + texts[end], end + 1
            yield name
        if text == "except":
            end = at + 1
            name = ""
            while end < len(texts) and texts[end] != ":":
                if texts[end].isidentifier() or texts[end] == ".":
                    name += texts[end]
                else:
                    yield name
                    name = ""
                end += 1
            yield name.removesuffix("as") or "BaseException"
            yield name.split("as")[0]


def _is_class(name: str) -> bool:
    return name.rpartition(".")[2][:1].isupper()


def _branches(tokens: list[tokenize.TokenInfo]) -> Iterator[int]:
    is_lambda = 0
    for token in tokens:
        if token.type == tokenize.NAME and token.string == "lambda":
            is_lambda = token.start[0]
        if is_lambda == token.start[0]:
            continue  # of a line with a lambda nothing behind it is counted: it may be the lambda's
        yield token.type == tokenize.NAME and token.string in ("if", "elif", "for", "while", "except", "and", "or")


# ---- lies


def lies(claims: Claims, chance: random.Random) -> Claims:
    """The same claims with one that is not true."""
    told = copy.deepcopy(claims)
    own = told["facts"]

    def raises() -> None:
        own["raises"].append({"name": "WrongTurnError", "line": 1, "condition": None, "passedOn": False})

    def none() -> None:
        if any(one["text"] == "None" for one in own["returns"]):
            own["returns"] = [one for one in own["returns"] if one["text"] != "None"]
        else:
            own["returns"].append({"type": "None", "text": "None"})

    def yields() -> None:
        own["yields"] = not own["yields"]

    def attribute() -> None:
        own["setsAttributes"].append("never_set")

    def parameter() -> None:
        own["parameters"].append({"name": "not_there", "kind": "", "annotation": None, "default": None})

    def argument() -> None:
        own["changesArguments"].append("not_there")

    def module() -> None:
        own["changesGlobals"].append("NOT_THERE")

    def outside() -> None:
        own["outside"].append({"what": "deletes a file", "call": "nowhere.remove"})

    def complexity() -> None:
        own["complexity"] += 1

    def callee() -> None:
        own["callees"].append("never.called")

    def said() -> None:
        told["summary"] = told["summary"].rstrip(".") + " of the `not_there`."

    kinds: list[Callable[[], None]] = [
        raises,
        attribute,
        parameter,
        argument,
        module,
        outside,
        complexity,
        callee,
        said,
    ]
    if not own["yields"]:
        kinds.append(none)
    chance.choice([*kinds, yields] if not any(one["text"] == "None" for one in own["returns"]) else kinds)()
    return told


# ---- other forms of a function


def renamed(code: str) -> str:
    """Its local variables by other names."""
    tree = ast.parse(code)
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    own = _code(code, function.name)
    outer = {name for node in ast.walk(function) if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names}
    bound = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    local = (
        ((set(own.co_varnames) | set(own.co_cellvars)) & bound)
        - {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
        - outer
    )
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id in local:
            node.id = f"renamed_{node.id}"
        elif isinstance(node, ast.ExceptHandler) and node.name in local:
            node.name = f"renamed_{node.name}"
    return ast.unparse(tree)


def negated(code: str) -> str | None:
    """Its first condition the other way round; None where there is none."""
    tree = ast.parse(code)
    for node in ast.walk(tree.body[0]):
        if isinstance(node, ast.If | ast.While):
            node.test = ast.UnaryOp(ast.Not(), node.test)
            return ast.unparse(ast.fix_missing_locations(tree))
    return None


def without_raise(code: str) -> str | None:
    """Its first `raise` of a class taken out; None where there is none."""
    tree = ast.parse(code)
    for node in ast.walk(tree.body[0]):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            for at, one in enumerate(block if isinstance(block, list) else ()):
                if isinstance(one, ast.Raise) and one.exc is not None and claims_of(code)["facts"]["raises"]:
                    block[at] = ast.Pass()
                    return ast.unparse(ast.fix_missing_locations(tree))
    return None


# ---- sentences


def tokens_of(text: str, *, stems: bool) -> list[str]:
    """Lower-case words, without endings on request."""
    found = re.findall(r"[a-z0-9]+", text.lower())
    return [re.sub(r"(?<=\w{3})(ing|ies|es|s|ed)$", "", one) for one in found] if stems else found


def rouge_l(said: str, truth: str, *, stems: bool = False) -> float:
    """F1 of the longest common subsequence (Lin 2004), in percent."""
    one, other = tokens_of(said, stems=stems), tokens_of(truth, stems=stems)
    row = [0] * (len(other) + 1)
    for word in one:
        new = [0]
        for at, candidate in enumerate(other):
            new.append(row[at] + 1 if word == candidate else max(row[at + 1], new[at]))
        row = new
    return 200 * row[-1] / (len(one) + len(other)) if one and other else 0.0


def sentences(items: list[Item]) -> None:
    """The table of sentences."""

    def told(item: Item) -> str:
        return str(claims_of(item["code"])["summary"])

    def masked(item: Item) -> str:
        return str(claims_of(re.sub(rf"\bdef {item['name']}\b", "def function", item["code"], count=1))["summary"])

    def plain(item: Item) -> str:
        names = [one["name"] for one in claims_of(item["code"])["facts"]["parameters"]]
        return " ".join(" ".join(words.of_name(name)) for name in (item["name"], *names))

    for label, say in (("composed", told), ("composed, name masked", masked), ("name and arguments", plain)):
        scores = [(rouge_l(say(item), item["ref"]), rouge_l(say(item), item["ref"], stems=True)) for item in items]
        print(
            f"ROUGE-L {label}: {sum(a for a, _ in scores) / len(scores):.1f}, without endings {sum(b for _, b in scores) / len(scores):.1f}"
        )


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description="What summaries say, checked by other means.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--lies", type=int, default=50)
    parser.add_argument("--show", action="store_true", help="each claim that does not hold")
    chosen = parser.parse_args()
    items, chance = load(chosen.data), random.Random(SEED)
    held = 0
    for item in items:
        found = list(wrong(claims_of(item["code"]), item["code"]))
        held += not found
        if found and chosen.show:
            print(f"  {item['name']}: {', '.join(found)}")
    print(f"facts that hold: {held} of {len(items)} functions")
    sample = [chance.choice(items) for _ in range(chosen.lies)]
    seen = sum(bool(list(wrong(lies(claims_of(item["code"]), chance), item["code"]))) for item in sample)
    print(f"planted lies found: {seen} of {len(sample)}")
    same = [every_claim(ast.unparse(ast.parse(item["code"]))) == every_claim(renamed(item["code"])) for item in items]
    print(f"the same with local variables renamed: {sum(same)} of {len(same)}")
    for label, form in (("a condition negated", negated), ("a raise taken out", without_raise)):
        pairs = [(item["code"], other) for item in items if (other := form(item["code"])) is not None]
        differ = sum(every_claim(code) != every_claim(other) for code, other in pairs)
        print(f"facts that change with {label}: {differ} of {len(pairs)}")
    sentences(items)


if __name__ == "__main__":
    main()
