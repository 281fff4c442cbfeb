"""What was taken and what was left out, for people and programs: counts that add up, and the licences of all that stayed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Card:
    """`found` files, of which `left_out` (by the reason) and `kept` are all. `rows` by side and kind."""

    found: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)  # by licence
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    masked: int = 0
    sides: dict[str, Counter[str]] = field(default_factory=dict)
    projects: dict[str, list[str]] = field(default_factory=dict)  # of each side
    characters: int = 0
    made: str = ""
    wanted: dict[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()

    @property
    def adds_up(self) -> bool:
        """Whether each file that was found is told of once."""
        return self.found == sum(self.left_out.values()) + sum(self.kept.values())

    def as_json(self) -> dict[str, Any]:
        """For card.json."""
        return {
            "made": self.made,
            "files_found": self.found,
            "files_left_out": dict(sorted(self.left_out.items())),
            "files_kept": sum(self.kept.values()),
            "licences": dict(sorted(self.kept.items())),
            "characters": self.characters,
            "addresses_masked": self.masked,
            "sources": self.sources,
            "samples": {side: dict(sorted(kinds.items())) for side, kinds in self.sides.items()},
            "projects": self.projects,
            "wanted": self.wanted,
            "without": self.without,
        }


def page(told: Mapping[str, Any]) -> str:
    """The card as Markdown."""
    lines = [
        f"# Data card\n\nMade on {told['made']}. {told['files_found']} Python files were found, {told['files_kept']} stayed ({told['characters']} characters).\n"
    ]
    lines.append("| left out because | files |\n|---|---|")
    lines += [f"| {why} | {count} |" for why, count in told["files_left_out"].items()]
    lines.append(f"| all of these | {sum(told['files_left_out'].values())} |\n")
    lines.append("| licence of what stayed | files |\n|---|---|")
    lines += [f"| {name or 'not known'} | {count} |" for name, count in told["licences"].items()]
    lines.append(f"\n{told['addresses_masked']} mail addresses and telephone numbers were made ones of nobody.\n")
    kinds = sorted({kind for side in told["samples"].values() for kind in side})
    lines.append(_row(["samples", *kinds, "all"]) + "\n" + _row(["---"] * (len(kinds) + 2)))
    lines += [
        _row([side, *(str(found.get(kind, 0)) for kind in kinds), str(sum(found.values()))])
        for side, found in told["samples"].items()
    ]
    lines.append("\n| source | licence | files found | files kept |\n|---|---|---|---|")
    lines += [
        f"| {name} | {one['licence'] or 'not known'} | {one['found']} | {one['kept']} |"
        for name, one in told["sources"].items()
    ]
    if told["without"]:
        lines.append(f"\nLeft out on purpose: {', '.join(told['without'])}.")
    for side, names in told["projects"].items():
        lines.append(f"\n{side}: {', '.join(names)}")
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
