"""Which tests reach a change: by the import graph and by name, from the source alone. Nothing is imported.

What is chosen here is a guess that the run itself checks: only a test that executed a changed line counts.
"""

from __future__ import annotations

import ast
import configparser
import contextlib
import re
import shlex
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate
from functools import lru_cache
from itertools import pairwise
from pathlib import PurePosixPath
from sys import intern

from . import syntax
from .changed import Changed
from .memo import MIB, remembered

FILES = 8192  # whose names are taken apart once
FEW_NAMES = 20  # that are looked for one by one
_WORD = re.compile(r"\w+")
CALLS_LIMIT = 4  # calls between a test and a changed function that are followed by name


PATTERNS = (
    "test_*.py",
    "*_test.py",
    "test.py",
    "tests.py",
)  # pytest's own, and the names that unittest and Django are used to


@dataclass(frozen=True, slots=True)
class Reaching:
    """What may reach a change: test files, the nearest first, and the tests that can be seen in them, as node ids without parameters, the likeliest
    first; `doctests` are those of the changed functions. What a file really holds, pytest's own collection says."""

    files: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    doctests: tuple[str, ...] = ()


def tests(
    files: Mapping[str, str], path: str, changed: Changed, after: ast.Module, patterns: tuple[str, ...] = PATTERNS
) -> Reaching:
    """What may reach a change of `path` among `files` (relative POSIX path → text, the changed file with its new text)."""
    graph = imports(files, patterns)
    importing = importers(graph, path)
    rank = _ranks(set(changed.names), [files[f] for f in importing if f in files])
    ranked: list[tuple[int, int, str]] = []
    found = [file for file, _ in sorted(importing.items(), key=lambda item: item[1]) if is_test_file(file, patterns)]
    for file in found:
        for test, words in _tests_of(file, files[file]):
            ranked.append((min((rank[w] for w in words if w in rank), default=CALLS_LIMIT), importing[file], test))
    ranked.sort(key=lambda item: item[:2])
    return Reaching(tuple(found), tuple(test for _, _, test in ranked), tuple(_doctests(path, changed, after)))


@lru_cache(FILES)
def is_test_file(path: str, patterns: tuple[str, ...] = PATTERNS) -> bool:
    """Whether pytest looks for tests in it, by its name."""
    matches = _any_of(patterns)
    return bool(matches(path.rstrip("/").rpartition("/")[2]) or matches(path))


@lru_cache(64)
def _any_of(patterns: tuple[str, ...]) -> Callable[[str], object]:
    return re.compile("|".join(map(translate, patterns)) or r"(?!)").match


def patterns(configurations: Mapping[str, str]) -> tuple[str, ...]:
    """The names of files in which pytest looks for tests, by the project's configurations (path → text)."""
    found: list[str] = list(PATTERNS)
    for path, text in configurations.items():
        with contextlib.suppress(ValueError, configparser.Error, AttributeError, RecursionError):
            options = _pytest_options(PurePosixPath(path).name, text)
            found += _words_of(options.get("python_files", ""))
            words = _words_of(options.get("addopts", ""))
            found += [word.partition("=")[2] for word in words if word.startswith("--doctest-glob=")]
            found += [after for word, after in pairwise(words) if word == "--doctest-glob"]
    return tuple(dict.fromkeys(found))


def testpaths(configurations: Mapping[str, str]) -> tuple[str, ...]:
    """Where pytest collects tests if nothing is named, by the configuration in the project's root: relative folders, files or patterns of them; () for everywhere."""
    for name in CONFIGURATIONS:
        with contextlib.suppress(ValueError, configparser.Error, AttributeError, RecursionError):
            if options := _pytest_options(name, configurations.get(name, "")):
                found = (PurePosixPath(word).as_posix() for word in _words_of(options.get("testpaths", "")))
                return tuple(one for one in found if one != ".")
    return ()


