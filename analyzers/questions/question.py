"""What somebody asks: of which kind a question is, and which names, texts and files it speaks of. Words in, nouns out; nothing of a project is looked at here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "where", "what", "callers", "callees", "raises", "raised", "caught", "returns", "parameters", "default", "tests", "subclasses", "bases", "members", "environment", "deprecated", "imports", "importers",
    "value", "changed", "history", "overrides", "decorated", "linked", "text", "async",
]  # fmt: skip
# A name as the code writes it: between backticks, dotted, with an underscore, with capitals inside, or before a bracket.
_TICKED = re.compile(r"`+([^`\n]+?)`+")
_QUOTED = re.compile(r"\"([^\"\n]{2,})\"|“([^”\n]{2,})”|(?<![\w])'([^'\n]{3,})'(?![\w])")
_FILE = re.compile(r"(?<![\w/.-])((?:[\w.-]+/)*[\w-]+\.(?:py|pyi|toml|cfg|ini|md|rst|txt|yml|yaml))\b(?::(\d+))?")
_DOTTED = re.compile(r"\b[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+\b")
_WRITTEN = re.compile(r"\b(?:_\w+|\w+_\w*|[a-z]+[A-Z]\w*|[A-Z]+[a-z0-9]+[A-Z]\w*|[A-Z]+\d*_[A-Z0-9_]+)\b")
_LOUD = re.compile(r"\b[A-Z]{2,}[A-Z0-9]*\b")
_CALLED = re.compile(r"\b([A-Za-z_]\w*)\(")
_CAPITAL = re.compile(r"(?<![.?!]\s)(?<!^)\b([A-Z]\w*[a-z]\w*)\b")
_NAMED = re.compile(r"\b(?:function|method|class|module|package|constant|variable|attribute|property|parameter|argument|keyword|exception|decorator|fixture|setting|option|flag|file)s?\s+(?:named |called )?([A-Za-z_][\w.]*)\b|\b([A-Za-z_][\w.]*)\s+(?:function|method|class|module|constant|attribute|property|parameter|argument|exception|decorator|fixture)s?\b")  # fmt: skip
_KEYWORD = re.compile(r"\b([A-Za-z_]\w*\s*=\s*[\w.'\"-]+)")

LONGEST = 600  # characters of a question that are read

_CUES: tuple[tuple[Kind, str], ...] = (
    ("environment", r"\b(?:envir\w*|env)[- ]?(?:variable|var)s?\b|\benviron\b|\benvvars?\b"),
    ("deprecated", r"\bdeprecat"),
    ("importers", r"\b(?:who|what|which|where|what else)\b.*\b(?:imports?|imported)\b|\bimporters? of\b|\bimported (?:by|from|in)\b|\bdepends on\b|\bimports of\b"),
    ("imports", r"\bwhat (?:does|do)\b.*\b(?:import|depend on)\b|\bwhich (?:modules|packages|files) does\b.*\b(?:import|depend|use)"),
    ("subclasses", r"\bsub-?class(?:es|ed)?\b|\bderive[sd]?\b|\bderived\b|\binherit(?:s|ed|ing)?\b(?! from\s*\??$)|\bextend(?:s|ed|ing)?\b|\bimplementations? of\b|\bchild classes\b|\bimplement(?:s|ed|ing)?\b"),
    ("bases", r"\bbase class(?:es)?\b|\bparent(?: class(?:es)?)?\b|\bsuper-?class(?:es)?\b|\bmro\b|\bwhat does\b.*\b(?:inherit|extend|subclass|derive)|\binherits? from\s*\??$|\bbased on what\b"),
    ("overrides", r"\boverrid(?:e|es|den|ing)\b|\bre-?implement"),
    ("decorated", r"\bdecorated (?:with|by)\b|\bdecorates?\b"),
    ("tests", r"\btest(?:s|ed|ing)?\b(?! ?client| ?runner|_)|\bcover(?:s|ed|age|ing)?\b"),
    ("caught", r"\bcatch(?:es|ing)?\b|\bcaught\b|\bhandles?\b.*\b(?:exception|error)|\b(?:exception|error)s?\b.*\b(?:handled|swallowed|suppressed|ignored)\b|\bswallow(?:s|ed)?\b|\b(?:handled|swallowed|suppressed)\b|\bexcept(?:s|ed)\b"),
    ("default", r"\bdefaults?\b"),
    ("raises", r"\b(?:what|which)\b.*\b(?:exceptions?|errors?)\b.*\b(?:can|does|do|may|might|could|will)\b|\bwhat (?:does|can|may|might|could|will)\b.*\b(?:raise|throw)|\b(?:exceptions?|errors?) (?:of|from|out of|thrown by|raised by)\b|\b(?:does|can|could|will|may|might)\b.*\b(?:raise|throw|fail)\b"),
    ("raised", r"\brais(?:e[sd]?|ing)\b|\bthrow(?:s|n|ing)?\b"),
    ("linked", r"\bconnect(?:s|ed|ion)?\b|\brelat(?:es?|ed|ion(?:ship)?)\b|\b(?:get|path|way|route|reach(?:es)?|end up|go)(?:s|ing)?\b.*\bfrom\b.*\bto\b|\bhow does\b.*\b(?:use|reach|call|get to|invoke|end up)\b|\blinked\b|\bdoes\b.*\bcall\b"),
    ("callees", r"\bwhat (?:does|do)\b.*\b(?:call|use|invoke|rely on|delegate to)\b|\b(?:functions?|methods?|helpers?|what|things)\b.*\b(?:does|do)\b.*\b(?:call|use|invoke|delegate)\b|\bcallees?\b|\bcalls made by\b|\bcalled by\b|\bdelegates? to\b"),
    ("callers", r"\bcall(?:s|ers?|ed|ing|sites?)?\b|\bused?\b|\buses\b|\busages?\b|\busers of\b|\binvok\w+\b|\breferenc\w+\b|\binstantiat\w+\b|\bcreated\b|\bconstructed\b|\binvocations?\b|\brel(?:y|ies) on\b|\bconsum\w+\b"),
    ("returns", r"\breturn(?:s|ed|ing)?\b|\bcomes? (?:back|out)\b|\byields?\b|\bresult of\b|\bgives? back\b"),
    ("parameters", r"\bparam(?:eter)?s?\b|\barg(?:ument)?s?\b|\bsignature\b|\b(?:take|accept)s?\b|\bkwargs\b|\bkeywords?\b"),
    ("members", r"\bmethods?\b|\bmembers?\b|\battributes?\b|\bproperties\b|\bfields\b|\bwhat(?:'s| is| are)? in\b|\bclasses (?:in|of|are)\b|\bfunctions (?:in|of|are)\b|\bcontents?\b|\bdefined in\b"),
    ("changed", r"\b(?:who|what|which \w+|where)\b.*\b(?:changes|sets|modifies|updates|resets|mutates)\b"),
    ("history", r"\bwho (?:wrote|changed|touched|last|introduced|added|authored|modified|edited)\b|\bwhen (?:was|were|did)\b|\bcommit(?:s|ted)?\b|\bblame\b|\bauthor\b|\bwhat (?:has )?changed\b|\b(?:last|recently|lately) (?:changed|touched|modified|edited)\b|\bhistory of\b|\bsince (?:last|yesterday|monday)\b"),
    ("changed", r"\b(?:set|assigned|modified|mutated|changed|updated|written|initiali[sz]ed|incremented|reset)\b"),
    ("value", r"\bvalues?\b|\bconfigured\b|\bhow (?:many|long|large|big|much|high)\b|\bset to\b|\bequals?\b"),
    ("async", r"\basync(?:hronous)?\b|\bcoroutine\b|\bgenerator\b"),
    ("what", r"\bwhat(?:'s| is| are| does| do)\b|\bexplain\b|\bhow (?:does|do|is)\b|\bpurpose\b|\bdescribe\b|\bsummar\w+\b|\btell me about\b|\bwhy\b|\bwhat .* for\b|\bmean(?:s|ing)?\b"),
)  # fmt: skip
_MATCHERS = tuple((kind, re.compile(cue, re.IGNORECASE)) for kind, cue in _CUES)
_WHERE = re.compile(r"\bwhere(?:'s|abouts)?\b|\bdefin(?:ed?|ition|es)\b|\bdeclar\w+\b|\blocat\w+\b|\bfind\b|\bshow\b|\bwhich (?:file|module|line|part|piece|code|place|function|method|class|bit)\b|\bpoint me\b|\bimplement\w*\b", re.IGNORECASE)  # fmt: skip
# Words that stand before a name that no mark shows.
_SUBJECT = re.compile(
    r"^(?:.*?\b(?:where(?:'s| is| are| does| do)?|what(?:'s| is| are| does| do)?|how (?:does|do|is)|who (?:calls|uses|raises|catches|imports)|which \w+ (?:call|use|raise|import|catch)\w*|callers of|usages? of|uses of|definition of|find|show(?: me)?|explain|tests? (?:for|of)|describe|subclasses of|does|is|calls? to|all|list)\s+)"
    r"(?:me |the |a |an |all |every )*([A-Za-z_]\w*)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Question:
    """`kinds` that its words speak for, the likeliest first. `names` are written as code writes them, `likely` those that may be names; `texts` are quoted, `files` are paths, `line` is that of a
    place that is named. `must` is what a use has to have in its line ("err=True")."""

    text: str
    kinds: tuple[Kind, ...]
    names: tuple[str, ...] = ()
    likely: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    line: int = 0
    must: tuple[str, ...] = ()
    asks_where: bool = False

    @property
    def kind(self) -> Kind:
        """The likeliest."""
        return self.kinds[0]


def read(text: str) -> Question:
    """A question as it is understood."""
    said = " ".join(text[:LONGEST].split())  # the cues look for words far apart, and somebody else may have written it
    files = list(_FILE.finditer(said))
    rest = _FILE.sub(" ", said)
    must = tuple(re.sub(r"\s", "", one) for one in _KEYWORD.findall(rest))
    bare = _KEYWORD.sub(" ", rest)
    ticked = [one.strip() for one in _TICKED.findall(bare)]
    texts = [next(filter(None, groups)) for groups in _QUOTED.findall(bare)]
    texts += [one for one in ticked if " " in one.strip("() ") and not _is_call(one)]
    plain = _QUOTED.sub(" ", _TICKED.sub(" ", bare))
    names = [_name(one) for one in ticked if one not in texts]
    names += [one for one in texts if re.fullmatch(r"[A-Za-z_][\w.]*", one)]
    names += [one.group() for one in _DOTTED.finditer(plain) if "e.g" not in one.group() and "i.e" not in one.group()]
    plain_of_dots = _DOTTED.sub(" ", plain)
    names += _CALLED.findall(plain_of_dots)
    names += [one.group() for one in _WRITTEN.finditer(plain_of_dots)]
    named = [one for groups in _NAMED.findall(plain) for one in groups if one]
    subject = _SUBJECT.match(plain)
    likely = [
        *(one for one in _CAPITAL.findall(plain) if not _LOUD.fullmatch(one)),
        *named,
        *([subject[1]] if subject else []),
        *re.findall(r"[A-Za-z_]\w*", plain),
    ]
    words = _TICKED.sub("X", _QUOTED.sub(" ", said))
    for one in names:  # what a name says is not what is asked
        words = words.replace(one, "X")
    kinds = [kind for kind, cue in _MATCHERS if cue.search(words)]
    if _WHERE.search(words):
        kinds.append("where")
    return Question(
        said, tuple(dict.fromkeys(kinds or ["what"])), _unique(names), _unique(one for one in likely if one not in names),
        _unique(one for one in texts if one not in names), _unique(one.group(1) for one in files), next((int(one.group(2)) for one in files if one.group(2)), 0), must,
        _WHERE.search(words) is not None,
    )  # fmt: skip


def _unique(found: object) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for one in found if one))  # type: ignore[attr-defined]


def _is_call(text: str) -> bool:
    return re.fullmatch(r"[\w.]+\(.*\)", text) is not None


def _name(text: str) -> str:
    """A name between backticks without what stands behind it."""
    return re.sub(r"\(.*$", "", text).strip().removeprefix("@").removeprefix("self.")
