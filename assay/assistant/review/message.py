"""A commit message from what a change does to the project's functions: a subject of at most 72 characters, and a line for each file. It says what differs, and claims no reason. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analyzers.gaming import compared
from analyzers.gaming.compared import Compared, Function

from .report import area

WIDTH, NAMED = 72, 3  # characters of a subject; names in it


@dataclass(frozen=True, slots=True)
class Changes:
    """What becomes of the functions of one file, by their dotted names; `renamed` are pairs whose code is the same but for the name, `called` those that are called otherwise."""

    file: str
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    called: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, by their new names."""
        return (*self.added, *(new for _, new in self.renamed), *self.changed, *self.removed)


def of(change: Compared) -> str:
    """The message."""
    code = [_of_file(change, name) for name in change.files(tests=False)]
    tests = [_of_file(change, name) for name in change.files(tests=True)]
    others = [name for name in change.changed if not name.endswith((".py", ".pyi"))]
    body = [line for one in (*code, *tests) for line in _line(one, change)]
    body += [f"- {name}{' is new' if name not in change.before else ' is gone' if name not in change.after else ''}" for name in others]  # fmt: skip
    return "\n".join([_subject(code, tests, others, change), "", *body]) if body else _subject(code, tests, others, change)  # fmt: skip


def _of_file(change: Compared, name: str) -> Changes:
    old, new = change.old(name), change.new(name)
    added = [one for one in new if one not in old]
    removed = [one for one in old if one not in new]
    renamed = []
    for gone in list(removed):
        same = next((one for one in added if _body(old[gone]) == _body(new[one])), None)
        if same is not None:
            renamed.append((gone, same))
            added.remove(same)
            removed.remove(gone)
    both = [one for one in new if one in old and ast.dump(old[one]) != ast.dump(new[one])]
    inner = [
        one for one in both if any(other.startswith(f"{one}.") for other in both)
    ]  # a function around one that changed
    changed = [one for one in both if one not in inner]
    called = [one for one in changed if compared.parameters(old[one]) != compared.parameters(new[one])]
    return Changes(name, tuple(added), tuple(changed), tuple(removed), tuple(renamed), tuple(called))


def _body(node: Function) -> str:
    return repr((ast.dump(node.args), [ast.dump(one) for one in node.body]))


def _subject(code: Sequence[Changes], tests: Sequence[Changes], others: Sequence[str], change: Compared) -> str:
    main = [one for one in code if one.names] or [one for one in tests if one.names]
    if not main:
        files = [one.file for one in (*code, *tests)] or list(others)
        verb = "Add" if all(name not in change.before for name in files) else "Remove" if all(name not in change.after for name in files) else "Change"  # fmt: skip
        return _cut(f"{verb} {_several([name.rpartition('/')[2] for name in files])}")
    pairs = [pair for one in main for pair in one.renamed]
    if pairs and len(pairs) == sum(len(one.names) - len(one.changed) for one in main):
        return _cut(f"Rename {_several([f'{_last(a)} to {_last(b)}' for a, b in pairs])}")
    for verb, names in (
        ("Add", [name for one in main for name in one.added]),
        ("Change", [name for one in main for name in one.changed]),
        ("Remove", [name for one in main for name in one.removed]),
    ):
        if names:
            where = dict.fromkeys(area(one.file) for one in main)
            of_area = f" in {next(iter(where))}" if len(where) == 1 and next(iter(where)) != "." else ""
            return _cut(f"{verb} {_several(list(map(_last, names)))}{of_area}")
    return _cut(f"Change {_several([one.file.rpartition('/')[2] for one in main])}")


def _last(name: str) -> str:
    return name.rpartition(".")[2] if not name.endswith("__init__") else name.rpartition(".")[0] or name


def _several(names: Sequence[str]) -> str:
    unique = list(dict.fromkeys(names))
    if len(unique) > NAMED:
        return f"{', '.join(unique[:NAMED])} and {len(unique) - NAMED} more"
    return " and ".join([", ".join(unique[:-1]), unique[-1]] if len(unique) > 1 else unique)


def _cut(text: str) -> str:
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"


def _line(one: Changes, change: Compared) -> Iterator[str]:
    if one.file not in change.after:
        yield f"- {one.file} is gone"
        return
    parts = []
    for verb, names in (("adds", one.added), ("changes", one.changed), ("removes", one.removed)):
        if names:
            parts.append(f"{verb} {', '.join(names)}")
    parts += [f"{old} is called {new}" for old, new in one.renamed]
    parts += [f"{name} takes other arguments" for name in one.called]
    told = f": {'; '.join(parts)}" if parts else ""
    yield f"- {one.file}{' (new)' if one.file not in change.before else ''}{told}".replace("\n", " ")  # fmt: skip