_EXAMPLES = re.compile(r"(?m)^\s*(?:import|from)\s+(?:doctest|sybil|xdoctest)\b")


def runs_examples(configurations: Mapping[str, str], tests: Iterable[str]) -> bool:
    """Whether a project holds the examples of its docstrings for tests: by pytest's options, or by what the texts of its tests import."""
    for path, text in configurations.items():
        with contextlib.suppress(ValueError, configparser.Error, AttributeError, RecursionError):
            options = _pytest_options(PurePosixPath(path).name, text)
            words = _words_of(options.get("addopts", ""))
            if "doctest_optionflags" in options or any(w.startswith(("--doctest", "--xdoctest")) for w in words):
                return True
    return any(_EXAMPLES.search(text) for text in tests)


def passed_over(configurations: Mapping[str, str]) -> tuple[str, ...]:
    """Patterns of folders in which pytest looks for no tests, by the configuration in the project's root (`norecursedirs`); its own usual ones are not told, for what git tracks in `build` is a test all the same."""
    for name in CONFIGURATIONS:
        with contextlib.suppress(ValueError, configparser.Error, AttributeError, RecursionError):
            if options := _pytest_options(name, configurations.get(name, "")):
                return tuple(_words_of(options.get("norecursedirs", "")))
    return ()


def is_passed_over(path: str, patterns: Iterable[str], testpaths: Iterable[str] = ()) -> bool:
    """Whether pytest does not enter a folder around a file; as pytest has it, a pattern with a slash is one of the end of a whole path, and what is named in `testpaths` is entered whatever it is called."""
    named = next((one for one in testpaths if path == one or path.startswith(f"{one}/")), "")
    folders = [one for one in PurePosixPath(path).parents if one.name and len(str(one)) > len(named)]
    return any(
        fnmatchcase(f"/{folder}", f"*/{pattern}") if "/" in pattern else fnmatchcase(folder.name, pattern)
        for folder in folders
        for pattern in patterns
    )


def is_below(path: str, folders: Iterable[str]) -> bool:
    """Whether a file is one of these, or lies in one."""
    return any(path == one or path.startswith(f"{one}/") or fnmatchcase(path, f"{one}/*") for one in folders)


CONFIGURATIONS = ("pytest.toml", "pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")


def _pytest_options(name: str, text: str) -> Mapping[str, object]:
    if name.endswith(".toml"):
        table = tomllib.loads(text)
        tool = table.get("tool", {}).get("pytest", {}) if name == "pyproject.toml" else table.get("pytest", {})
        return {**tool, **tool.get("ini_options", {})}
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    section = "tool:pytest" if name == "setup.cfg" else "pytest"
    return dict(parser.items(section)) if parser.has_section(section) else {}


def _words_of(value: object) -> list[str]:
    return (
        shlex.split(value, comments=True)
        if isinstance(value, str)
        else [str(one) for one in value]
        if isinstance(value, list)
        else []
    )


def _ranks(names: set[str], texts: list[str]) -> dict[str, int]:
    """Names by how many calls they are away from `names`: 0 for those themselves, 1 for functions that mention them, …"""
    rank = dict.fromkeys(names, 0)
    for calls in range(1, CALLS_LIMIT):
        edge = {name for name, known in rank.items() if known == calls - 1}
        near = (text for text in texts if _may_mention(text, edge))
        found = {name for text in near for name, words in _functions_of(text) if not edge.isdisjoint(words)}
        rank |= {name: calls for name in found if name not in rank}
    return rank


def _may_mention(text: str, names: set[str]) -> bool:
    """Whether one of these names may stand in a text: most files of a large project need not be parsed to know that none does."""
    if not all(map(str.isascii, names)):
        return True  # Python holds some letters for the same
    return any(name in text for name in names) if len(names) <= FEW_NAMES else not names.isdisjoint(_WORD.findall(text))


