"""Write what is made from the settings table: `python -m evals.pages` makes docs/settings.md and the editors' lists of settings.

A test compares each of them with what `written` gives. What the editors' own parts are set by stands here, for the server knows nothing of it.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assay import __version__
from assay.assistant.settings import TABLE, Setting, schema, shown
from assay.team import config as team

ROOT = Path(__file__).parents[1]
HEAD = """# Settings

Made from the table in `assay/assistant/settings.py` by `python -m evals.pages`; a test fails when it is out of date.

Sources, weakest first: this table, your `settings.toml` (`assay settings` prints where it is), environment variables (`engine.url` is
`ASSAY_ENGINE_URL`), the editor (the object `assay` in `initializationOptions` or its configuration). What comes of them, a project's `[tool.assay]` in
`pyproject.toml` may tighten, and never the other way: {tighten}. A window with several folders reads
each one's; a package in a folder may tighten more.
The key of a server is read from the file that `engine.api_key_file` names, or from ASSAY_ENGINE_API_KEY, which an editor with a secret storage sets.

| name | default | what it is |
|---|---|---|
"""

HEAD = HEAD.replace("{tighten}", ", ".join(f"`{s.name}`" for s in TABLE if s.by_project == "tighten"))

TEAM = """# What `serve.toml` may say

Made from the table in `assay/team/config.py` by `python -m evals.pages`; a test fails when it is out of date. [team.md](team.md) says what for. A file is looked for from the server's folder. `[limits.member]`, `[limits.lead]` and `[limits.admin]` have the same names as `[limits]`.

| name | default | what it is |
|---|---|---|
"""

# What a folder's own settings may say in VS Code. `offline` is not among them: it says where data goes, and a folder is untrusted.
BY_FOLDER = tuple(s.name for s in TABLE if s.by_project == "tighten" and s.name != "offline")

# How VS Code finds and shows the server. Programs and folders are the machine's: a folder's settings never name what is run.
VSCODE: Mapping[str, Mapping[str, Any]] = {
    "path": {"type": "string", "default": "", "scope": "machine",
             "markdownDescription": "An installed `assay` to use instead of the server that the extension installs for itself."},
    "python": {"type": "string", "default": "", "scope": "machine",
               "markdownDescription": "Python 3.11 to 3.13 for the extension's own server; empty takes the Python extension's, or one on the PATH."},
    "wheels": {"type": "string", "default": "", "scope": "machine",
               "markdownDescription": "Folder of wheels to install the server from without a network; empty uses pip's index."},
    "popup": {"type": "string", "default": "auto", "enum": ["auto", "on", "off"], "scope": "window",
              "markdownDescription": "Names in the completion popup: on, off, or where no other extension completes Python names (auto)."},
    "showVerdict": {"type": "boolean", "default": True, "scope": "window",
                    "markdownDescription": "Show the verdict beside the ghost text. The status bar and the hover tell it in any case."},
}  # fmt: skip


def written() -> dict[Path, str]:
    """Each generated file and its whole text, as it has to be now."""
    extension, help_file = ROOT / "vscode-extension", ROOT / "neovim" / "doc" / "assay.txt"
    return {
        ROOT / "docs" / "settings.md": HEAD
        + "".join(f"| `{s.name}` | `{shown(s.default)}` | {s.summary} |\n" for s in TABLE),
        ROOT / "docs" / "serve.md": TEAM
        + "".join(f"| `{one.name}` | `{json.dumps(one.default)}` | {one.summary} |\n" for one in team.TABLE),
        extension / "package.json": _package(json.loads((extension / "package.json").read_text("utf-8"))),
        extension / "src" / "table.ts": _names(),
        help_file: _help(help_file.read_text("utf-8")),
    }


def _package(package: dict[str, Any]) -> str:
    """The extension's manifest with the server's version and settings; the rest of it is written by hand."""
    package["version"] = __version__
    own = {f"assay.{name}": dict(row) for name, row in VSCODE.items()}
    server = {f"assay.{s.name}": _property(s) for s in TABLE}
    package["contributes"]["configuration"] = [
        {"title": "Editor", "properties": own},
        {"title": "Server", "properties": server},
    ]
    restricted = [f"assay.{name}" for name in BY_FOLDER]
    package["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"] = restricted
    return json.dumps(package, indent=2, ensure_ascii=False) + "\n"


def _property(setting: Setting) -> dict[str, Any]:
    told = schema()[setting.name]
    scope = "window" if setting.name in BY_FOLDER else "machine"
    return {"markdownDescription": told.pop("description"), **told, "scope": scope}


def _names() -> str:
    rows = "".join(f'  "{s.name}",\n' for s in TABLE)
    head = "// The server's settings. Made by `python -m evals.pages`; a test fails when it is out of date.\n\n"
    return f"{head}export const TABLE: readonly string[] = [\n{rows}];\n"


def _help(text: str) -> str:
    """Neovim's help with the settings in its last section; the rest of it is written by hand."""
    mark, modeline = "*assay-settings*\n", "\n vim:"
    before = text[: text.rindex(mark) + len(mark)]
    rows = []
    for setting in TABLE:
        name = f"{setting.name} = {shown(setting.default)}"
        rows.append(f"{name}\n{textwrap.indent(textwrap.fill(setting.summary.replace('`', ''), 74), '    ')}\n")
    head = "\nIn `settings`, nested or dotted. Made from the server's table; each with its default.\n\n"
    return before + head + "\n".join(rows) + text[text.rindex(modeline) :]


def main() -> None:
    """Write them."""
    for path, text in written().items():
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
