"""Renames and functions that are taken out of others: jedi says what a name means and what lines need, the project's texts what else has to change, the sandbox whether it holds."""

from __future__ import annotations

import ast
import asyncio
import re

from analyzers import renaming, syntax
from analyzers.names import NamesUnavailable
from analyzers.questions import question
from analyzers.questions.code import Thing
from analyzers.questions.naming import near, things
from analyzers.renaming import CannotRename, Spot

from ..nouns import Tell
from ..workbench import Workbench
from ..world.world import World
from .ground import Ground
from .reply import Here, Line, Proposed, Reply
from .wanted import Wanted

LOOK_S = 60.0  # for all places of a name
LEFT = 8  # places that are told of what was left


async def rename(bench: Workbench, known: Ground, world: World, task: Wanted, tell: Tell) -> Reply:
    """A thing under another name, everywhere."""
    code = known.code
    asked = question.read(f"{task.of} in {task.file}" if task.file else task.of)
    every = [one for one in things(code, task.of, asked) if one.kind != "module"]
    every = [one for one in every if not task.file or one.file == task.file or one.file.endswith(f"/{task.file}")]
    own = [one for one in every if not code.is_test(one.file)] or every
    if not own:
        close = "".join(f" There is `{one.path}` ({one.place})." for one in near(code, task.of)[:2])
        where = f" in {task.file}" if task.file else ""
        return Reply((), (f"Nothing{where or ' here'} is called `{task.of}`.{close}",))
    related = renaming.family(code, own[0])
    if others := [one for one in own[1:] if one not in related]:
        which = [Line(f"`{one.path}`", (one.place,)) for one in (own[0], *others)[:LEFT]]
        return Reply(tuple(which), (f"Several things are called `{task.of}`: say which, with its class or file before it.",))  # fmt: skip
    one = own[0]
    try:
        renaming.check(code, one, task.to)
        spots = await _spots(bench, known, world, related, tell)
        made = await asyncio.to_thread(renaming.renamed, code, one, task.to, spots)
    except CannotRename as error:
        return Reply((), (str(error),), (one.path,))
    except NamesUnavailable as error:
        return Reply((), (f"The places of `{one.path}` could not be found: {error}.",), (one.path,))
    files = {name: (code.texts[name], after) for name, after in made.files.items()}
    count = len(made.changed)
    lines = [Line(f"`{one.path}` is named in {count} place{'s' * (count != 1)} of {len(files)} file{'s' * (len(files) != 1)}; all of them get `{task.to}`.", made.changed[:3])]  # fmt: skip
    if made.by_name:
        lines.append(Line(f"Of these {len(made.by_name)} go by the name alone, on objects whose class nothing says; no other thing here has it.", made.by_name[:LEFT], "likely"))  # fmt: skip
    if one.owner and (foreign := _foreign(known, related)):
        lines.append(Line(f"`{foreign}` is a class of others: a method that this takes the place of there keeps its name.", (one.place,), "likely"))  # fmt: skip
    if made.left:
        lines.append(Line(f"Left as they are, for they may mean something else: {len(made.left)} more line{'s' * (len(made.left) != 1)} with `{one.name}`.", made.left[:LEFT], "likely"))  # fmt: skip
    return Reply(tuple(lines), (), (one.path,), Proposed(f"rename {one.path} to {task.to}", files), "rename")


def _foreign(known: Ground, related: list[Thing]) -> str:
    """A base of a class with the thing that is not of the project; "" for none."""
    for one in related:
        cls = next((other for other in known.code.in_file(one.file) if other.kind == "class" and other.path == one.owner), None)  # fmt: skip
        for base in cls.facts.bases if cls is not None and cls.facts is not None else ():
            name = base.partition("[")[0].rpartition(".")[2]
            if name not in ("object", "ABC", "Protocol", "Generic") and not any(c.kind == "class" for c in known.code.by_name.get(name, ())):  # fmt: skip
                return base
    return ""


async def _spots(bench: Workbench, known: Ground, world: World, related: list[Thing], tell: Tell) -> set[Spot]:
    """Where jedi says that the thing is meant, or one that takes its place."""
    found: set[Spot] = set()
    for number, one in enumerate(related):
        tell("places", number, len(related))
        text = known.code.texts[one.file]
        match = re.search(rf"(?<!\w){re.escape(one.name)}(?!\w)", text.split("\n")[one.line - 1])
        if match is None:
            continue
        where = world.where(str(world.root / one.file), text)
        for at in await bench.names.references(where, one.line, match.start(), timeout_s=LOOK_S):
            if name := world.name_of(at.path):
                found.add(Spot(name, at.line, at.column))
        found.add(Spot(one.file, one.line, match.start()))
    return {spot for spot in found if spot.file in known.code.texts}