@remembered(16 * MIB, shared=(str,))  # Python interns the names of a tree
def _functions_of(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The functions of a file that are no tests, by their own names, and the words in each; a method also names its class."""
    tree = syntax.module(text)
    found = []
    for path, node in syntax.functions(tree) if tree is not None else ():
        words = tuple({w for child in ast.walk(node) for w in _mentioned(child)})
        found += [(part, words) for part in path.split(".")[-2:] if not part.startswith(("test", "__"))]
    return tuple(found)


def _mentioned(node: ast.AST) -> tuple[str, ...]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return (name,)
        case _:
            return ()


def imports(files: Mapping[str, str], patterns: tuple[str, ...] = PATTERNS) -> dict[str, frozenset[str]]:
    """Which project files each project file imports. A conftest.py counts as imported by the tests below it."""
    modules: dict[str, list[str]] = {}
    others: dict[str, list[str]] = {}
    for file in files:
        if file.endswith(".py"):
            usual = _usual(names := module_names(file))
            for name in names:
                (modules if name in usual else others).setdefault(name, []).append(file)
    modules = others | modules  # what is found from the usual roots is not looked for from others
    graph = {}
    for file, text in files.items():
        is_test = is_test_file(file, patterns)
        if file.endswith(".py") or is_test:
            found = {_nearest(file, modules[name]) for name in _imported(file, text) if name in modules}
            if is_test:
                found |= {
                    str(p / "conftest.py") for p in PurePosixPath(file).parents if str(p / "conftest.py") in files
                }
            graph[file] = frozenset(found - {file})
    return graph


def _nearest(file: str, candidates: list[str]) -> str:
    """The candidate with the shortest way from `file` through the folders: where two have one name, the neighbour."""
    if len(candidates) == 1:
        return candidates[0]
    own = PurePosixPath(file).parent.parts

    def way(other: str) -> int:
        parts = PurePosixPath(other).parent.parts
        shared = next(
            (i for i, (a, b) in enumerate(zip(own, parts, strict=False)) if a != b), min(len(own), len(parts))
        )
        return len(own) + len(parts) - 2 * shared

    return min(candidates, key=way)


@lru_cache(FILES)
def module_names(file: str) -> tuple[str, ...]:
    """Dotted names under which a file may be imported: any folder above it may be a source root, by settings of pytest, of a build tool, or by what a conftest.py does to `sys.path`."""
    folder, _, name = file.rpartition("/")
    parts = [*folder.split("/"), name.rpartition(".")[0] or name] if folder else [name.rpartition(".")[0] or name]
    if parts[-1] == "__init__":
        parts.pop()
    if not parts:
        return ()
    return tuple(".".join(parts[n:]) for n in range(len(parts)))


def _usual(names: tuple[str, ...]) -> tuple[str, ...]:
    """Of a file's names those from the root and from `src`, and its own beside those who import it."""
    is_below = names and names[0].partition(".")[0] in ("src", "lib", "python")
    return (*names[: 2 if is_below else 1], *names[-1:])


def source_roots(configurations: Mapping[str, str]) -> tuple[str, ...]:
    """The folders from which the project's code is imported, beside its own and `src`, by the configuration in its root: pytest's `pythonpath`, setuptools' `package-dir` and `where`, poetry's and hatch's packages."""
    found: list[str] = []
    for name in CONFIGURATIONS:
        with contextlib.suppress(ValueError, configparser.Error, AttributeError, RecursionError, TypeError):
            found += _words_of(_pytest_options(name, configurations.get(name, "")).get("pythonpath", ""))
    with contextlib.suppress(ValueError, AttributeError, RecursionError, TypeError):
        tool = tomllib.loads(configurations.get("pyproject.toml", "")).get("tool", {})
        setuptools = tool.get("setuptools", {})
        found += [str(place) for name, place in setuptools.get("package-dir", {}).items() if not name]
        found += [str(one) for one in setuptools.get("packages", {}).get("find", {}).get("where", ())]
        found += [str(one["from"]) for one in tool.get("poetry", {}).get("packages", ()) if "from" in one]
        built = tool.get("hatch", {}).get("build", {})
        wheel = built.get("targets", {}).get("wheel", {})
        found += [str(PurePosixPath(one).parent) for one in (*built.get("packages", ()), *wheel.get("packages", ()))]
    places = (PurePosixPath(one).as_posix() for one in found)
    return tuple(dict.fromkeys(one for one in places if one not in (".", "src") and not one.startswith(("/", ".."))))


def importers(graph: Mapping[str, Iterable[str]], path: str) -> dict[str, int]:
    """The files that import `path`, by how many imports they are away; itself with 0."""
    reverse: dict[str, set[str]] = {}
    for file, wanted in graph.items():
        for imported in wanted:
            reverse.setdefault(imported, set()).add(file)
    found, edge = {path: 0}, [path]
    depth = 0
    while edge:
        depth += 1
        edge = [f for old in edge for f in sorted(reverse.get(old, ())) if f not in found]
        found |= dict.fromkeys(edge, depth)
    return found


_IMPORTS_BY_NAME = re.compile(
    r"import_module|pytest_plugins|__import__|importorskip|spec_from_file_location|run_path|run_module"
)
_MODULE_IN_A_STRING = re.compile(r"""["']([\w./-]+)["']""")
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n#]+)|import[ \t]+([^\n#]+))", re.M
)


