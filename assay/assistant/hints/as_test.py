"""A call that was seen to fail, as a test of its own: in the module's test file where there is one, else in a new one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from analyzers import homes


@dataclass(frozen=True, slots=True)
class Written:
    """What is to be written behind the end of a test file; `is_new` where there is no such file yet."""

    name: str
    text: str
    is_new: bool


def written(texts: Mapping[str, str], name: str, call: str, detail: str) -> Written | None:
    """The test of `call`, a call of something in the file `name`, whose exception was `detail`; `texts` are the project's files. None for a file that
    nobody can import by its name."""
    module = homes.importable(name, texts)
    if not module:
        return None
    target = homes.test_file(texts, name)
    function = call.partition("(")[0].strip()
    before = texts.get(target, "")
    taken = re.findall(r"\bdef (\w+)", before)
    test = homes.free(f"test_{_word(function)}_{_word(call.partition('(')[2])}".rstrip("_"), taken)
    body = f"def {test}() -> None:\n    {call}  # {(detail.splitlines() or [''])[0][:80]}\n"
    if target in texts:
        has_it = homes.imports(before, module, function)
        local = "" if has_it else f"    from {module} import {function}\n\n"
        body = body.replace("() -> None:\n", f"() -> None:\n{local}", 1)
        ends = len(before) - len(before.rstrip("\n"))
        return Written(target, "\n" * max(0, 3 - ends if before.strip() else 0) + body, is_new=False)
    return Written(target, f"from {module} import {function}\n\n\n{body}", is_new=True)


def _word(text: str) -> str:
    return "_".join(re.findall(r"[a-z0-9]+", text.lower()))[:40].strip("_")
