"""The repository's rules, as tests: layers, sizes, parities, and what must never be written."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from assay.assistant import settings
from evals import pages
from lsp_server import offers

ROOT = Path(__file__).parents[1]
PACKAGES = ("assay", "analyzers", "lsp_server", "mcp_server", "sandbox")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
LINE_LIMIT = 400

# Which files may import what is heavy, or speaks a foreign protocol.
ALLOWED = {
    "docker": {
        "sandbox/images.py",
        "sandbox/engine.py",
        "sandbox/container.py",
        "sandbox/build.py",
        "sandbox/debian_base.py",
        "sandbox/dependencies.py",
        "sandbox/pool.py",
    },
    "pygls": {"lsp_server/*"},
    "lsprotocol": {"lsp_server/*"},
    "jedi": {"analyzers/names_worker.py", "analyzers/references.py", "analyzers/unsaved.py"},
    "tree_sitter": {
        "analyzers/conventions/breaches.py",
        "analyzers/gaps.py",
        "analyzers/older.py",
        "analyzers/syntax.py",
        "analyzers/text.py",
    },
    "xllamacpp": {"assay/engine/service.py"},
    "httpx": {"assay/engine/client.py", "assay/engine/hub.py", "assay/engine/leaving.py", "assay/team/*"},
    "mcp": {"mcp_server/*"},
    "mcp_types": {"mcp_server/*"},
    "starlette": {"assay/engine/web.py", "assay/engine/torch_*", "assay/team/*", "mcp_server/over_http.py"},
    "uvicorn": {"assay/engine/torch_*", "assay/team/*", "mcp_server/over_http.py"},
    "sqlalchemy": {"assay/cli/people.py", "assay/team/*"},
    "alembic": {"assay/team/store/*"},
    "prometheus_client": {"assay/team/gate/tally.py"},
    "cryptography": {"assay/team/certificates.py", "assay/team/record/incoming.py", "assay/team/page/*"},
    "authlib": {"assay/team/page/*"},
    "jinja2": {"assay/team/page/*"},
    "pygal": {"assay/team/page/charts.py", "assay/tune/training/curves.py"},
    "datasketch": {"assay/tune/material/alike.py"},
    "peft": {"assay/tune/training/learner.py"},
    "accelerate": {"assay/tune/training/steps.py"},
    "gguf": {"assay/engine/*", "assay/tune/made/gguf_files.py"},
    "truststore": {"assay/engine/client.py"},
    "typer": {"assay/cli/*"},
    "torch": {"assay/tune/training/*", "assay/engine/torch_*", "assay/engine/vllm_backend/inside/*"},
    "transformers": {"assay/engine/torch_*", "assay/engine/vllm_backend/inside/*"},
    "vllm": {"assay/engine/vllm_backend/inside/*"},
}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_layers_hold() -> None:
    done = subprocess.run(["lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False, env=_own_programs())
    assert done.returncode == 0, done.stdout[-2000:]


def test_no_files_import_each_other_in_a_circle() -> None:
    """Imports for the type checker included: what needs them in a circle is one file, or has a noun missing."""
    modules = {_module(path): path for path in SOURCES}
    graph = {module: _imported_modules(module, path, modules) for module, path in modules.items()}
    while free := [module for module, wanted in graph.items() if not wanted & graph.keys()]:
        for module in free:
            del graph[module]
    left = {module: sorted(wanted & graph.keys()) for module, wanted in graph.items()}
    assert left == {}


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _imported_modules(module: str, path: Path, known: dict[str, Path]) -> set[str]:
    """The files of ours that a file imports, wherever in it the import stands."""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names = {f"{base}.{alias.name}" for alias in node.names}
            found |= {one for one in names if one in known} or {base}
    return (found & known.keys()) - {module}


def test_verdicts_are_made_in_one_file() -> None:
    for path in SOURCES:
        made = {
            node.func.id
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not made & {"Passed", "Failed", "Unverified"} or name(path) == "assay/assistant/proof/verdict.py"


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_file_is_small_documented_and_imports_what_it_may(path: Path) -> None:
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    assert text.count("\n") <= LINE_LIMIT
    assert ast.get_docstring(tree), "a module says what it is for"
    for module in imports(tree) & ALLOWED.keys():
        assert any(fnmatch(name(path), pattern) for pattern in ALLOWED[module]), f"{module} is not imported here"


PARAMETERS = 6


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_function_has_few_parameters(path: Path) -> None:
    """What takes more has a noun missing. A command's parameters are its options, one for each that a person may type."""
    if path.parent == ROOT / "assay" / "cli":
        return
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            names = [one.arg for one in given if one.arg not in ("self", "cls")]
            assert len(names) <= PARAMETERS, f"{node.name} takes {', '.join(names)}"


