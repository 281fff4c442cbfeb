"""What a sentence names in a project: whether it is there, and which thing it is."""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from analyzers import syntax
from analyzers.questions.code import Code, Place, Thing
from analyzers.questions.naming import Meant, near, things
from analyzers.questions.question import Question, read
from analyzers.questions.told import Asked

from .claims import Taken, Token


@dataclass(frozen=True, slots=True)
class So:
    """Whether something is so, and where it is seen."""

    is_so: bool
    places: tuple[Place, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Look:
    """A sentence taken apart, the project that it speaks of, and the things that were asked about."""

    code: Code
    parts: Taken
    about: tuple[Thing, ...]

    # what is named

    def missing(self) -> Iterator[str]:
        """Why something that is named is not there."""
        for number, token in enumerate(self.parts.tokens):
            if token.kind == "file":
                yield from self._no_file(token)
                yield from self._wrong_home(number, token)
            elif token.kind == "name" and not self._is_known(token.text):
                close = near(self.code, token.text)
                yield f"nothing here is called `{token.text}`" + (f"; there is `{close[0].path}`" if close else "")
            elif token.kind == "decorator" and not self._is_known(token.text.partition("(")[0]):
                yield f"nothing here is called `{token.text.partition('(')[0]}`"
            elif token.kind == "call":
                yield from self._bad_call(token.text)
            elif token.kind == "pair" and not self._is_known(token.text.partition("=")[0].strip()):
                yield f"nothing here takes `{token.text.partition('=')[0].strip()}`"

    def _no_file(self, token: Token) -> Iterator[str]:
        files = self.files(token.text)
        if not files:
            yield f"there is no file `{token.text}`"
        elif token.line:
            rows = self.code.texts[files[0]].split("\n")
            if token.line > len(rows):
                yield f"`{token.text}` has {len(rows)} lines"

    def _wrong_home(self, mark: int, token: Token) -> Iterator[str]:
        """A file that is said to have the name before it and does not: it neither defines nor uses it."""
        before, files = self.token(mark - 1), self.files(token.text)
        if before is not None and before.kind == "name" and files:
            last = before.text.rpartition(".")[2]
            if not any(re.search(rf"\b{re.escape(last)}\b", self.code.texts[file]) for file in files):
                yield f"`{before.text}` is not in `{token.text}`"

    def files(self, name: str) -> list[str]:
        """The files that a path may mean."""
        return [file for file in self.code.texts if file == name or file.endswith(f"/{name}")]

    def _is_known(self, name: str) -> bool:
        parts = name.split(".")
        if all(one in dir(builtins) or one in sys.stdlib_module_names or one in self.code.parameters for one in parts[:1]) and len(parts) == 1:  # fmt: skip
            return True
        if parts[0] in sys.stdlib_module_names:
            return len(parts) == 1 or any(at.use.name == name or at.use.name.endswith(f".{parts[-1]}") for at in self.code.every_use.get(parts[-1], ()))  # fmt: skip
        if len(parts) > 1 and parts[0] in dir(builtins):
            return hasattr(getattr(builtins, parts[0]), parts[1])
        if self.things(name):
            return True
        if len(parts) > 1 and not any(
            is_module(self.code, parts[0]) or self.code.by_name.get(one) for one in parts[:-1]
        ):
            return bool(self.code.every_use.get(parts[-1]))
        return len(parts) == 1 and bool(self.code.every_use.get(name) or self._is_text(name))

    def _is_text(self, name: str) -> bool:
        return name in _texts(self.code)

    def _bad_call(self, text: str) -> Iterator[str]:
        name = text.partition("(")[0]
        if not self._is_known(name):
            yield f"nothing here is called `{name}`"
            return
        one = next(iter(self.things(name)), None)
        call = syntax.expression(text)
        if one is None or one.facts is None or call is None:
            return
        given = {p.name for p in one.facts.parameters}
        takes_any = any(p.kind == "**" for p in one.facts.parameters)
        for word in re.findall(r"(?<=[(,])\s*([A-Za-z_]\w*)\s*=(?!=)", _outer(text)):
            if word not in given and not takes_any:
                yield f"`{name}` takes no `{word}`"

    def things(self, name: str) -> list[Thing]:
        """What a name means, what was asked about first."""
        last = name.rpartition(".")[2]
        own = [one for one in self.about if one.path == name or (one.name == last and (one.path.endswith(f".{name}") or name.endswith(f".{one.path}") or "." not in name))]  # fmt: skip
        found = things(self.code, name, ANY)
        return [*own, *(one for one in found if one not in own)]

    def thing(self, mark: int) -> Thing | None:
        """The best thing that a mark means."""
        token = self.token(mark)
        return next(iter(self.things(token.text)), None) if token is not None and token.kind == "name" else None

    def token(self, mark: int) -> Token | None:
        """A mark's piece of code."""
        return self.parts.tokens[mark] if 0 <= mark < len(self.parts.tokens) else None

    def asked(self, one: Thing) -> Asked:
        """A question about a thing, for those who answer such."""
        return Asked(self.code, ANY, (Meant(one.path, (one,)),))

    def has_loose(self) -> bool:
        """Whether some code that is quoted has a part in no claim."""
        used = {mark for claim in self.parts.claims for mark in (claim.of, *claim.others)}
        return any(n not in used and token.text != "self" and not self._is_home(n) for n, token in enumerate(self.parts.tokens))  # fmt: skip

    def _is_home(self, mark: int) -> bool:
        """Whether a file is that of the name before it."""
        token, one = self.token(mark), self.thing(mark - 1)
        return token is not None and token.kind == "file" and one is not None and one.file in self.files(token.text) and not token.line  # fmt: skip


def _outer(call: str) -> str:
    """A call without what stands in brackets within it."""
    head, _, rest = call.partition("(")
    while (plain := re.sub(r"\([^()]*\)|\[[^\[\]]*\]", "", rest[:-1]) + ")") != rest:
        rest = plain
    return f"{head}({rest}"


ANY: Question = read("?")


@lru_cache(maxsize=4)
def _texts(code: Code) -> frozenset[str]:
    """The words in a project's code."""
    return frozenset(
        word for file, text in code.texts.items() if file.endswith(".py") for word in re.findall(r"\w+", text)
    )


def is_module(code: Code, name: str) -> bool:
    """Whether a part of a file's path is a name."""
    return any(name in file.removesuffix(".py").split("/") for file in code.texts)
