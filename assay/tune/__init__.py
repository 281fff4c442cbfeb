"""Adapting a model: what it is taught, the teaching, what comes out, and whether that is better."""
