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
from collections import Counter
from functools import lru_cache

MIN_LENGTH = 8  # shorter values are passwords for tests, and guessing them costs nothing
MIN_ENTROPY = 2.8  # bits a character; "changeme" has 2.75, random hex of 16 has about 3.4
LONG = 32  # characters from which a value with no telling name is judged by entropy alone
LONG_ENTROPY = 4.4  # bits a character; hex digests have at most 4.0 and stay, base64 of random bytes has about 5
_KEY = os.urandom(16)

# What a secret looks like wherever it stands: whose it is, and its form as a regular expression.
FORMS: tuple[tuple[str, str], ...] = (
    ("private key", r"-----BEGIN[ A-Z]*PRIVATE KEY-----[\s\S]*?(?:-----END[ A-Z]*PRIVATE KEY-----|\Z)"),
    ("AWS", r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b"),
    ("GitHub", r"\b(?:ghp|gho|ghu|ghs|ghr|github_pat)[_-][A-Za-z0-9_-]{16,}"),
    ("GitLab", r"\bglpat[_-][A-Za-z0-9_-]{16,}"),
    ("package registries", r"\b(?:npm|pypi)[_-][A-Za-z0-9_-]{16,}"),
    ("Hugging Face", r"\bhf[_-][A-Za-z0-9_-]{16,}"),
    ("DigitalOcean, Shopify", r"\b(?:dop_v1|shpat)[_-][A-Za-z0-9_-]{16,}"),
    ("Stripe", r"\b(?:sk_live|sk_test|rk_live|pk_live)[_-][A-Za-z0-9_-]{16,}"),
    ("OpenAI, Anthropic", r"\bsk-[A-Za-z0-9_-]{16,}"),
    ("Slack", r"\bxox[abeprs]-[A-Za-z0-9-]{10,}"),
    ("Google API key", r"\bAIza[A-Za-z0-9_-]{30,}"),
    ("Google OAuth", r"\bya29\.[A-Za-z0-9_-]{20,}"),
    ("SendGrid", r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    ("JSON Web Token", r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}"),
    ("user and password in a URL", r"(?<=://)[^\s:/@'\"]+:[^\s@'\"]{3,}(?=@)"),
    ("bearer token", r"(?i:(?<=bearer ))[A-Za-z0-9._~+/=-]{16,}"),
)
# What a name has in it whose quoted value is a secret.
NAMES = (
    "secret", "token", "password", "passwd", "api_?key", "access_?key", "private_?key", "credential",
    "auth_?key", "client_?key", "pwd",
)  # fmt: skip
_PATTERNS = re.compile("|".join(f"(?:{form})" for _, form in FORMS))
_WORDS = "|".join(NAMES)
# The name before the word is bounded: an unbounded one takes quadratic time on a long line, and a line can be hostile.
_NAME = rf"(?<![\w.-])[\w.-]{{0,64}}?(?:{_WORDS})\w{{0,64}}[\"']?\]?\s{{0,8}}(?::\s{{0,8}}\w{{1,40}}\s{{0,8}})?(?:=>|=|:)\s{{0,8}}"
_QUOTED = re.compile(rf"""(?i){_NAME}[rbuf]{{0,2}}(?P<quote>["'])(?P<value>[^\s"'`]{{{MIN_LENGTH},400}})(?P=quote)""")
_BARE = re.compile(rf"(?i){_NAME}(?P<value>[^\s\"'`,;(){{}}\[\]<>]{{{MIN_LENGTH},400}})")
_LONG = re.compile(rf"""(?<=["'])[A-Za-z0-9+/=_-]{{{LONG},}}(?=["'])""")


@lru_cache(maxsize=64)
def redact(text: str) -> str:
    """Code with every secret replaced by one of the same length. A value without quotes is code, not a secret."""
    text = _PATTERNS.sub(lambda found: _stand_in(found[0]), text)
    text = _QUOTED.sub(_named, text)
    return _LONG.sub(_long, text)


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
