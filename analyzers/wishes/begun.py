"""A function that somebody has begun, as source: all that stands above the place of its body stays as it is. Pure."""

from __future__ import annotations

import ast
import textwrap
from dataclasses import dataclass

WIDTH = 72  # characters of a line of a docstring that is written anew


@dataclass(frozen=True, slots=True)
class Begun:
    """A function at the left edge. `head`: from `def` to where its docstring or its body goes, with the comments there; `doc`: its docstring as source, "" for none, which `said` is the text of; `behind`: a comment on its last line; `rest`: comments between it and the body;
    `indent`: the white space before the body."""

    head: str
    doc: str = ""
    said: str = ""
    behind: str = ""
    rest: str = ""
    indent: str = "    "

    def with_body(self, doc: str, body: str) -> str:
        """The whole function, with another docstring (a text, "" for none) where `doc` is not what it says, and the lines of `body`, which stand at the left edge."""
        lines = [self.head]
        if doc and doc == self.said:
            lines.append(f"{self.doc}{self.behind}")
        elif doc:
            lines.append(f"{textwrap.indent(quoted(doc), self.indent)}{self.behind}")
        if self.rest:
            lines.append(self.rest)
        return "\n".join([*lines, textwrap.indent(body.strip("\n"), self.indent)])


def quoted(doc: str) -> str:
    """A docstring as source; a first paragraph of one long line on several."""
    first, gap, rest = doc.strip().partition("\n\n")
    if "\n" not in first and len(first) > WIDTH and ">>>" not in first:
        doc = f"{textwrap.fill(first, WIDTH, break_long_words=False, break_on_hyphens=False)}{gap}{rest}"
    text = doc.strip().replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    end = "\n" if "\n" in text else " " if text.endswith('"') else ""
    return f'"""{text}{end}"""'


def of_node(text: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Begun:
    """What stands of a function of the module `text` whose body is a docstring, a placeholder, or both."""
    rows = text.replace("\r\n", "\n").split("\n")
    edge = rows[node.lineno - 1][: len(rows[node.lineno - 1]) - len(rows[node.lineno - 1].lstrip())]
    first, last = node.body[0], node.body[-1]
    said = ast.get_docstring(node) or ""
    own = rows[first.lineno - 1].encode()[: first.col_offset].decode()
    indent = own.removeprefix(edge) if not own.strip() else "    "
    head = _between(rows, edge, (node.lineno, node.col_offset), (first.lineno, first.col_offset)).rstrip()
    if not said:
        return Begun(head, indent=_spaced(indent))
    ends = (first.end_lineno or first.lineno, first.end_col_offset or 0)
    doc = _between(rows, edge, (first.lineno, first.col_offset), ends)
    end = (last.lineno, last.col_offset) if last is not first else (ends[0], len(rows[ends[0] - 1].encode()))
    behind, _, rest = _between(rows, edge, ends, end).rstrip("; \n").partition("\n")
    rest = textwrap.indent(textwrap.dedent(rest), _spaced(indent))
    return Begun(head, f"{_spaced(indent)}{doc}", said, behind.rstrip("; "), rest, _spaced(indent))


def _between(rows: list[str], edge: str, start: tuple[int, int], end: tuple[int, int]) -> str:
    """The text from one place to another (lines from 1, columns in bytes), without the white space `edge` before each line, and with spaces for the tabs that its lines begin with."""
    lines = [row.encode() for row in rows[start[0] - 1 : end[0]]]
    lines[-1] = lines[-1][: end[1]]
    lines[0] = lines[0][start[1] :]
    found = [line.decode("utf-8", "replace") for line in lines]
    return "\n".join([found[0], *(_spaced(line.removeprefix(edge)) for line in found[1:])])


def _spaced(line: str) -> str:
    """A line with four spaces for each tab at its beginning."""
    bare = line.lstrip("\t")
    return " " * 4 * (len(line) - len(bare)) + bare
