"""The images that Assay made on an engine: how much room they take, and which go where that is more than is wanted. Blocking."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import build, dependencies, engine

if TYPE_CHECKING:
    from docker import APIClient

OURS = (build.REPOSITORY, dependencies.REPOSITORY)
NOTED_S = 3600.0  # a use is written down once an hour


@dataclass(frozen=True, slots=True)
class Image:
    """One of them: its own bytes, without what it shares with others, and when it was last used, or made (seconds since the epoch)."""

    name: str
    size: int
    used: float


@dataclass(frozen=True, slots=True)
class Room:
    """What images may take on this machine: `record` says when each was last used, `budget` is in bytes (0: nothing is ever removed)."""

    record: Path
    budget: int = 0

    def note(self, name: str) -> None:
        """The image is used now. What cannot be written down counts as used when it was made."""
        known = _read(self.record)
        now = time.time()
        if now - known.get(name, 0.0) < NOTED_S:
            return
        with contextlib.suppress(OSError):
            self.record.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            whole = self.record.with_suffix(".new")
            whole.write_text(json.dumps({**known, name: now}), "utf-8")
            whole.replace(self.record)

    def found(self, client: APIClient) -> tuple[tuple[Image, ...], int]:
        """Assay's images, the longest unused first, and the bytes that they take together."""
        known, images, shared = _read(self.record), [], 0
        for one in client.df().get("Images") or ():
            for name in one.get("RepoTags") or ():
                if name.rpartition(":")[0] in OURS:
                    own = max(int(one.get("Size", 0)) - max(int(one.get("SharedSize", 0)), 0), 0)
                    shared = max(shared, int(one.get("Size", 0)) - own)
                    images.append(Image(name, own, max(known.get(name, 0.0), float(one.get("Created", 0)))))
        images.sort(key=lambda one: one.used)
        return tuple(images), sum(one.size for one in images) + shared

    def prune(self, client: APIClient, keep: Collection[str], budget: int) -> tuple[Image, ...]:
        """Remove images, the longest unused first, until the rest takes at most `budget` bytes; those to `keep`, this version's own, and those in use stay. Returns what was removed."""
        import docker

        images, total = self.found(client)
        gone = []
        for one in images:
            if total <= budget:
                break
            if one.name in keep or one.name.startswith(build.image_name()):
                continue
            try:
                client.remove_image(one.name)
            except docker.errors.APIError:
                continue  # a container of it runs, or another image rests on it
            total -= one.size
            gone.append(one)
        return tuple(gone)

    def fit(self, client: APIClient, keep: Collection[str]) -> tuple[Image, ...]:
        """The same for the budget; nothing where it has none."""
        with engine.trouble():
            return self.prune(client, keep, self.budget) if self.budget else ()


def _read(record: Path) -> dict[str, float]:
    try:
        found = json.loads(record.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    items = found.items() if isinstance(found, dict) else ()
    return {str(name): float(when) for name, when in items if isinstance(when, int | float)}
