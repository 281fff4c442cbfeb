"""Files of a project that are not as they are on disk, for jedi, whose project knows files on disk alone; in the worker's process."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

_TEXTS: set[str] = set()  # the paths of what parso holds that was no file


def take_in(script: Any, path: Path, text: str, paths: list[Path]) -> None:
    """Have jedi import this text instead of the file, under each name that it can have, whether there is such a file or not."""
    from jedi.file_io import KnownContentFileIO
    from jedi.inference.base_value import ValueSet
    from jedi.inference.value.module import ModuleValue

    state = script._inference_state  # jedi's project knows files on disk alone
    is_package, dotted = path.stem == "__init__", path.parent if path.stem == "__init__" else path.with_suffix("")
    for base in paths:
        if dotted != base and dotted.is_relative_to(base):
            names = dotted.relative_to(base).parts
            module = ModuleValue(
                state,
                state.parse(code=text, path=path, cache=False, diff_cache=True),
                file_io=KnownContentFileIO(str(path), text),
                string_names=names,
                code_lines=_rows(text),
                is_package=is_package,
            )
            state.module_cache.add(names, ValueSet([module]))


def forget(given: Collection[str]) -> None:
    """Before a request in which `given` paths come as text: have all others read from disk again. What was parsed from a text stands in parso's memory
    as if it were the file."""
    from parso.cache import parser_cache

    for path in _TEXTS.difference(given):
        for known in parser_cache.values():
            known.pop(Path(path), None)
    _TEXTS.clear()
    _TEXTS.update(path for path in given if path)


def _rows(text: str) -> list[str]:
    from parso.utils import split_lines

    return list(split_lines(text, keepends=True))
