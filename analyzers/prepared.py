"""Calls with what they need around them, as one expression each: files in a folder of the test's own, variables of the environment, what is typed in, chance and clock that are the same each time; and what comes of them
beside what they give: what was printed, the files as they are then. By the names that pytest has for it. Made as source, nothing is run."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from . import inputs, syntax, tryouts
from .scenarios import LENGTH
from .subjects import Parameter, Subject

_PATHS = re.compile(
    r"(?:.*_)?(?:path|file|filename|fname|folder|dir|directory|src|source|dst|dest|destination|target|root|out|output|log)(?:_.*|name)?|\w*(?:path|file|dir)"
)
_FOLDERS = re.compile(r"(?:.*_)?(?:folder|dir|directory|root|base|where)(?:_.*)?|\w*dir")
_TEXTS = ("a\nb\n", "", "hello world\n", "1\n2\n3\n", "# one\n\nkey = value\n", "a b a\nc\n", "x")
_FORMS = {
    "json": ('{"a": 1, "b": [2, 3]}', "{}", '[1, 2, {"k": "v"}]', '{"name": "x", "id": 7}', "not json"),
    "csv": ("a,b\n1,2\n3,4\n", "name,age\nAnn,31\nBob,7\n", "", "a\n", "x;y\n1;2\n"),
    "configparser": ("[main]\nkey = value\n", "", "[a]\nx = 1\n[b]\ny = 2\n"),
    "tomllib": ('[a]\nkey = "value"\n', "", "x = 1\n"),
}
_VALUES = ("1", "", "abc", "0", "true", "8080", "a,b", "/x/y")
_TYPED = ("5", "", "abc", "y", "no", "12 3")
PRINTED, WARNED = "capsys.readouterr().out", "[str(one.message) for one in recwarn]"
LISTING = "sorted(one.name for one in tmp_path.iterdir())"
LATEST = 4e9  # a time that clocks show
GIVEN, OTHER = "given", "other"


@dataclass(frozen=True, slots=True)
class _Way:
    """Steps before a call, the call, and what is looked at behind it."""

    before: tuple[str, ...]
    call: str
    behind: tuple[str, ...]


def ways(subject: Subject, count: int, seed: int, *, touches: bool, calls: Sequence[str] = ()) -> tuple[str, ...]:
    """So many, each as far as the call, too, and as far as what is before it: so it is known where an exception comes from. `touches`: its calls ask for files; `calls` are some that can be made, where it does not."""
    chance, found = random.Random(seed), dict[str, None]()
    paths = _paths(subject) if touches else ()
    if touches and not paths and not subject.needs.are_some:
        return ()
    for turn in range(count * 2):
        if len(found) >= count:
            break
        way = _way(subject, chance, paths, calls[turn // 2 % len(calls)] if calls and not paths else "")
        for steps in (way.before, (*way.before, way.call), (*way.before, way.call, *way.behind)):
            told = ", ".join(one if ").write_text(" in one else f"repr({one})" for one in steps)
            if told and len(told) + 2 <= LENGTH:
                found[f"[{told}]"] = None
    return tuple(found)[:count]


def _way(subject: Subject, chance: random.Random, paths: Sequence[Parameter], call: str) -> _Way:
    needs, before, behind = subject.needs, list[str](), list[str]()
    texts = [one for one in tryouts.pool("str", subject) if isinstance(one, str)]
    for name in needs.variables:
        value = chance.choice((*_VALUES, *(one for one in texts if name not in one)))
        is_set = chance.random() < 0.75
        before.append(
            f"monkeypatch.setenv({name!r}, {value!r})" if is_set else f"monkeypatch.delenv({name!r}, raising=False)"
        )
    if "seeds" in needs.signs:
        before.append(f"random.seed({chance.choice((0, 1, 2, 7))})")
    if "warns" in needs.signs:
        behind.append(WARNED)
    call = call or ("" if paths else tryouts.one_call(subject, chance, {}))
    if "clock" in needs.signs:
        before.append(f"monkeypatch.setattr('time.time', lambda: {chance.choice(_times(subject, call))})")
    if "asks" in needs.signs:
        typed = chance.choice((*_TYPED, *texts))
        before.append(f"monkeypatch.setattr('builtins.input', lambda *_: {typed!r})")
    if paths:
        prepared, call, looked = _filed(subject, chance, paths)
        before += prepared
        behind += looked
    if "prints" in needs.signs:
        behind.append(PRINTED)
    return _Way(tuple(before), f"asyncio.run({call})" if subject.is_async else call, tuple(behind))


def _times(subject: Subject, call: str) -> list[float]:
    """Some time or other, and what is as far from the numbers in a call as the code's own numbers say."""
    tree = syntax.expression(call)
    given = [inputs.literal(ast.unparse(one)) for one in (*tree.args, *(word.value for word in tree.keywords))] if isinstance(tree, ast.Call) else []  # fmt: skip
    numbers = [float(one) for one in given if isinstance(one, int | float) and not isinstance(one, bool)]
    own = [float(one) for one in subject.literals if isinstance(one, int | float)]
    own += [one for word in subject.parameters if isinstance(one := inputs.literal(word.default), float)]
    near = [at + by + step for at in numbers for by in (0.0, *own, *numbers) for step in (0.0, 0.5, -0.5, 1.0)]
    return [1000.0, 1700000000.0, *(round(one, 6) for one in near if 0 < one < LATEST)]


