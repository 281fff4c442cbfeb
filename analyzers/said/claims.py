"""What a sentence about code claims, taken apart: its names, files and values become marks, and the forms in which people claim something of them are found, whatever else it says is left over. Nothing is looked up here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["name", "file", "call", "value", "decorator", "pair"]
_TICKED = re.compile(r"`+([^`\n]+?)`+")
_FILE = re.compile(r"(?:[\w.-]+/)*[\w-]+\.(?:py|pyi|toml|cfg|ini|md|rst|txt|yml|yaml)(?::(\d+))?")
_CODE = re.compile(
    r"(?:[\w.-]+/)*[\w-]+\.(?:py|pyi|toml|cfg)(?::\d+)?|\b[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+\b(?:\(\))?|\b(?:_\w+|\w+_\w+|[a-z]+[A-Z]\w*|[A-Z]+[a-z0-9]+[A-Z]\w*|[A-Z]+\d*_[A-Z0-9_]+)\b(?:\(\))?|\b[A-Z]\w*(?:Error|Exception|Warning)\b|\b[A-Za-z_]\w*\(\)|(?<![\w.])-?\d+(?:\.\d+)?(?!\w|\.\d)|\b(?:None|True|False)\b|\"[^\"]*\"|'[^']+'(?!\w)"
)
MARK = re.compile(r"⟦(\d+)⟧")
NAME = r"⟦\d+⟧"
_NOUN = r"(?:function|method|class|module|package|constant|variable|attribute|property|parameter|argument|option|keyword|exception|error|constructor|decorator|test|tests|fixture|helper|file|value|name|object|instance|coroutine|generator|string|flag|setting)"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of code in a sentence: `text` as it is written, `line` of a file that is named with one."""

    kind: Kind
    text: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that is claimed: `what`, of the mark `of`, with the other marks or words. `is_denied`: the sentence says that it is not so."""

    what: str
    of: int
    others: tuple[int, ...] = ()
    words: str = ""
    is_denied: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """A sentence taken apart; `left` are the words of it that no claim accounts for."""

    tokens: tuple[Token, ...]
    claims: tuple[Claim, ...]
    left: tuple[str, ...] = field(default=())


_LIST = rf"{NAME}(?:(?:,| and|, and)(?: (?:a|an|the|its|then))? {NAME})*"
_NOT = r"(?P<no>(?:does not|do not|doesn't|don't|never|cannot|can not|can't|is not|isn't|are not|aren't|no longer|has no|have no) ?(?:ever |directly )?)?"
_A = r"(?:both )?(?:a |an |the |its |another |one |some |any )?"
# Each form: its word, and how it is said. `s` is the subject's mark, `o` a list of marks, `w` words.
_FORMS: tuple[tuple[str, str], ...] = (
    ("called_by", rf"(?P<s>{NAME}) (?:(?:is|are|gets|being) )?(?P<no>not |never )?(?:also |then )?(?:called|used|invoked|instantiated|applied) (?:by|in|from|inside|within) {_A}(?P<o>{_LIST})"),
    ("uncalled", rf"(?P<s>{NAME}) (?:has no (?:callers?|users?|usages?)|is (?:never|not) (?:called|used)(?: (?:anywhere|at all))?|is unused)"),
    ("raised_by", rf"(?P<o>{NAME}) is (?P<no>not |never )?raised by (?P<s>{NAME})"),
    ("raises", rf"(?P<s>{NAME}) {_NOT}(?:also |then )?(?:raises?|throws?) {_A}(?P<o>{_LIST})"),
    ("raises_nothing", rf"(?P<s>{NAME}) (?:never raises?|does not raise|raises no|doesn't raise)(?: (?:any |an )?(?:exceptions?|errors?|anything))?"),
    ("catches", rf"(?P<s>{NAME}) {_NOT}(?:also |then )?(?:catches|catch|swallows?|handles?|suppresses) {_A}(?P<o>{_LIST})"),
    ("order", rf"(?P<s>{NAME}) {_NOT}(?:calls?|runs?|applies|apply|invokes?|executes?) {_A}(?P<o>{NAME}) (?P<w>before|after|first|last)(?: {_A}(?P<p>{NAME}))?"),
    ("order_of", rf"(?P<s>{NAME}) {_NOT}(?:calls?|runs?|applies|invokes?) {_A}(?P<o>{NAME}) first\b"),
    ("calls", rf"(?P<s>{NAME}) {_NOT}(?:also |then )?(?:calls?|invokes?|uses?|delegates? to|relies on|passes through|wraps?|applies) {_A}(?P<o>{_LIST})"),
    ("default_of", rf"(?P<p>{NAME}) {_A}?(?:parameter |argument |keyword )?(?:of|in|for) (?P<s>{NAME}) (?:defaults? to|has (?:a|the) default(?: value)? of|is|=) (?P<o>{NAME})(?: by default)?"),
    ("default_has", rf"(?P<s>{NAME}) has {_A}(?:default )?(?P<o>{NAME}) as {_A}default"),
    ("default_with", rf"(?P<s>{NAME}) has {_A}(?P<d>default )?(?P<p>{NAME})(?: parameter| argument)?(?: (?:of|that defaults to|defaulting to|with a default of) (?P<o>{NAME}))"),
    ("default_uses", rf"(?:by default,? )?(?P<s>{NAME}) uses? (?P<o>{NAME}) as (?:its|the|a) (?P<w>[\w ]+?)(?: by default)?(?=$|[,.;])"),
    ("defaults_to", rf"(?P<p>{NAME}) (?:defaults? to|is (?P<o2>{NAME}) by default|has (?:a|the) default(?: value)? of) ?(?P<o>{NAME})?"),
    ("takes_none", rf"(?P<s>{NAME}) (?:takes|accepts|has|expects) no (?P<w>keyword arguments|arguments|parameters|positional arguments)"),
    ("takes_no_keywords", rf"(?P<s>{NAME}) (?:does not|doesn't|cannot) (?:accept|take) (?P<w>keyword arguments|arguments|any arguments|positional arguments)"),
    ("takes_count", rf"(?P<s>{NAME}) (?:takes|accepts|has|expects) (?:exactly |only )?(?P<w>one|two|three|four|five|six|seven|eight|nine|ten|{NAME}) (?:required |optional )?(?:parameters?|arguments?)(?:(?:,? (?:namely|called|named)|:|,)? (?P<o>{_LIST}))?"),
    ("takes", rf"(?P<s>{NAME}) {_NOT}(?:takes?|accepts?|expects?|has|have) (?:the |a |an )?(?:parameters? |arguments? |keyword )?(?P<o>{_LIST})(?: (?:parameters?|arguments?|keyword))?(?= |$|[,.;])"),
    ("inherits_no", rf"(?P<s>{NAME}) (?:does not|doesn't) (?:inherit|derive) from (?P<o>{_LIST})"),
    ("inherits", rf"(?P<s>{NAME}) (?:also )?(?:inherits|derives|descends|extends|subclasses|is derived|is a subclass|is a child)(?: (?P<w>directly))?(?: class)?(?: from| of)? (?:both )?{_A}(?P<o>{_LIST})"),
    ("is_kind", rf"(?P<s>{NAME}) {_NOT}(?:is|are) (?:a|an|the) (?P<w>(?:async(?:hronous)? )?(?:static ?method|class ?method|property|cached property|generator function|generator|async generator|coroutine(?: function)?|coroutine|decorator|context manager|class|function|method|module|constant|abstract method|dataclass|frozen dataclass|named ?tuple|enum|abstract class))\b"),
    ("is_a", rf"(?P<s>{NAME}) (?:is|in turn is)(?: (?:itself|in turn))? (?:a|an) (?P<o>{NAME})"),
    ("defined_at", rf"(?P<s>{NAME}) (?:is|are|was|lives|starts|begins|sits|stands|can be found)? ?(?P<no>not )?(?:defined|implemented|located|declared|found|starts|begins)? ?(?:in|at|on) (?:the )?(?P<o>{NAME})(?: (?:on|at) line (?P<l>{NAME}))?"),
    ("on_line", rf"(?P<s>{NAME}) (?:is|starts|begins)? ?(?:defined |located )?(?:on|at) line (?P<l>{NAME})(?: of (?P<o>{NAME}))?"),
    ("imported_into", rf"(?P<s>{NAME}) (?:is|can be|gets|are) (?P<no>not )?imported (?P<w>into|in|by|from) (?P<o>{NAME})"),
    ("imports", rf"(?P<s>{NAME}) {_NOT}imports? (?P<o>{_LIST})(?: from (?P<p>{NAME}))?"),
    ("decorated", rf"(?P<s>{NAME}) is (?P<no>not )?decorated (?:with|by) (?P<o>{_LIST})"),
    ("tested_by", rf"(?P<s>{NAME}) is (?P<no>not )?(?:tested|covered|exercised|checked) by {_A}(?P<o>{_LIST})"),
    ("untested", rf"(?P<s>{NAME}) (?:is not tested|has no tests?|is untested|is not covered)"),
    ("tests", rf"(?P<o>{NAME}) (?:tests|covers|exercises) (?P<s>{NAME})"),
    ("deprecated", rf"(?P<s>{NAME}) is (?P<no>not )?deprecated|(?:creating|using|calling) (?:a |an )?(?P<s2>{NAME}) (?:issues|emits|raises|triggers) (?:a |an )?(?P<o>{NAME})"),
    ("warns", rf"(?P<s>{NAME}) {_NOT}(?:issues?|emits?|warns? with) (?:a |an )?(?P<o>{NAME})"),
    ("set_to", rf"(?P<s>{NAME}) (?:is|are|gets) (?P<no>not )?(?:set|initiali[sz]ed|equal|fixed) to (?P<o>{NAME})"),
    ("value_is", rf"(?:value of )?(?P<s>{NAME}) (?:is|equals|has the value|starts out as) (?P<o>{NAME})"),
    ("has_of", rf"(?P<s>{NAME}) has (?:a|an|the) (?P<p>{NAME}) of (?P<o>{NAME})"),
    ("sets", rf"(?P<s>{NAME}) {_NOT}(?:sets|changes|assigns|initiali[sz]es) {_A}(?P<p>{NAME})(?: to (?P<o>{NAME}))?"),
    ("reads_env", rf"(?P<s>{NAME}) {_NOT}(?:reads|checks|looks at|consults) (?:the )?(?P<o>{_LIST})(?: (?:environment )?variables?)?"),
    ("returns", rf"(?P<s>{NAME}) {_NOT}(?:also |then )?returns? (?:a |an |the )?(?P<o>{NAME})"),
    ("returns_words", rf"(?P<s>{NAME}) {_NOT}(?:also |then )?(?:returns?|gives back) (?P<w>nothing|(?:a |an |the )?(?:list|tuple|dict(?:ionary)?|set|string|bool(?:ean)?|int(?:eger)?|float|bytes|generator|iterator))\b(?: (?:of|with|built from) (?:\w+ ){{0,3}}(?P<o>{NAME})(?: (?:objects|instances|pairs))?)?"),
    ("yields", rf"(?P<s>{NAME}) {_NOT}yields? (?P<o>{_LIST})?"),
    ("methods", rf"(?P<s>{NAME}) (?:has|defines|offers|provides) (?:a |an |the )?(?:methods? |attributes? |properties )?(?P<o>{_LIST})(?: methods?| attributes?)?"),
    ("overrides", rf"(?P<s>{NAME}) {_NOT}overrides? {_A}(?P<o>{NAME})"),
)  # fmt: skip
_MATCHERS = tuple((what, re.compile(form, re.IGNORECASE)) for what, form in _FORMS)
# Words that claim nothing.
_FILLER = frozenset(
    "a an the of in on at to for and or but is are was be been being it its this that these those which who whose with by as from into also then there here called named namely both either first class function method module "
    "package constant variable attribute property parameter parameters argument arguments exception error constructor decorator test tests file files value values name object instance project code itself while so i.e e.g defined turn where same via also then".split()
)  # fmt: skip
_VERB = re.compile(r"(?:then |also |never |in turn )*(?:raises?|calls?|returns?|catches|takes|sets|reads|inherits|derives|uses|imported|yields|is|has)\b")  # fmt: skip
_WORD = re.compile(r"[A-Za-z][\w'-]*")


def taken(sentence: str) -> Taken:
    """A sentence taken apart."""
    tokens: list[Token] = []

    def put(text: str) -> str:
        tokens.append(_token(text.strip()))
        return f"⟦{len(tokens) - 1}⟧"

    marked = _TICKED.sub(lambda match: put(match[1]), sentence)
    marked = "".join(part if MARK.fullmatch(part) else _CODE.sub(lambda match: put(match[0]), part) for part in re.split(r"(⟦\d+⟧)", marked))  # fmt: skip
    plain = _plain(marked)
    claims, left = _claims(plain)
    return Taken(tuple(tokens), tuple(claims), left)


def _plain(marked: str) -> str:
    """The sentence without the nouns that stand beside names: "the method ⟦0⟧", "the constructor of ⟦0⟧", "the ⟦1⟧ parameter"."""
    plain = re.sub(r"\s+", " ", marked).strip().rstrip(".!")
    plain = re.sub(rf"(?<!⟧ )(?<!\bno )(?<!\bnot )(?<!\bnever )(?<!\bneither )(?<!\bwithout )(?<!\bany )\b(?:the |a |an |its |this )?(?:(?!no |not |never |neither |nor |without |any )\w+ )?(?<!\bno ){_NOUN}s? (?:of |named |called )?(?:the )?(?={NAME})", "", plain, flags=re.IGNORECASE)  # fmt: skip
    plain = re.sub(
        rf"({NAME}) (?:{_NOUN})s?\b(?! (?:of|in|for) {NAME} (?:defaults|is|has))", r"\1", plain, flags=re.IGNORECASE
    )
    plain = re.sub(rf"(?<!\w)(?:besides|apart from) {NAME},? ", "", plain, flags=re.IGNORECASE)
    plain = re.sub(rf"(?:^|(?<=[,;] ))(?:the|a|an|both|here) (?={NAME})", "", plain, flags=re.IGNORECASE)
    return re.sub(
        rf"({NAME}) (?:in|from|of) ({NAME})(?= (?:is|are|has|calls|raises|takes|returns|inherits)\b)",
        r"\1 in \2, \1",
        plain,
    )


def _claims(plain: str) -> tuple[list[Claim], tuple[str, ...]]:
    """The claims in a sentence, and what is left; a verb without a subject is of the subject before it."""
    found: list[Claim] = []
    clauses = re.split(r"(?:, | )(?:and|but|while|which|whereas|instead|so) (?=(?:then |also |in turn |it )*(?:never |does |is |has |in turn is )?(?:raises?|calls?|returns?|catches|takes|sets|reads|inherits|derives|uses|falls|removes|appends|imported|yields|defaults|emits|defines|a |an |is |are |has |keeps|creates|does )\b)", plain)  # fmt: skip
    subject, left = "", list[str]()
    for clause in clauses:
        text = clause.strip(" ,")
        text = re.sub(r"^(?:it|this|that|which|they)\b ?(?:in turn )?", "", text, flags=re.IGNORECASE).strip()
        if subject and (not MARK.search(" ".join(text.split()[:3])) or _VERB.match(text)):
            text = f"{subject} {text}"
        text = re.sub(r"⟧ imported", "⟧ is imported", text)
        first = MARK.search(text)
        subject = first[0] if first is not None else subject
        rest = text
        for what, match in _longest(text):
            found.append(_claim(what, match))
            rest = _without(rest, match.group())
        left += [word for word in _WORD.findall(MARK.sub(" ", rest)) if word.lower() not in _FILLER]
    return list(dict.fromkeys(found)), tuple(left)


def _longest(text: str) -> list[tuple[str, re.Match[str]]]:
    """The forms that are found, none within a longer one."""
    every = [(what, match) for what, form in _MATCHERS for match in form.finditer(text)]
    kept: list[tuple[str, re.Match[str]]] = []
    for what, match in sorted(every, key=lambda one: one[1].start() - one[1].end()):
        if not any(match.start() < other.end() and other.start() < match.end() for _, other in kept):
            kept.append((what, match))
    return kept


def _without(text: str, part: str) -> str:
    for word in part.split():
        text = text.replace(word, " ", 1) if MARK.search(word) else re.sub(rf"(?<![\w']){re.escape(word)}(?![\w'])", " ", text, count=1)  # fmt: skip
    return text


def _claim(what: str, match: re.Match[str]) -> Claim:
    groups = match.groupdict()
    of = groups.get("s") or groups.get("s2") or groups.get("p") or ""
    others = [
        groups.get(one) or "" for one in (("p", "o", "o2", "l") if groups.get("s") or groups.get("s2") else ("o", "o2"))
    ]
    numbers = [int(one) for text in others for one in MARK.findall(text)]
    mark = MARK.search(of)
    return Claim(what, int(mark[1]) if mark else -1, tuple(numbers), (groups.get("w") or "").strip().lower(), bool((groups.get("no") or "").strip()))  # fmt: skip


def _token(text: str) -> Token:
    if (file := _FILE.fullmatch(text)) is not None:
        return Token("file", text.partition(":")[0], int(file[1] or 0))
    if text.startswith("@"):
        return Token("decorator", text[1:])
    if re.fullmatch(r"[A-Za-z_][\w.]*\(\)", text):
        return Token("name", text[:-2])
    if re.fullmatch(r"(?:[\w.]+)\(.*\)", text, re.DOTALL):
        return Token("call", text)
    if re.fullmatch(r"[A-Za-z_]\w*\s*=\s*[^=].*", text):
        return Token("pair", text)
    if text in ("None", "True", "False") or not re.fullmatch(r"[A-Za-z_][\w.]*", text):
        return Token("value", text)
    return Token("name", text.removeprefix("self.") if text != "self" else text)


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text, marks of lists taken off; blocks of code are one each."""
    for block in re.split(r"(```.*?```)", text, flags=re.DOTALL):
        if block.startswith("```"):
            yield block
            continue
        for line in block.splitlines():
            row = re.sub(r"^\s*(?:[-*•]|\d+[.)])\s+", "", line).strip()
            yield from (one for one in re.split(r"(?<=[.!?])\s+(?=[A-Z`“\"(])", row) if one)
