"""Docstrings that are written into others' code, and disagreements between docstrings and code.

`python -m evals.documenting [--package NAME] [--count N] [--planted N]`: functions of an installed package get their docstrings (those that have one are brought up to date); the files must still parse and mean the same,
ruff's D rules of the style that was found must pass where something was written, and a second run must change nothing. Then disagreements are planted into docstrings with sections, one each (a parameter that
is gone, an exception that nothing raises), and must be found; the docstrings as they are are told of with their disagreements, which are noise unless they are mistakes of their authors.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from analyzers import syntax
from analyzers.docstrings import Style, disagree
from analyzers.places import Places
from assay.assistant.document import docstrings
from assay.assistant.document.docstrings import Change
from assay.assistant.finding.index import names_below
from evals.typing import SITE_PACKAGES

SEED = 33
CONVENTION = {"google": "google", "numpy": "numpy", "rest": "pep257"}
# What is the author's own, and no docstring of one function can mend.
LEFT = "D100,D101,D102,D103,D104,D105,D106,D107,D203,D213"
SECTIONED = (
    "click",
    "docker",
    "numpy/lib",
    "scipy/signal",
    "anyio",
    "pygments",
    "markdown_it",
    "playwright/_impl",
    "rich",
    "pip/_internal",
)


def texts_of(package: str) -> dict[str, str]:
    """The package's files by name."""
    found = [name for name in names_below(SITE_PACKAGES) if name.startswith(f"{package}/")]
    return {name: (SITE_PACKAGES / name).read_text("utf-8", "replace") for name in found}


def written(package: str, count: int) -> None:
    """Docstrings for some functions of a package."""
    texts = texts_of(package)
    style = docstrings.style_of(texts.values())
    every = [(name, one) for name, text in texts.items() for one in docstrings.changes(text, style)]
    chosen = random.Random(SEED).sample(every, min(count, len(every)))
    after = dict(texts)
    for name in {name for name, _ in chosen}:
        edits = sorted((one.edit for other, one in chosen if other == name), key=lambda edit: -edit.span.start)
        for edit in edits:
            after[name] = after[name][: edit.span.start] + edit.text + after[name][edit.span.end :]
    parses = sum(syntax.module(after[name]) is not None for name, _ in chosen)
    flawed = flaws(after, chosen, style)
    again = 0
    for name in {name for name, _ in chosen}:
        left = sum(other == name for other, _ in every) - sum(other == name for other, _ in chosen)
        again += len(docstrings.changes(after[name], style)) - left
    kinds = ", ".join(f"{sum(one.kind == kind for _, one in chosen)} {kind}" for kind in ("new", "updated"))
    print(
        f"{package}: style {style}, {len(chosen)} functions ({kinds}) in {len({n for n, _ in chosen})} files; {parses} parse"
    )
    print(f"  D rules of {CONVENTION[style]} that fail in them: {len(flawed)} {flawed[:5]}")
    print(f"  changed by a second run: {again}")


def flaws(texts: dict[str, str], chosen: list[tuple[str, Change]], style: Style) -> list[str]:
    """What ruff's D rules say of the functions that were written into."""
    found: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in {name for name, _ in chosen}:
            file = Path(folder) / "module.py"
            file.write_text(texts[name])
            command = [
                sys.executable,
                "-m",
                "ruff",
                "check",
                "--isolated",
                "--select",
                "D",
                "--ignore",
                LEFT,
                "--config",
                f'lint.pydocstyle.convention="{CONVENTION[style]}"',
                "--output-format=json",
                str(file),
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            ours = {one.function for other, one in chosen if other == name and one.kind == "new"}
            tree = syntax.module(texts[name])
            assert tree is not None
            lines = {
                row: path
                for path, node in syntax.functions(tree)
                for row in range(node.lineno, (node.end_lineno or 0) + 1)
                if path in ours
            }
            found += [
                f"{name}::{lines[row]} {item['code']}"
                for item in json.loads(done.stdout)
                if (row := item["location"]["row"]) in lines
            ]
    return found


def planted(text: str) -> Iterator[tuple[str, str]]:
    """A text with one disagreement more in the docstring of a function that takes no other keywords, and the name that was planted."""
    tree = syntax.module(text)
    if tree is None or not syntax.has_plain_lines(text):
        return
    places = Places(text)
    for _, node in syntax.functions(tree):
        if node.args.kwarg is not None or node.args.vararg is not None or ast.get_docstring(node) is None:
            continue
        told = places.span(node.body[0])
        for match in _SECTION.finditer(text, told.start, told.end):
            name = "WrongTurnError" if match["head"].startswith("Raises") else "gone_parameter"
            if match["ruled"]:
                yield (
                    f"{text[: match.end()]}{match['indent']}{name}\n{match['indent']}    What is not there.\n{text[match.end() :]}",
                    name,
                )
            elif match["head"].startswith(":param"):
                yield (
                    f"{text[: match.start()]}{match['indent']}:param {name}: What is not there.\n{text[match.start() :]}",
                    name,
                )
            elif below := re.compile(r"[ \t]+(?=\w+ *[(:])").match(text, match.end()):
                yield f"{text[: match.end()]}{below[0]}{name}: What is not there.\n{text[match.end() :]}", name


_SECTION = re.compile(
    r"(?m)^(?P<indent>[ \t]+)(?P<head>(?:Args|Arguments|Raises):[ \t]*\n|(?:Parameters|Raises)\n[ \t]+(?P<ruled>-{3,})\n|:param (?=\w+:))"
)


def disagreements(count: int) -> None:
    """Planted ones, and what is told of docstrings as they are."""
    chance = random.Random(SEED)
    forms, as_they_are, told = [], 0, []
    for package in SECTIONED:
        texts = texts_of(package.partition("/")[0])
        for name, text in texts.items():
            if not name.startswith(f"{package}/"):
                continue
            before = disagree.of_text(text, list(texts.values()))
            sectioned = len(re.findall(r"(?m)^[ \t]+(?:Args:|Raises:|Parameters\n[ \t]+-{3,}|:param )", text))
            as_they_are += sectioned
            told += [f"{name}::{one.function} {one.message}" for one in before]
            forms += [(other, planted_name, list(texts.values())) for other, planted_name in planted(text)]
    seen = 0
    for other, name, texts_around in chance.sample(forms, min(count, len(forms))):
        found = any(name in one.message for one in disagree.of_text(other, texts_around))
        seen += found
        if not found:
            at = other.index(name)
            print(f"  not found: {other[:at].rpartition('def ')[2][:300]}")
    print(f"planted disagreements found: {seen} of {min(count, len(forms))}")
    print(f"told of {as_they_are} docstrings with sections as they are: {len(told)}")
    for line in told:
        print(f"  {line}")


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description="Docstrings that are written into others' code.")
    parser.add_argument("--package", default="jsonschema")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--planted", type=int, default=20)
    chosen = parser.parse_args()
    written(chosen.package, chosen.count)
    disagreements(chosen.planted)


if __name__ == "__main__":
    main()
