"""What the names of a question mean in a project: the things that they are, the best first."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analyzers import words

from .code import Code, Thing
from .question import Question

LONGEST = 5  # words of a name that is spelled
NEAR, SIMILAR = 3, 0.75  # names that are told where one is not there, and how alike they are (difflib's ratio)
_ORDER = {"class": 0, "function": 0, "method": 1, "property": 1, "constant": 1, "attribute": 2, "module": 3}
_NOUN = re.compile(
    r"\b(function|method|class|module|package|constant|variable|attribute|property|file)\b", re.IGNORECASE
)
_OF_NOUN = {"function": ("function", "method"), "method": ("method",), "class": ("class",), "module": ("module",), "package": ("module",), "file": ("module",), "constant": ("constant", "attribute"), "variable": ("constant", "attribute"), "attribute": ("attribute", "property"), "property": ("property", "attribute")}  # fmt: skip
# What may follow a word that is a name although nothing marks it as one.
_BEHIND = re.compile(
    r"\s*(?:\(\))?\s*(?:$|[?.!,;]|(?:function|method|class|module|constant|attribute|property|parameter|exception|decorator)\b|(?:do|does|return|raise|take|accept|call|use|throw|yield|work|get|have|import|defined?|declared|called|used|tested|located|implemented|raised|caught|set|for|and|with|in|from|live|come|connected|related|linked)\b)",
    re.IGNORECASE,
)
_NO_NAMES = frozenset("a an the it is are be do does that this there what which who where how when why code function method class module file files project package test tests error errors exception exceptions all any every one something someone somebody value values default type name names text line lines here user users we you they i me my our your its of to for in on by with from and or not no".split())  # fmt: skip


@dataclass(frozen=True, slots=True)
class Meant:
    """A name of a question, and the things that it may mean. `is_spelled`: the question says its words, and not the name; `is_marked`: it is written as code writes names."""

    name: str
    things: tuple[Thing, ...]
    is_spelled: bool = False
    is_marked: bool = True

    @property
    def last(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]


def meant(code: Code, question: Question) -> list[Meant]:
    """The names of a question in their order: those that are written as code, those that stand where a name stands, and files. A name that is written as code and means nothing has no things."""
    found = [Meant(name, tuple(things(code, name, question))) for name in question.names]
    for name in question.likely:
        if name.lower() not in _NO_NAMES and not any(name in one.name.split(".") for one in found) and (known := _likely(code, name, question)):  # fmt: skip
            found.append(Meant(name, known, is_marked=any(c.isupper() or c in "_." for c in name)))
    for file in question.files:
        named = [one for one in code.things if one.kind == "module" and (one.file == file or one.file.endswith(f"/{file}"))]  # fmt: skip
        if question.line and named and (inside := code.around(named[0].file, question.line)) is not None:
            named = [inside]
        if named or file.endswith(".py"):
            found.append(Meant(file, tuple(named)))
    if not found:
        found += _spelled(code, question)
    at = question.text.find
    return sorted(found, key=lambda one: at(one.name) if at(one.name) >= 0 else 10_000)


def _spelled(code: Code, question: Question) -> Iterator[Meant]:
    """Names whose words a question says one behind the other ("the time stamper" for `TimeStamper`), the longest."""
    said = [words.stem(one.lower()) for one in re.findall(r"[A-Za-z]+", question.text)]
    for length in range(min(LONGEST, len(said)), 1, -1):
        for at in range(len(said) - length + 1):
            if known := code.spelled.get(tuple(said[at : at + length])):
                yield Meant(
                    known[0].path, tuple(sorted(known, key=lambda one: _rank(code, one, question))), is_spelled=True
                )
                return


def things(code: Code, name: str, question: Question) -> list[Thing]:
    """What a name means, the best first: by its whole path, by the end of it, with its module before it, and as what a class has from another."""
    last = name.rpartition(".")[2]
    every = code.by_name.get(last, ())
    if "." in name:
        exact = [one for one in every if one.path == name or one.path.endswith(f".{name}")]
        exact = exact or [one for one in every if _is_qualified(one, name)]
        offered = exact or _offered(code, name, question)
        every = tuple(offered or _inherited(code, name) or [one for one in every if _is_below(one, name)])
    if every and (meant_by := _alias(code, every)):
        every = (meant_by, *every)
        return list(every)
    return sorted(every, key=lambda one: _rank(code, one, question))


def _offered(code: Code, name: str, question: Question) -> list[Thing]:
    """What a package offers under a name that it imports."""
    head, _, last = name.rpartition(".")
    for module in code.by_name.get(head.rpartition(".")[2], ()):
        if module.kind == "module" and module.path.endswith(head) and (whole := code.imported(module.file).get(last)):
            found = things(code, whole, question) if whole != name else []
            return found or things(code, whole.rpartition(".")[2], question)
    return []


def _alias(code: Code, every: Sequence[Thing]) -> Thing | None:
    """The function or class that a constant is another name of."""
    one = every[0]
    if len(every) != 1 or one.kind != "constant" or not one.value.isidentifier():
        return None
    name = code.imported(one.file).get(one.value, one.value).rpartition(".")[2]
    known = [other for other in code.by_name.get(name, ()) if other.kind in ("function", "class")]
    return next((other for other in known if other.file == one.file), known[0] if known else None)


def _is_qualified(one: Thing, name: str) -> bool:
    """Whether a name is a thing's path behind its module."""
    head = _before(one, name)
    return bool(head) and f".{one.file.removesuffix('/__init__.py').removesuffix('.py').replace('/', '.')}".endswith(f".{head}")  # fmt: skip


