"""Find secrets in text by pattern and by entropy, and put a harmless text of the same length in their place.

Equal secrets get equal replacements within one process, so code that compares a constant with itself still does;
lengths and line ends are kept, so every offset stays true.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import os
import re
from collections import Counter, deque
from functools import lru_cache

from .memo import MIB, remembered
from .text import changed_span

MIN_LENGTH = 8  # shorter values are passwords for tests, and guessing them costs nothing
MIN_ENTROPY = 2.8  # bits a character; "changeme" has 2.75, random hex of 16 has about 3.4
LONG = 32  # characters from which a value with no telling name is judged by entropy alone
LONG_ENTROPY = 4.4  # bits a character; hex digests have at most 4.0 and stay, base64 of random bytes has about 5
_KEY = os.urandom(16)

# What a secret looks like wherever it stands: whose it is, texts of which one is in each of them (or right before it), and its form as a
# regular expression. None holds white space, so none goes on over the end of a line.
FORMS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("AWS", ("AKIA", "ASIA", "AROA", "AIDA"), r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b"),
    (
        "GitHub",
        ("ghp", "gho", "ghu", "ghs", "ghr", "github_pat"),
        r"\b(?:ghp|gho|ghu|ghs|ghr|github_pat)[_-][A-Za-z0-9_-]{16,}",
    ),
    ("GitLab", ("glpat",), r"\bglpat[_-][A-Za-z0-9_-]{16,}"),
    ("package registries", ("npm", "pypi"), r"\b(?:npm|pypi)[_-][A-Za-z0-9_-]{16,}"),
    ("Hugging Face", ("hf_", "hf-"), r"\bhf[_-][A-Za-z0-9_-]{16,}"),
    ("DigitalOcean, Shopify", ("dop_v1", "shpat"), r"\b(?:dop_v1|shpat)[_-][A-Za-z0-9_-]{16,}"),
    (
        "Stripe",
        ("sk_live", "sk_test", "rk_live", "pk_live"),
        r"\b(?:sk_live|sk_test|rk_live|pk_live)[_-][A-Za-z0-9_-]{16,}",
    ),
    ("OpenAI, Anthropic", ("sk-",), r"\bsk-[A-Za-z0-9_-]{16,}"),
    ("Slack", ("xox",), r"\bxox[abeprs]-[A-Za-z0-9-]{10,}"),
    ("Google API key", ("AIza",), r"\bAIza[A-Za-z0-9_-]{30,}"),
    ("Google OAuth", ("ya29.",), r"\bya29\.[A-Za-z0-9_-]{20,}"),
    ("SendGrid", ("SG.",), r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    ("JSON Web Token", ("eyJ",), r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}"),
    ("user and password in a URL", ("://",), r"(?<=://)[^\s:/@'\"]+:[^\s@'\"]{3,}(?=@)"),
    ("bearer token", ("bearer ",), r"(?i:(?<=bearer ))[A-Za-z0-9._~+/=-]{16,}"),
)
# What a name has in it whose quoted value is a secret.
NAMES = (
    "secret", "token", "password", "passwd", "api_?key", "access_?key", "private_?key", "credential",
    "auth_?key", "client_?key", "pwd",
)  # fmt: skip
_KEY_MARK = "PRIVATE KEY-----"
# To its end, or to the end of the string that it stands in: a line that only names such a key hides nothing below it.
_PRIVATE_KEY = re.compile(rf"-----BEGIN[ A-Z]*{_KEY_MARK}(?:[^\"'`]*?-----END[ A-Z]*{_KEY_MARK}|[^\"'`]*)")
_WORDS = "|".join(NAMES)
_STEMS = tuple(stem for name in NAMES for stem in {name.replace("_?", ""), name.replace("_?", "_")})
# The name before the word is bounded: an unbounded one takes quadratic time on a long line, and a line can be hostile.
_NAME = rf"(?<![\w.-])[\w.-]{{0,64}}?(?:{_WORDS})\w{{0,64}}[\"']?\]?\s{{0,8}}(?::\s{{0,8}}\w{{1,40}}\s{{0,8}})?(?:=>|=|:)\s{{0,8}}"
_QUOTED = re.compile(rf"""(?i){_NAME}[rbuf]{{0,2}}(?P<quote>["'])(?P<value>[^\s"'`]{{{MIN_LENGTH},400}})(?P=quote)""")
_BARE = re.compile(rf"(?i){_NAME}(?P<value>[^\s\"'`,;(){{}}\[\]<>]{{{MIN_LENGTH},400}})")
_LONG = re.compile(rf"""(?<=["'])[A-Za-z0-9+/=_-]{{{LONG},}}(?=["'])""")


SHORT = 4000  # characters of a text that is looked through whole in less time than it takes to find out what changed
LONGEST = 1 << 20  # characters of a text that is remembered: in a longer one nothing is offered
# Characters, from the start of a word of NAMES to the white space before its value: at most what _NAME has room for behind it.
REACH = 200
_recent: deque[tuple[str, str]] = deque(maxlen=8)  # long texts, their private keys replaced, and all of them redacted


@remembered(1 * MIB)
def redact(text: str) -> str:
    """Code with every secret replaced by one of the same length. A value without quotes is code, not a secret.

    Of a long text that was here before in another version, only what stands around the difference is looked at again.
    """
    text = _without_keys(text)
    if len(text) < SHORT:
        return _redacted(text)
    again = (_redacted_again(text, *one) for one in tuple(_recent)[::-1])
    found = next((one for one in again if one is not None), None) or _redacted(text)
    if len(text) <= LONGEST:
        _recent.append((text, found))
    return found


def _without_keys(text: str) -> str:
    """The only secrets that are longer than a line go first."""
    return _PRIVATE_KEY.sub(_key, text) if _KEY_MARK in text else text


def _key(found: re.Match[str]) -> str:
    """Its dashes stay: what stands right beside it begins and ends as before."""
    inner = found[0].strip("-")
    start = found[0].index(inner)
    return found[0][:start] + _stand_in(inner) + found[0][start + len(inner) :]


def _redacted(text: str) -> str:
    """All the other secrets of a text, or of a part of it between two places that nothing goes on over."""
    folded = _folded(text)
    forms = [form for _, signs, form in FORMS if any(sign in text or sign in folded for sign in signs)]
    if forms:
        text = _any_of(tuple(forms)).sub(lambda found: _stand_in(found[0]), text)
    if _is_named(folded):
        text = _QUOTED.sub(_named, text)
    return _LONG.sub(_long, text)


def _redacted_again(text: str, before: str, redacted: str) -> str | None:
    """`text`, of which another version `before` is known as `redacted`; None where they have little in common."""
    old, new = changed_span(before, text)
    if 2 * max(old.end - old.start, new.end - new.start) > len(text):
        return None
    start, end = _line_before(text, new.start), _line_after(text, new.end)
    return redacted[:start] + _redacted(text[start:end]) + redacted[end + len(before) - len(text) :]


def _line_before(text: str, at: int) -> int:
    """The beginning of a line above `at` that no secret goes on over: their values may stand below their names."""
    at = text.rfind("\n", 0, at) + 1
    while at and _is_named(text[max(0, at - REACH) : at]):
        at = text.rfind("\n", 0, at - 1) + 1
    return at


def _line_after(text: str, at: int) -> int:
    """The same below `at`, with what speaks for it below `at` too, so that it holds for both versions."""
    at += REACH
    while (at := text.find("\n", at) + 1) and _is_named(text[at - REACH : at]):
        pass
    return at or len(text)


def _folded(text: str) -> str:
    """As a pattern sees it that ignores case; for it both Turkish i are one too."""
    return text.lower() if text.isascii() else text.replace("İ", "i").replace("ı", "i").casefold()


def _is_named(text: str) -> bool:
    """Whether there is a name in it whose value would be a secret."""
    folded = _folded(text)
    return any(stem in folded for stem in _STEMS)


@lru_cache(maxsize=64)
def _any_of(forms: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{form})" for form in forms))


def redact_data(text: str) -> str:
    """The same for files that are not code, where values stand without quotes (`password: …`)."""
    return _BARE.sub(_named, redact(text))


def _named(found: re.Match[str]) -> str:
    value = found["value"]
    if _entropy(value) < MIN_ENTROPY or re.fullmatch(r"[a-z_.]+", value):
        return found[0]
    start, end = found.span("value")
    return found[0][: start - found.start()] + _stand_in(value) + found[0][end - found.start() :]


def _long(found: re.Match[str]) -> str:
    value = found[0]
    is_mixed = re.search(r"[a-z]", value) and re.search(r"[A-Z]", value) and re.search(r"\d", value)
    return _stand_in(value) if is_mixed and _entropy(value) >= LONG_ENTROPY else value


def _entropy(value: str) -> float:
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())


def _stand_in(secret: str) -> str:
    mark = hmac.new(_KEY, secret.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:8]
    filler = iter(f"{mark}REDACTED".ljust(len(secret), "x")[: len(secret)])
    return "".join(c if c in "\r\n" else next(filler) for c in secret)
