"""What a filter sees: the generated text and what stands around it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from analyzers.site import Site


@dataclass(frozen=True, slots=True)
class Draft:
    """`before` and `after` are the document's text on both sides of the insertion; `healed` is what of `before` the
    model was asked to write again (trailing white space, or the start of a word). `imports` are statements that a repair
    wants at the top of the file."""

    text: str
    before: str
    after: str
    site: Site
    healed: str = ""
    imports: tuple[str, ...] = ()

    @property
    def line_before(self) -> str:
        """What stands left of the cursor on its line."""
        return self.before[self.before.rfind("\n") + 1 :]

    @property
    def line_after(self) -> str:
        """What stands right of the cursor on its line, without the line end."""
        return self.after.split("\n", 1)[0].rstrip("\r")

    @property
    def is_fresh_line(self) -> bool:
        """Only white space stands left of the cursor."""
        return not self.line_before.strip()

    def with_text(self, text: str) -> Draft:
        """The same draft with another text."""
        return replace(self, text=text)


@dataclass(frozen=True, slots=True)
class Drop:
    """Nothing is left to offer, for this reason."""

    reason: str
