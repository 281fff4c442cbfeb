"""Facts of modules and packages: what they offer, what they import, and who imports them. Read off the project's texts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from analyzers import facts, reach, signatures

from ..workbench import Workbench
from ..world.state import State

TOLD = 6  # names that are told of each kind, in the text form


@dataclass(frozen=True, slots=True)
class Module:
    """A module or a package by its dotted name. `functions` and `classes` are those of its top level that are not private; `modules` a package's own, `packages` the folders with code in it. `imports` and `importers` are
    files of the project, of a package those outside of it."""

    name: str
    kind: Literal["module", "package"]
    file: str
    functions: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    importers: tuple[str, ...] = ()
    complexity: int = 0

    @property
    def summary(self) -> str:
        """A sentence composed of the facts."""
        parts = [
            _count(names, word)
            for names, word in (
                (self.modules, "module"),
                (self.packages, "package"),
                (self.functions, "function"),
                (self.classes, "class"),
            )
            if names
        ]
        holds = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)
        return f"{'Holds' if self.kind == 'package' else 'Offers'} {holds or 'no function and no class'}."


async def of_file(bench: Workbench, root: Path, name: str, text: str) -> Module:
    """Facts of the module in a file (relative POSIX path) with this text."""
    state = await bench.projects.state(root)
    return await asyncio.to_thread(lambda: _module({**state.texts, name: text}, name, state))


async def of_folder(bench: Workbench, root: Path, name: str) -> list[Module]:
    """Facts of a package, or of a folder of modules ("" for the root), and of each module directly in it; nothing where it has no Python file but tests."""
    state = await bench.projects.state(root)
    return await asyncio.to_thread(_folder, state, name)


def _folder(state: State, name: str) -> list[Module]:
    files = state.texts
    below = {file for file in files if not name or file.startswith(f"{name}/")}
    code = sorted(file for file in below if file.endswith(".py") and not reach.is_test_file(file, state.test_files))
    own = [file for file in code if PurePosixPath(file).parent.as_posix() == (name or ".")]
    if not code:
        return []
    graph = reach.imports(files, state.test_files)
    modules = [_module(files, file, state, graph) for file in own]
    imports = {other for file in code for other in graph.get(file, ())} - below
    importers = {file for file, found in graph.items() if file not in below and found & below}
    init = PurePosixPath(name, "__init__.py").as_posix()
    own_init = next((one for one in modules if one.file == init), None)
    packages = {PurePosixPath(file).relative_to(name or ".").parts[0] for file in code if file not in own}
    package = Module(
        (signatures.module_of(init) if name else "") or state.root.name,
        "package",
        name or ".",
        own_init.functions if own_init else (),
        own_init.classes if own_init else (),
        tuple(one.name for one in modules if one is not own_init),
        tuple(sorted(packages)),
        tuple(sorted(imports)),
        tuple(sorted(importers)),
        sum(one.complexity for one in modules),
    )
    return [package, *(one for one in modules if one.name)]


def _module(
    files: Mapping[str, str], name: str, state: State, graph: Mapping[str, frozenset[str]] | None = None
) -> Module:
    found = facts.of_text(files[name]) or ()
    graph = reach.imports(files, state.test_files) if graph is None else graph
    top = [one for one in found if "." not in one.path and not one.path.startswith("_")]
    return Module(
        signatures.module_of(name),
        "module",
        name,
        tuple(one.path for one in top if one.kind != "class"),
        tuple(one.path for one in top if one.kind == "class"),
        (),
        (),
        tuple(sorted(graph.get(name, ()))),
        tuple(sorted(file for file, wanted in graph.items() if name in wanted)),
        sum(one.complexity for one in found if one.kind != "class"),
    )


def module_json(one: Module) -> dict[str, Any]:
    """As docs/protocol.md has it among the symbols of `assay summarize`."""
    told = {
        "file": one.file,
        "functions": list(one.functions),
        "classes": list(one.classes),
        "modules": list(one.modules),
        "packages": list(one.packages),
        "imports": list(one.imports),
        "importedBy": list(one.importers),
        "complexity": one.complexity,
    }
    return {"name": one.name, "kind": one.kind, "line": 1, "summary": one.summary, "source": "facts", "facts": told}


def lines(one: Module) -> Iterator[str]:
    """What is known of it besides its sentence."""
    for word, names in (
        ("Modules", one.modules),
        ("Packages", one.packages),
        ("Functions", one.functions),
        ("Classes", one.classes),
        ("Imports", one.imports),
        ("Imported by", one.importers),
    ):
        if names:
            more = f" and {len(names) - TOLD} more" if len(names) > TOLD else ""
            yield f"{word}: {', '.join(f'`{name}`' for name in names[:TOLD])}{more}."
    if one.complexity:
        yield f"Complexity {one.complexity} in all."


def _count(names: tuple[str, ...], word: str) -> str:
    plural = "classes" if word == "class" else f"{word}s"
    return f"{len(names)} {word if len(names) == 1 else plural}"