async def extract(bench: Workbench, known: Ground, world: World, task: Wanted, here: Here | None) -> Reply:
    """Some lines as a function of their own."""
    name = task.file or (here.file if here is not None else "")
    first, last = task.lines if task.lines[0] else (here.first, here.last) if here is not None else (0, 0)
    file = next((one for one in known.code.texts if one == name or one.endswith(f"/{name}")), "") if name else ""
    if not file or not first:
        return Reply((), ("Say which lines of which file: “extract lines 10-14 of src/app.py into total”.",))
    text = known.code.texts[file]
    rows = text.split("\n")
    if not first <= last <= len(rows):
        return Reply((), (f"{file} has {len(rows)} lines.",))
    if any(one.path.rpartition(".")[2] == task.to for one in known.code.in_file(file)):
        return Reply((), (f"{file} has a `{task.to}` already.",))
    if why := await asyncio.to_thread(cannot_be_cut, text, first, last):
        return Reply((), (why,))
    start = first, len(rows[first - 1]) - len(rows[first - 1].lstrip())
    try:
        where = world.where(str(world.root / file), text)
        made = await bench.names.extracted(
            where, start, (last, len(rows[last - 1].rstrip())), task.to, timeout_s=LOOK_S
        )
    except NamesUnavailable as error:
        return Reply((), (f"Nothing was extracted: {error}.",))
    if made.refused or not made.text or made.text == text:
        return Reply((), (f"These lines cannot stand in a function of their own: {(made.refused or 'nothing would change').rstrip('.')}.",))  # fmt: skip
    after = without_conversions(made.text, task.to)
    if given := await asyncio.to_thread(gives_what_is_not_there, after, task.to):
        return Reply((), (f"These lines set `{given}` only where they end by raising; nobody could tell what their function gives.",))  # fmt: skip
    around = known.code.around(file, first)
    place = around.place if around is not None else None
    line = Line(f"Lines {first} to {last} of {file} become `{task.to}`.", (place,) if place else ())
    return Reply((line,), (), (task.to,), Proposed(f"extract {task.to} from {file}", {file: (text, after)}))


def cannot_be_cut(text: str, first: int, last: int) -> str:
    """Why lines cannot stand in a function of their own: they cut a statement, define or wait for something; "" where they may."""
    tree = syntax.module(text)
    if tree is None:
        return "The file does not parse."
    rows = text.split("\n")
    for node in ast.walk(tree):
        for body in (getattr(node, part, None) for part in ("body", "orelse", "finalbody")):
            if not isinstance(body, list) or not body or not isinstance(body[0], ast.stmt):
                continue
            inside = [one for one in body if one.lineno <= last and (one.end_lineno or one.lineno) >= first]
            whole = [one for one in inside if one.lineno >= first and (one.end_lineno or one.lineno) <= last]
            if not whole:
                continue
            before = rows[first - 1 : whole[0].lineno - 1]
            behind = rows[whole[-1].end_lineno or last : last]
            if len(whole) != len(inside) or any(row.strip() and not row.lstrip().startswith("#") for row in (*before, *behind)):  # fmt: skip
                start = min(getattr(one, "lineno", first) for one in (*inside, *([node] if before else [])))
                end = max(getattr(one, "end_lineno", last) or last for one in (*inside, *([node] if before else [])))
                return f"Lines {first} to {last} cut a statement; lines {start} to {end} are whole."
            if any(isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for one in whole):
                return "These lines define something; extract what is in a function."
            if any(isinstance(one, ast.Await | ast.Yield | ast.YieldFrom | ast.AsyncFor | ast.AsyncWith) for each in whole for one in ast.walk(each)):  # fmt: skip
                return "These lines wait for something, or yield: their function would have to be awaited, which is not done here."  # fmt: skip
            return ""
    return f"Lines {first} to {last} are no whole statements."


def gives_what_is_not_there(after: str, name: str) -> str:
    """A name that the new function gives although each of its assignments is followed by a `raise` there; "" for none."""
    made = syntax.module(after)
    function = next((one for _, one in syntax.functions(made) if one.name == name), None) if made is not None else None
    if function is None or not isinstance(last := function.body[-1], ast.Return) or last.value is None:
        return ""
    given = {arg.arg for arg in function.args.args}
    for each in (one.id for one in ast.walk(last.value) if isinstance(one, ast.Name) and one.id not in given):
        stores = [one for one in ast.walk(function) if isinstance(one, ast.Name) and one.id == each and isinstance(one.ctx, ast.Store)]  # fmt: skip
        if stores and all(_ends_in_raise(function, one) for one in stores):
            return each
    return ""


def _ends_in_raise(function: ast.AST, name: ast.Name) -> bool:
    """Whether the innermost block around an assignment ends by raising."""
    best: list[ast.stmt] = []
    for node in ast.walk(function):
        for body in (getattr(node, part, None) for part in ("body", "orelse")):
            if isinstance(body, list) and body and isinstance(body[0], ast.stmt) and any(name is one for each in body for one in ast.walk(each)):  # fmt: skip
                best = body if not best or len(ast.dump(ast.Module(body, []))) < len(ast.dump(ast.Module(best, []))) else best  # fmt: skip
    return bool(best) and isinstance(best[-1], ast.Raise)


def without_conversions(text: str, name: str) -> str:
    """A text without what jedi takes for names in its new function: the letters of `f"{x!r}"`."""
    found = re.search(rf"^(\s*(?:async )?def {re.escape(name)}\()([^)]*)\)", text, re.MULTILINE)
    if found is None:
        return text
    own = re.sub(r"!\w", "", re.split(r"\n\s*(?:async )?def ", text[found.end() :])[0])
    for letter in ("r", "s", "a"):
        if letter in [one.strip() for one in found[2].split(",")] and not re.search(rf"(?<!\w){letter}(?!\w)", own):
            text = re.sub(rf"(\b{re.escape(name)}\((?:[^()]*, )?){letter}(, |(?=\)))", r"\1", text)
            text = re.sub(rf"(\b{re.escape(name)}\([^()]*), \)", r"\1)", text)
    return text
