"""Whether a project's tests pass with a text at a place: by the product's own verdict, in a container."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from analyzers.text import Snapshot, changed_span
from assay.assistant.nouns import Failed, Passed
from assay.assistant.proof.verdict import begin, patient
from assay.assistant.workbench import Workbench
from assay.assistant.world.change import one_file
from assay.assistant.world.world import World

from ..material.prepare import Material
from ..material.samples import Row


class Tests:
    """For projects whose folders are there and still as they were. The bench is made when it is first needed."""

    def __init__(
        self,
        material: Material,
        roots: Mapping[str, Path],
        bench: Callable[[], Workbench],
        end: Callable[[Workbench], Awaitable[None]],
    ) -> None:
        """`roots` of projects by their names; `bench` makes services, and `end` ends them."""
        self._material, self._roots = material, roots
        self._make, self._end = bench, end
        self._bench: Workbench | None = None

    async def __call__(self, row: Row, text: str) -> bool | None:
        """As `gate.Passes` has it."""
        one = self._material.texts[row.text]
        root = self._roots.get(one.project)
        if (
            root is None
            or row.kind == "edit"
            or not (path := root / one.path).is_file()
            or path.read_text("utf-8", "replace") != one.text
        ):
            return None
        self._bench = self._bench or self._make()
        return await _verdict(self._bench, root, path, one.text, row, text)

    async def close(self) -> None:
        """End the bench."""
        if self._bench is not None:
            await self._end(self._bench)


async def _verdict(bench: Workbench, root: Path, path: Path, whole: str, row: Row, text: str) -> bool | None:
    """The change is from the file with nothing done at the place, indented as what stands there, to the one with the text there."""
    indent = row.answer[: len(row.answer) - len(row.answer.lstrip())]
    before = f"{whole[: row.start]}{indent}pass{whole[row.end :]}"
    after = whole[: row.start] + text + whole[row.end :]
    _, span = changed_span(before, after)
    change = one_file(World(root), Snapshot(path.as_uri(), str(path), 0, before), after, span)
    match (await begin(bench, change, patient(bench.settings))).now:
        case Passed():
            return True
        case Failed():
            return False
        case _:
            return None
