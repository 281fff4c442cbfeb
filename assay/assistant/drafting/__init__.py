"""Asking a model: prompts, what they may cost, where a text ends, what is taken off it, and how likely a person is to keep it. For infilling (`sources`) and for instructions (`asking`)."""
