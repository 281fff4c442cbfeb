"""The feature of changes that somebody hands in: an agent, a colleague, oneself."""