def _paths(subject: Subject) -> tuple[Parameter, ...]:
    """The parameters that stand for files: those whose type says so, else those whose name does, else the first that may be a text."""
    sure = [one for one in subject.parameters if any("Path" in kind for kind in one.kinds)]
    able = [one for one in subject.parameters if not one.is_sure or "str" in one.kinds]
    named = [one for one in able if _PATHS.fullmatch(one.name.lower())]
    return tuple(sure or named or [one for one in able if not one.kinds or "str" in one.kinds][:1])


def _filed(subject: Subject, chance: random.Random, paths: Sequence[Parameter]) -> tuple[list[str], str, list[str]]:
    """What stands in the folder before, the call with paths in it, and what is looked at afterwards."""
    suffix = subject.needs.suffix or {"json": ".json", "csv": ".csv"}.get(next(iter(subject.needs.formats), ""), ".txt")
    before, places, files = list[str](), dict[str, str](), list[str]()
    for number, one in enumerate(paths):
        place = f"tmp_path / {f'{GIVEN if not number else OTHER}{suffix}'!r}"
        is_folder = bool(_FOLDERS.fullmatch(one.name.lower())) and chance.random() < 0.85
        if is_folder:
            place = "tmp_path" if not number else f"tmp_path / {OTHER!r}"
            for name in chance.sample((f"a{suffix}", f"b{suffix}", "c.md", "Dd.log"), chance.choice((0, 1, 2, 2, 3))):
                before.append(f"({place} / {name!r}).write_text({_text(subject, chance)!r})")
            if number:
                before.insert(0, f"({place}).mkdir()")
        else:
            if chance.random() < (0.8 if not number else 0.15):
                before.append(f"({place}).write_text({_text(subject, chance)!r})")
            files.append(place)
        is_path = any("Path" in kind for kind in one.kinds)
        places[one.name] = place if is_path else f"str({place})"
    looked = [f"({place}).read_text()" for place in files if chance.random() < 0.6]
    if not files or chance.random() < 0.3:
        looked.append(LISTING)
    return before, _with(subject, tryouts.one_call(subject, chance, {}), places), looked


def _with(subject: Subject, call: str, places: dict[str, str]) -> str:
    """A call with other arguments for some of its parameters."""
    tree = syntax.expression(call)
    if not isinstance(tree, ast.Call):
        return call
    given = dict(
        zip([one.name for one in subject.parameters if not one.is_keyword], map(ast.unparse, tree.args), strict=False)
    )
    given |= {one.arg: ast.unparse(one.value) for one in tree.keywords if one.arg}
    given |= places
    told, is_named = list[str](), False
    for one in subject.parameters:
        if one.name in given:
            is_named = is_named or one.is_keyword
            told.append(f"{one.name}={given[one.name]}" if is_named else given[one.name])
        else:
            is_named = True  # a default that is left out
    return ast.unparse(syntax.expression(f"{subject.name}({', '.join(told)})") or tree)


def _text(subject: Subject, chance: random.Random) -> str:
    """What may stand in a file: of its form, simple lines, or what the code speaks of."""
    forms = [text for one in subject.needs.formats for text in _FORMS[one]]
    words = [one for one in subject.literals if isinstance(one, str) and one and "%" not in one]
    if forms and chance.random() < 0.7:
        return chance.choice(forms)
    if words and chance.random() < 0.6:
        rows = [chance.choice((f"{chance.choice(words)}{chance.choice(('', ' x', '1'))}", f"a{chance.choice(words)}b", "a b", "")) for _ in range(chance.choice((1, 2, 3)))]  # fmt: skip
        return "\n".join(rows) + "\n"
    return chance.choice(_TEXTS)


def as_written(step: str) -> str:
    """A step as people write it: without the second pair of brackets that `ast.unparse` has around a generator."""
    return step.replace(f"sorted(({LISTING[7:-1]}))", LISTING)
