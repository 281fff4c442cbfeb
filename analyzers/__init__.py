"""Facts about code: synchronous, read-only. Nothing in the workspace is imported or executed here."""
