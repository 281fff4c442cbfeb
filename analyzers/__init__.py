"""Facts about code: read-only, and pure but for ruff and jedi, which run in processes of ours. Nothing in the workspace is imported or executed here."""
