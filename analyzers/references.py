"""What jedi says for refactorings, in the worker's process: all places of a name in a project, and a file with some lines as a function of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

FILES_LIMIT = 5000  # files with the name that are looked through: jedi by itself stops after thirty
MOST = 20_000


def places(script: Any, request: dict[str, Any]) -> dict[str, Any]:
    """The places of the name at `position` below the project's root, as (path, line from 1, column from 0)."""
    from jedi.inference import references

    references._PARSED_FILE_LIMIT = references._OPENED_FILE_LIMIT = FILES_LIMIT
    root = Path(request["root"])
    found = script.get_references(*request["position"], include_builtins=False)
    own = [one for one in found if one.module_path is not None and Path(one.module_path).is_relative_to(root)]
    return {"places": [(str(one.module_path), one.line, one.column) for one in own[:MOST]]}


def extracted(script: Any, request: dict[str, Any]) -> dict[str, Any]:
    """The document with what stands from `position` to `until` (its line and column) as a function `name`; "refused": jedi's word for why that cannot be."""
    from jedi.api.exceptions import RefactoringError

    line, column = request["position"]
    until_line, until_column = request["until"]
    options = {"until_line": until_line, "until_column": until_column, "new_name": request["name"]}
    try:
        made = script.extract_function(line, column, **options)
    except RefactoringError as error:
        return {"text": "", "refused": str(error)}
    changed = list(made.get_changed_files().values())
    return {"text": changed[0].get_new_code() if changed else "", "refused": ""}
