"""The options that a project gives pytest in its own configuration, without those that have no place in a check."""

from __future__ import annotations

import itertools
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import iniconfig

# Coverage, parallel runs, ending at the first failure, running again, choosing by an earlier run, debuggers and reports.
DROPPED = (
    "--cov", "--no-cov", "-n", "--numprocesses", "--dist", "--tx", "--maxprocesses", "-x", "--exitfirst", "--maxfail", "--reruns", "--only-rerun",
    "--rerun-except", "--lf", "--last-failed", "--ff", "--failed-first", "--nf", "--new-first", "--sw", "--stepwise", "--pdb", "--trace", "--cache",
    "--junit", "--html", "--self-contained-html", "--json-report", "--durations", "--tb", "-q", "--quiet", "-v", "--verbose", "--verbosity", "-r",
    "--color", "--rootdir", "--basetemp", "--log-file", "--debug", "--benchmark", "--random-order", "--collect-only", "--setup-", "--pastebin",
    "--fixtures", "--markers", "--version", "--help", "-h", "-s", "--capture", "--show-capture", "--code-highlight", "--mypy", "--flake8", "--ruff", "--pylint",
)  # fmt: skip
# What pytest itself knows, which is all that can be given where the project's plugins are not here.
OWN = (
    "--doctest-", "--ignore", "--deselect", "-k", "-m", "--import-mode", "--strict", "--pyargs", "--override-ini", "-o", "--confcutdir", "--noconftest",
    "--runxfail", "--keep-duplicates", "--collect-in-virtualenv", "-l", "--showlocals", "--assert", "--no-header", "--no-summary", "-W", "--pythonwarnings",
    "--disable-warnings", "--disable-pytest-warnings",
)  # fmt: skip
TAKES_A_VALUE = ("-n", "-k", "-m", "-o", "-W", "-r", "-p", "-c", "--maxfail", "--dist", "--tx", "--reruns", "--durations", "--tb", "--ignore", "--deselect",
                 "--import-mode", "--doctest-glob", "--color", "--cov", "--cov-report", "--cov-config", "--numprocesses", "--override-ini", "--rootdir",
                 "--confcutdir", "--junitxml", "--html", "--log-file", "--basetemp", "--ignore-glob", "--capture", "--assert", "--verbosity", "--asyncio-mode", "--timeout")  # fmt: skip


def project_options(root: Path, files: list[str], *, has_plugins: bool) -> list[str]:
    """The options in the configuration that pytest would find for these files below `root`; with the project's plugins here, theirs too."""
    folder = root / Path(*_shared([Path(file).parent.parts for file in files]))
    for place in (folder, *folder.parents):
        if (found := _addopts(place)) is not None:
            return [word for words in _options(found) if _is_kept(words[0], has_plugins) for word in words]
        if place == root:
            break
    return []


def _shared(parts: list[tuple[str, ...]]) -> list[str]:
    return [names[0] for names in itertools.takewhile(lambda names: len(set(names)) == 1, zip(*parts, strict=False))]


def _is_kept(option: str, has_plugins: bool) -> bool:
    if not option.startswith("-") or option == "--co" or option.startswith(DROPPED):
        return False
    if has_plugins:
        return not option.startswith("-c") or option.startswith("--")
    return option.startswith(OWN) and not option.startswith(
        ("--strict", "-W", "--pythonwarnings")
    )  # marks and warnings of plugins


def _options(words: list[str]) -> Iterator[list[str]]:
    """Each option with its value."""
    words = list(words)
    while words:
        word = words.pop(0)
        has_value = word in TAKES_A_VALUE and words and not words[0].startswith("-")
        yield [word, words.pop(0)] if has_value else [word]


def _addopts(folder: Path) -> list[str] | None:
    """As pytest reads them; None where no file here configures it."""
    for name, section in (("pytest.toml", ""), (".pytest.toml", ""), ("pytest.ini", "pytest"), (".pytest.ini", "pytest"),
                          ("pyproject.toml", ""), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):  # fmt: skip
        try:
            text = (folder / name).read_text("utf-8")
            if name.endswith(".toml"):
                table = tomllib.loads(text)
                if name == "pyproject.toml":
                    tool = table.get("tool", {}).get("pytest", {})
                    table = (
                        {"pytest": {k: v for k, v in tool.items() if k != "ini_options"} | tool.get("ini_options", {})}
                        if tool
                        else {}
                    )
                found = table.get("pytest")
            else:
                parsed = iniconfig.IniConfig(str(folder / name), data=text)
                found = dict(parsed[section].items()) if section in parsed else None
        except (OSError, ValueError, AttributeError, RecursionError, iniconfig.ParseError):
            continue
        if found is not None:
            return _words(found.get("addopts", ""))
    return None


def _words(options: object) -> list[str]:
    try:
        return shlex.split(options) if isinstance(options, str) else [str(one) for one in options]  # type: ignore[attr-defined]
    except (TypeError, ValueError):  # a quote that is not closed: pytest itself would not start
        return []
