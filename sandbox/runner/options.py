"""The options that a project gives pytest in its own configuration, without those that have no place in a check."""

from __future__ import annotations

import itertools
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Left out, by whole names: coverage, parallel runs, ending at the first failure, running again, choosing by an earlier run, debuggers, reports and
# what only prints. Those of the first table have a value, behind "=" or as the next word.
DROPPED_WITH_VALUE = frozenset(
    """
    --cov-report --cov-config --cov-fail-under --cov-context --cov-precision -n --numprocesses --maxprocesses --max-worker-restart --dist --tx --px
    --rsyncdir --rsyncignore --testrunuid --maxschedchunk --maxfail --reruns --reruns-delay --only-rerun --rerun-except --force-flaky --max-runs
    --min-passes --last-failed-no-failures --lfnf --pdbcls --junitxml --junit-xml --junitprefix --junit-prefix --html --css --json-report-file
    --json-report-indent --json-report-omit --md-report-output --report-log --resultlog --result-log --excelreport --durations --durations-min --tb --verbosity -r
    --color --code-highlight --rootdir --basetemp --log-file --log-file-mode --log-file-level --debug --benchmark-save --benchmark-json
    --benchmark-histogram --benchmark-compare-fail --benchmark-storage --random-order-bucket --random-order-seed --pastebin --capture
    --show-capture -c --config-file --mypy-config-file --mypy-ini-file --pylint-rcfile --pylint-error-types --splits --group --store-durations --testmon-datafile
    --allure-features --alluredir --picked
    """.split()
)
DROPPED = frozenset(
    """
    --cov --cov-append --cov-branch --cov-reset --no-cov --no-cov-on-fail -d -f --looponfail --loadscope-reorder --no-loadscope-reorder -x --exitfirst --lf --last-failed
    --ff --failed-first --nf --new-first --sw --stepwise --sw-skip --stepwise-skip --sw-reset --stepwise-reset --pdb --trace --cache-show --cache-clear
    --self-contained-html --json-report --json-report-summary --md-report -q --quiet -v --verbose --benchmark-only --benchmark-autosave --benchmark-save-data
    --benchmark-compare --random-order -s --co --collect-only --collectonly --setup-only --setup-show --setup-plan --fixtures --funcargs --fixtures-per-test
    --markers --version -V --help -h --mypy --mypy-same-process --flake8 --ruff --ruff-format --pylint --black --isort --pycodestyle --pydocstyle
    --testmon --flake-finder --force-sugar --clean-alluredir --full-trace --no-showlocals
    """.split()
)
# What pytest itself knows, which is all that can be given where something else was not understood.
OWN_WITH_VALUE = frozenset(
    "--doctest-report --doctest-glob --ignore --ignore-glob --deselect -k -m --import-mode --override-ini -o --confcutdir --assert -W --pythonwarnings".split()
)
OWN = frozenset(
    """
    --doctest-modules --doctest-ignore-import-errors --doctest-continue-on-failure --strict --strict-config --strict-markers --pyargs --noconftest --runxfail
    --keep-duplicates --collect-in-virtualenv -l --showlocals --no-header --no-summary --disable-warnings --disable-pytest-warnings
    """.split()
)
OF_PLUGINS = ("--strict", "-W", "--pythonwarnings")  # they name marks and warnings of plugins
ALONE = "xvqslhVdf"  # letters of short options without a value, which may stand together


def project_options(root: Path, files: list[str], *, has_plugins: bool) -> list[str]:
    """The options in the configuration that pytest would find for these files below `root`; without the project's plugins here, without what names something of them."""
    folder = root / Path(*_shared([Path(file).parent.parts for file in files]))
    for place in (folder, *folder.parents):
        if (found := _addopts(place)) is not None:
            kept = [words for words in _options(found, place) if not _is_dropped(words[0])]
            if not has_plugins:
                kept = [words for words in kept if not words[0].startswith(OF_PLUGINS)]
            return [word for words in kept for word in words]
    return []


def pytests_own(options: list[str]) -> list[str]:
    """Those of these options that pytest knows without any plugin or `conftest.py`, by whose absence all of them may be refused."""
    kept = []
    for words in _options(options, Path()):
        name = _name(words[0])
        if (name in OWN or name in OWN_WITH_VALUE) and not name.startswith(OF_PLUGINS):
            kept += words
    return kept


def _shared(parts: list[tuple[str, ...]]) -> list[str]:
    return [names[0] for names in itertools.takewhile(lambda names: len(set(names)) == 1, zip(*parts))]


def _is_dropped(option: str) -> bool:
    """Whether it has no place in a check; what is no option, but a path to collect, neither."""
    return not option.startswith("-") or _name(option) in DROPPED or _name(option) in DROPPED_WITH_VALUE


def _name(option: str) -> str:
    """An option's name, without the value that may stand in the same word."""
    return option.partition("=")[0] if option.startswith("--") else option[:2]


def _options(words: list[str], folder: Path) -> Iterator[list[str]]:
    """Each option with its value. Of one that nobody here knows, the next word is its value unless it is an option or a path."""
    words = list(words)
    while words:
        word = words.pop(0)
        name = _name(word)
        if word[:1] == "-" and word[:2] != "--" and name[1:] in ALONE and len(word) > 2:
            words.insert(0, f"-{word[2:]}")  # letters that stand together
            yield [name]
            continue
        takes = name in DROPPED_WITH_VALUE or name in OWN_WITH_VALUE
        is_known = takes or name in OWN or name in DROPPED
        has_own = "=" in word or (name != word and not word.startswith("--"))
        if word.startswith("-") and not has_own and words and not words[0].startswith("-"):
            next_is_path = os.path.exists(folder / words[0].partition("::")[0])
            if takes or (not is_known and not next_is_path):
                yield [word, words.pop(0)]
                continue
        yield [word]


def _toml() -> Any:
    """A reader of TOML; None where this Python has none and the environment neither."""
    for name in ("tomllib", "tomli"):
        try:
            return __import__(name)
        except ImportError:
            continue
    return None


def _addopts(folder: Path) -> list[str] | None:
    """As pytest reads them; None where no file here configures it."""
    for name, section in (("pytest.toml", ""), (".pytest.toml", ""), ("pytest.ini", "pytest"), (".pytest.ini", "pytest"),
                          ("pyproject.toml", ""), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):  # fmt: skip
        try:
            text = (folder / name).read_text("utf-8")
            if name.endswith(".toml"):
                table = _toml().loads(text)
                if name == "pyproject.toml":
                    tool = table.get("tool", {}).get("pytest", {})
                    table = (
                        {"pytest": {k: v for k, v in tool.items() if k != "ini_options"} | tool.get("ini_options", {})}
                        if tool
                        else {}
                    )
                found = table.get("pytest")
            else:
                import iniconfig  # which pytest brings along

                parsed = iniconfig.IniConfig(str(folder / name), data=text)
                found = dict(parsed[section].items()) if section in parsed else None
        except Exception:  # it is not there, or pytest cannot read it either
            continue
        if found is not None:
            return _words(found.get("addopts", ""))
    return None


def _words(options: object) -> list[str]:
    try:
        return shlex.split(options) if isinstance(options, str) else [str(one) for one in options]  # type: ignore[attr-defined]
    except (TypeError, ValueError):  # a quote that is not closed: pytest itself would not start
        return []
