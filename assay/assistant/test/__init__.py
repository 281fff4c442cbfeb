"""Tests for what stands there: inputs are tried, answers are looked at, and a call is kept for the mutants that it notices, never for being there."""
