"""Exchange rates of a service."""

import json
import urllib.request


def fetch(url: str) -> dict:
    """The service's answer. Raises OSError where it does not answer."""
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.loads(answer.read())


def rate(url: str, currency: str) -> float:
    """How much of a currency is a euro. Raises KeyError for one that the service does not know."""
    return float(fetch(url)["rates"][currency])
