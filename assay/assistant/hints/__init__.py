"""Hints about bugs: rules of the project's linter, proofs by a failing run, and suspicions; each says which it is, and why."""