def _is_below(one: Thing, name: str) -> bool:
    """Whether a name is a thing's path behind a package that its module is in."""
    head = _before(one, name)
    return bool(head) and f".{head}." in f".{one.file.replace('/', '.')}"


def _before(one: Thing, name: str) -> str:
    return name[: -len(one.path) - 1] if name.endswith(f".{one.path}") else ""


def _inherited(code: Code, name: str) -> list[Thing]:
    return list(_from_bases(code, name))


def _from_bases(code: Code, name: str) -> Iterator[Thing]:
    owner, _, last = name.rpartition(".")
    for cls in code.by_name.get(owner.rpartition(".")[2], ()):
        for base in code.bases(cls) if cls.kind == "class" else ():
            yield from (one for one in code.in_file(base.file) if one.path == f"{base.path}.{last}")


def _rank(code: Code, one: Thing, question: Question) -> tuple[bool, bool, bool, int, bool, int, str, int]:
    nouns = {kind for noun in _NOUN.findall(question.text) for kind in _OF_NOUN[noun.lower()]}
    in_named_file = any(one.file.endswith(file) for file in question.files)
    is_hidden = any(part.startswith("_") and not part.startswith("__") for part in one.path.split("."))
    return (
        code.is_test(one.file),
        not in_named_file,
        bool(nouns) and one.kind not in nouns,
        _ORDER[one.kind],
        is_hidden,
        one.path.count("."),
        one.file,
        one.line,
    )


def _likely(code: Code, name: str, question: Question) -> tuple[Thing, ...]:
    """What a word means that nothing marks as a name: where it stands as a name would."""
    known = things(code, name, question)
    own = [one for one in known if not code.is_test(one.file)]
    is_capital = name[:1].isupper() and not name.isupper() and not question.text.startswith(name)
    if not own:
        return tuple(known) if is_capital else ()
    if is_capital or "_" in name:
        return tuple(known)
    noun = r"(?:functions?|method|class|module|package|constant|attribute|property|parameter|argument|exception|decorator|fixture)"
    if re.search(rf"\b{noun}\s+(?:named |called )?{re.escape(name)}\b|\b{re.escape(name)}\s+{noun}\b", question.text):
        return tuple(known)
    where = re.search(rf"(?:^|\b(?:is|are|does|do|of|for|calls?|uses?|raises?|imports?|catch(?:es)?|find|explain|describe|tests?|to|in|by|and|or|with|from|show|where|what))\s+(?:the\s+)?{re.escape(name)}\b", question.text, re.IGNORECASE)  # fmt: skip
    solid = [one for one in own if one.kind in ("function", "class", "method", "constant", "property")]
    if where is None or not solid or not _BEHIND.match(question.text, where.end()):
        return ()
    before = question.text[: where.end() - len(name)].rstrip().lower()
    return () if before.endswith((" the", " a", " an")) and not before.endswith(("is the", "are the")) else tuple(known)


def near(code: Code, name: str) -> list[Thing]:
    """Things whose names are like one that is not there."""
    last = name.rpartition(".")[2]
    close = difflib.get_close_matches(last, code.by_name, n=NEAR, cutoff=SIMILAR)
    return [code.by_name[one][0] for one in close]
