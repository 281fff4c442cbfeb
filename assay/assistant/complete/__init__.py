"""All of typing: from a cursor to suggestions with verdicts. `path` is the way, the other files are its stages."""
