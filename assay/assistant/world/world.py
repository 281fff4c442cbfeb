"""A project at one moment, as everything that reads it sees it: its files as they were found, and the open documents over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from analyzers import lint, secrets, syntax
from analyzers.environment import Environment
from analyzers.names import Where

from .state import State


@dataclass(frozen=True, slots=True)
class World:
    """See the module's docstring. `documents` are the open ones by relative POSIX path; `files` what the last scan found, None where none has ended yet; `environment`
    its Python and packages, None where it has none. `is_redacted`: what looks like a secret is replaced in what goes into a container, which is another machine's."""

    root: Path
    documents: Mapping[str, str] = field(default_factory=dict)
    files: State | None = None
    environment: Environment | None = None
    is_redacted: bool = False

    @property
    def state(self) -> State:
        """What the last scan found; only of a world that `Projects.whole` gave."""
        assert self.files is not None, "this world was not looked through"
        return self.files

    @property
    def texts(self) -> dict[str, str]:
        """The Python texts by their names, as they go into a container but for the open documents, which are as they are."""
        return {**(self.files.texts if self.files is not None else {}), **self.documents}

    def sent(self, text: str) -> str:
        """A text as it goes into a container."""
        return secrets.redact(text) if self.is_redacted else text

    def name_of(self, path: str) -> str:
        """A file's relative POSIX path; "" for one outside."""
        return Path(path).relative_to(self.root).as_posix() if path and Path(path).is_relative_to(self.root) else ""

    @property
    def python(self) -> str:
        """The project's Python, as "3.12"; ours where it has none of its own."""
        return self.environment.python if self.environment is not None else lint.OURS

    @property
    def packages(self) -> tuple[str, ...]:
        """The folders of its dependencies, as jedi is told them."""
        own = [self.root / one for one in (self.files.source_roots if self.files is not None else ())]
        env = self.environment
        return tuple(str(one) for one in (*own, *(env.paths if env else ()), *(env.site_packages if env else ())))

    def mark(self, path: str) -> object:
        """What is compared to know whether something that was found with the document `path` holds: the scan, and the other open documents. While no scan has ended, equal to nothing but itself."""
        own = self.name_of(path)
        others = {name: text for name, text in self.documents.items() if name != own}
        return self.files.revision if self.files is not None else object(), others

    def where(self, path: str, text: str) -> Where:
        """A document as jedi is to see it, among the project's dependencies and the open documents that are not as the last scan found them: open documents are the
        project. One that is too long to be read on a key is left as it is on disk."""
        on_disk = self.files.texts if self.files is not None else {}
        others = {
            other: open_text
            for name, open_text in self.documents.items()
            if (other := str(self.root / name)) != path
            and len(open_text) <= syntax.PARSE_LIMIT
            and on_disk.get(name) != self.sent(open_text)
        }
        return Where(text, path, str(self.root), self.packages, others, self.python)