PLACES = (ROOT, ROOT / "assay" / "assistant")
_MODULE = re.compile(r"(?:[a-z_]+/)*[a-z_]+(?:\.(?:py|json|toml)|/)")


def _of_page(told: str) -> Path | None:
    """The file or folder that a page means by a path."""
    return next((place / told for place in PLACES if (place / told).exists()), None)


def test_every_path_of_the_architecture_exists() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    told = [one for one in re.findall(r"`([^`\s]+)`", text) if _MODULE.fullmatch(one)]
    rooms = [
        "analyzers",
        "sandbox",
        "lsp_server",
        "mcp_server",
        "vscode-extension",
        "assay/engine",
        "assay/tune",
        "assay/team",
        "assay/team/store",
    ]
    below = [*(ROOT / one for one in rooms), *(one for one in (ROOT / "assay" / "assistant").iterdir() if one.is_dir())]
    missing = [one for one in told if _of_page(one) is None and not any((place / one).exists() for place in below)]
    assert len(told) > 80
    assert missing == []


def test_every_symbol_of_where_would_i_change_is_in_its_file() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    table = text.partition("### Where would I change")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    found = re.findall(r"`([\w/]+\.(?:py|toml))`: ((?:`[\w.]+`(?:, | \([^)]*\), )?)+)", table)
    assert len(rows) >= 20 and len(found) > 20
    for file, symbols in found:
        path = _of_page(file) or ROOT / "assay" / "assistant" / "hints" / file
        source = path.read_text("utf-8")
        for symbol in re.findall(r"`([\w.]+)`", symbols):
            last = symbol.rpartition(".")[2]
            assert re.search(rf"\b(?:def|class) {last}\b|^\s*{last}\b[^\n]*=", source, re.M), f"{file} has no {symbol}"
    for wanted in ("or a new one", "what red and green prove", "a rule of what is left out", "a new feature"):
        assert any(wanted in row for row in rows), wanted


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_sleep_says_why(path: Path) -> None:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if re.search(r"\btime\.sleep\(", line) and path.name != "battery.py":
            assert "tidy: allow-sleep" in line, number


def test_trees_are_built_by_one_thread_at_a_time() -> None:
    """`ast.parse` in two threads of Python 3.11 fails: all go through `syntax`, but for programs of their own."""
    alone = {
        "analyzers/syntax.py",
        "analyzers/names_worker.py",
        "sandbox/runner/calls_step.py",
        "sandbox/runner/codes.py",
    }
    assert {name(path) for path in SOURCES if re.search(r"\bast\.parse\(", path.read_text("utf-8"))} == alone


def test_no_drawer_for_everything() -> None:
    words = {"utils", "util", "helpers", "helper", "common", "core", "misc", "data", "info", "manager"}
    assert [name(p) for p in SOURCES if p.stem in words or p.parent.name in words] == []


def test_what_is_made_from_the_table_is_current() -> None:
    """The settings page, and the settings of the editors' clients."""
    for path, text in pages.written().items():
        assert path.read_text("utf-8") == text, f"{name(path)}: run `python -m evals.pages`"


def test_the_extension_lists_every_setting_with_its_limits() -> None:
    manifest = json.loads((ROOT / "vscode-extension" / "package.json").read_text("utf-8"))
    _, server = manifest["contributes"]["configuration"]
    for setting in settings.TABLE:
        told = server["properties"][f"assay.{setting.name}"]
        assert told["default"] == setting.default
        assert told.get("enum", []) == list(setting.choices)
        is_free = setting.by_project == "tighten" and setting.name != "offline"
        assert (told["scope"] == "machine") is not is_free, "a folder may tighten, and nothing else"