@remembered(8 * MIB)
def _imported(file: str, text: str) -> frozenset[str]:
    package = list(PurePosixPath(file).parent.parts)
    names: set[str] = set()
    if not file.endswith(".py"):
        text = text.replace(">>> ", "")
    if _IMPORTS_BY_NAME.search(text):
        quoted = {name.removesuffix(".py").rpartition("/")[2] for name in _MODULE_IN_A_STRING.findall(text)}
        names |= quoted | {name.rpartition(".")[0] for name in quoted}  # of a module, or of something in it
    for source, targets, plain in _IMPORT.findall(text):
        if plain:
            for item in plain.split(","):
                parts = item.split(" as ")[0].strip().split(".")
                names |= {".".join(parts[:n]) for n in range(1, len(parts) + 1)}
            continue
        dots = len(source) - len(source.lstrip("."))
        base = ".".join([*package[: len(package) - dots + 1], source.lstrip(".")]).strip(".") if dots else source
        names.add(base)
        names |= {f"{base}.{t.split(' as ')[0].strip()}".strip(".") for t in targets.strip("() \n").split(",")}
    return frozenset(names)


@remembered(16 * MIB, shared=(str,))
def _tests_of(file: str, text: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Node ids of a test file and the words in each test's source."""
    tree = syntax.module(text)
    if tree is None:
        return ()
    found, lines = [], text.split("\n")
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            found.append((f"{file}::{node.name}", _words(lines, node)))
        elif isinstance(node, ast.ClassDef) and (node.name.startswith("Test") or _is_test_case(node)):
            for child in node.body:
                if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and child.name.startswith("test"):
                    found.append((f"{file}::{node.name}::{child.name}", _words(lines, child)))
    return tuple(found)


def _is_test_case(node: ast.ClassDef) -> bool:
    return any("TestCase" in ast.unparse(base) for base in node.bases)


def _words(lines: list[str], node: ast.FunctionDef | ast.AsyncFunctionDef) -> frozenset[str]:
    return frozenset(map(intern, re.findall(r"\w+", "\n".join(lines[node.lineno - 1 : node.end_lineno]))))


def _doctests(path: str, changed: Changed, after: ast.Module) -> list[str]:
    functions = dict(syntax.functions(after))
    module = max(module_names(path), key=len, default="")
    if module.startswith("src."):
        module = module.removeprefix("src.")
    return [
        f"{path}::{module}.{name}"
        for name in changed.functions
        if name in functions and ">>>" in (ast.get_docstring(functions[name]) or "")
    ]
