"""A Change from where people have it: unsaved documents, a diff, what is staged, what differs from a commit. `gathered` is the way."""