def test_no_command_of_the_extension_is_one_of_the_servers() -> None:
    """The client library registers the server's own by itself, and ends where one is there."""
    manifest = json.loads((ROOT / "vscode-extension" / "package.json").read_text("utf-8"))
    own = {one["command"] for one in manifest["contributes"]["commands"]}
    own |= set(
        re.findall(r'^    "(assay\.\w+)":', (ROOT / "vscode-extension/src/commands.ts").read_text("utf-8"), re.M)
    )
    assert len(own) > 20 and not own & offers.COMMANDS.keys()


def test_every_command_of_the_extension_is_one_it_registers() -> None:
    manifest = json.loads((ROOT / "vscode-extension" / "package.json").read_text("utf-8"))
    source = "".join(path.read_text("utf-8") for path in (ROOT / "vscode-extension" / "src").glob("*.ts"))
    for command in manifest["contributes"]["commands"]:
        assert re.search(rf'"{command["command"]}": (async )?\(', source), command["command"]


def test_the_neovim_plugin_is_small_files_that_say_what_they_are_for() -> None:
    manual = (ROOT / "neovim" / "doc" / "assay.txt").read_text("utf-8")
    for path in (ROOT / "neovim").rglob("*.lua"):
        text = path.read_text("utf-8")
        assert text.startswith("--- "), f"{path.name} says what it is for"
        assert text.count("\n") <= LINE_LIMIT
    words = re.findall(r"^  (\w+) = \{$", (ROOT / "neovim" / "lua" / "assay" / "commands.lua").read_text("utf-8"), re.M)
    assert len(words) > 10
    for word in words:
        assert f":Assay {word}" in manual, f":Assay {word} is not in the manual"


def test_the_extension_is_small_files_on_the_stable_api_and_calls_nobody() -> None:
    manifest = json.loads((ROOT / "vscode-extension" / "package.json").read_text("utf-8"))
    assert "enabledApiProposals" not in manifest
    for path in (ROOT / "vscode-extension" / "src").glob("*.ts"):
        text = path.read_text("utf-8")
        assert text.startswith("// "), f"{path.name} says what it is for"
        assert text.count("\n") <= LINE_LIMIT
        assert not re.search(r"telemetry|https?\.request|\bfetch\(|node:https?|XMLHttpRequest|WebSocket", text, re.I), (
            path.name
        )


def test_every_setting_is_used() -> None:
    text = "".join(p.read_text("utf-8") for p in SOURCES if p.name != "settings.py")
    for setting in settings.TABLE:
        assert f'"{setting.name}"' in text or setting.name.startswith("verify."), setting.name


def test_every_dependency_has_its_reason() -> None:
    decisions = "".join(p.read_text("utf-8") for p in (ROOT / "docs" / "decisions").glob("*.md")).lower()
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    listed = re.search(r"^dependencies = \[(.*?)^\]", project, re.S | re.M)
    assert listed
    for dependency in re.findall(r'"([\w-]+)', listed[1]):
        assert f"`{dependency.lower()}`" in decisions, f"{dependency} has no line in docs/decisions"


def test_every_document_that_is_linked_exists() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{name(page)} links to {target}"


def test_every_command_of_the_readme_exists() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    commands = (ROOT / "assay" / "cli" / "commands.py").read_text("utf-8")
    for word in set(re.findall(r"`assay ([a-z]+)", readme)):
        assert word in commands, f"assay {word}"


def test_nothing_of_this_machine_is_written_down() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    for file in tracked:
        path = ROOT / file
        if path.suffix in (".py", ".md", ".toml", ".lock", ".yml", "") and path.is_file() and path != Path(__file__):
            text = path.read_text("utf-8", "replace")
            assert (
                not re.search(r"(?<![\w.])/(?:work|farm)/(?!project|big|planted|dev\b|x\b)\w", text)
                or "sandbox" in file
                or "tests" in file
            ), file


def _own_programs() -> dict[str, str]:
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
