"""A call that was seen to fail, as a test of its own: in the module's test file where there is one, else in a new one."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from analyzers import reach, syntax


@dataclass(frozen=True, slots=True)
class Written:
    """What is to be written behind the end of a test file; `is_new` where there is no such file yet."""

    name: str
    text: str
    is_new: bool


def written(texts: Mapping[str, str], name: str, call: str, detail: str) -> Written | None:
    """The test of `call`, a call of something in the file `name`, whose exception was `detail`; `texts` are the project's files. None for a file that
    nobody can import by its name."""
    names = reach.module_names(name)
    if not names or not all(part.isidentifier() for part in max(names, key=len).split(".")):
        return None
    target = _test_file(texts, name)
    function = call.partition("(")[0].strip()
    module = max(names, key=len).removeprefix("src.")
    before = texts.get(target, "")
    test = _free_name(before, f"test_{_word(function)}_{_word(call.partition('(')[2])}".rstrip("_"))
    body = f"def {test}() -> None:\n    {call}  # {(detail.splitlines() or [''])[0][:80]}\n"
    if target in texts:
        has_it = _imports(before, module, function)
        local = "" if has_it else f"    from {module} import {function}\n\n"
        body = body.replace("() -> None:\n", f"() -> None:\n{local}", 1)
        ends = len(before) - len(before.rstrip("\n"))
        return Written(target, "\n" * max(0, 3 - ends if before.strip() else 0) + body, is_new=False)
    return Written(target, f"from {module} import {function}\n\n\n{body}", is_new=True)


def _test_file(texts: Mapping[str, str], name: str) -> str:
    path = PurePosixPath(name)
    wanted = f"test_{path.stem}.py"
    known = [one for one in texts if PurePosixPath(one).name in (wanted, f"{path.stem}_test.py")]
    if known:
        return min(known, key=len)
    folders = {PurePosixPath(one).parts[0] for one in texts if len(PurePosixPath(one).parts) > 1}
    folder = next((one for one in ("tests", "test") if one in folders), "")
    return f"{folder}/{wanted}" if folder else str(path.with_name(wanted))


def _imports(text: str, module: str, function: str) -> bool:
    tree = syntax.module(text)
    return tree is not None and any(
        isinstance(node, ast.ImportFrom)
        and node.module == module
        and any(alias.name == function and alias.asname is None for alias in node.names)
        for node in tree.body
    )


def _word(text: str) -> str:
    return "_".join(re.findall(r"[a-z0-9]+", text.lower()))[:40].strip("_")


def _free_name(text: str, name: str) -> str:
    number, free = 2, name
    while re.search(rf"\bdef {re.escape(free)}\b", text):
        free, number = f"{name}_{number}", number + 1
    return free
