"""The program inside the container. It imports only the standard library, pytest and itself.

The image holds a copy of this package under another name, so imports inside it are relative and a project that
has a `sandbox` package of its own is not shadowed.
"""
