"""Bring the text's first line to the cursor: models repeat the white space that is already there, or leave it out."""

from __future__ import annotations

from analyzers.text import TAB

from .draft import Draft, Drop


def indentation(draft: Draft) -> Draft | Drop:
    """Take off what was healed or repeated; give a bare first line its indentation; drop what stands left of it."""
    text = draft.text.replace("\r\n", "\n").replace("\r", "\n")
    if draft.healed and text.startswith(draft.healed):
        return _finished(draft, text[len(draft.healed) :])
    if draft.healed.strip() and not draft.is_fresh_line:
        return draft.with_text(text)  # the engine continued the word instead of writing it again
    if not draft.is_fresh_line:
        return draft.with_text(text.lstrip(" ") if draft.line_before.endswith(" ") else text)
    text = text.lstrip("\n") if text[:1] == "\n" else text
    typed = draft.line_before
    own = text[: len(text) - len(text.lstrip(" \t"))]
    if typed and own.startswith(typed):
        return _finished(draft, text[len(typed) :])
    if typed and own:
        return (
            Drop("it stands left of the cursor's block")
            if draft.text.startswith("\n")
            else draft.with_text(text.lstrip(" \t"))
        )
    if not typed and not own and draft.site.indent and draft.site.kind != "line":
        text = _shifted(text, _margin(draft))
    return _finished(draft, text)


def _finished(draft: Draft, text: str) -> Draft | Drop:
    return draft.with_text(text) if text.strip() else Drop("nothing but white space")


def _margin(draft: Draft) -> str:
    """The white space that the site begins with, in what the file is indented with."""
    is_tabbed = "\n\t" in draft.before or "\n\t" in draft.after
    return "\t" * (draft.site.indent // TAB) if is_tabbed else " " * draft.site.indent


def _shifted(text: str, margin: str) -> str:
    """Every line moved right, for a body that was written from column 0."""
    return "\n".join(margin + line if line.strip() else line for line in text.split("\n"))
