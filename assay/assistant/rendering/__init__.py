"""Calls with what they give, as the text of tests in a project's own files and manner."""
