"""The sandbox of a machine that has none: it runs nothing and says why."""

from __future__ import annotations

from .api import NO_PROGRESS, Health, Job, Progress, Project, SandboxUnavailable, StepOutcome


class Absent:
    """Refuses every job with the sentence it was given."""

    def __init__(self, why: str, *, off: bool = False) -> None:
        self._health = Health("off" if off else "absent", why=why)

    async def run(self, job: Job, progress: Progress = NO_PROGRESS) -> tuple[StepOutcome, ...]:
        raise SandboxUnavailable(self._health.why)

    async def warm(self, project: Project) -> None:
        return None

    def health(self) -> Health:
        return self._health

    async def close(self) -> None:
        return None
