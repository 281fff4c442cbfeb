"""A project's own Python that does not start in a container, for it was built for a newer system: an image's of the same version stands for it, with its packages."""

from __future__ import annotations

import logging
from dataclasses import replace

from . import container
from .api import DEPENDENCIES, Interpreter, Project, ProjectUnavailable

log = logging.getLogger(__name__)

SIGNS = ("It said:", container.ENDED)  # it began, and ended by itself; one that is slow to start is waited for


class StandIns:
    """What stands for which interpreter, and why."""

    def __init__(self) -> None:
        self._by_own: dict[Interpreter, Interpreter] = {}
        self._why: dict[Interpreter, ProjectUnavailable] = {}

    def of(self, project: Project) -> Project:
        """The project as it runs."""
        own = project.interpreter
        return replace(project, interpreter=self._by_own[own]) if own in self._by_own else project

    def take(self, project: Project, error: ProjectUnavailable) -> bool:
        """Whether one stands for the project's interpreter from now on, which failed so."""
        own = project.interpreter
        if own is None or not own.program or not own.packages or not any(sign in error.what for sign in SIGNS):
            return False
        other = Interpreter("", own.python, ((DEPENDENCIES, own.packages),), own.stamp)
        log.warning("%s An image's Python runs the project.", error.what)
        self._by_own[own], self._why[other] = other, error
        return True

    def needed(self, own: Interpreter) -> str:
        """For which failure an image has to bring this Python, as the beginning of a sentence; "" where none is installed."""
        return f"{self._why[own].what.rstrip('.')}; and" if own in self._why else ""
