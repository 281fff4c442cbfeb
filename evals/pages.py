"""Write the generated pages: `python -m evals.pages` makes docs/settings.md from the settings table."""

from __future__ import annotations

from pathlib import Path

from assay.assistant.settings import TABLE, shown

HEAD = """# Settings

Made from the table in `assay/assistant/settings.py` by `python -m evals.pages`; a test fails when it is out of date.

Sources, weakest first: this table, your `settings.toml` (`assay settings` prints where it is), environment variables (`engine.url` is
`ASSAY_ENGINE_URL`), the editor (the object `assay` in `initializationOptions` or its configuration). What comes of them, a project's `[tool.assay]` in
`pyproject.toml` may tighten: only `verify.policy`, `complete.enabled`, `complete.manual` and `offline`, and never the other way.

| name | default | what it is |
|---|---|---|
"""


def main() -> None:
    """Write the page."""
    rows = "".join(f"| `{s.name}` | `{shown(s.default)}` | {s.summary} |\n" for s in TABLE)
    (Path(__file__).parents[1] / "docs" / "settings.md").write_text(HEAD + rows, "utf-8")


if __name__ == "__main__":
    main()
