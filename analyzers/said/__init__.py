"""Sentences about a project's code, as a model says them: taken apart, and held against its texts. What is not understood is not borne out."""
