"""Prices in cents."""

RATES = {"de": 19, "fr": 20, "lu": 17}


def with_tax(cents: int, country: str) -> int:
    """The price with the country's tax, rounded to a cent. Raises KeyError for a country that is not known."""
    return round(cents * (100 + RATES[country]) / 100)


def discounted(cents: int, percent: int) -> int:
    """The price less some percent. Raises ValueError where that is not between 0 and 100."""
    if not 0 <= percent <= 100:
        raise ValueError(f"{percent} is no percentage")
    return cents - cents * percent // 100


def parsed(text: str) -> int:
    """Cents of a price as people write it: "12.50", "3". Raises ValueError for what is none."""
    whole, _, rest = text.strip().partition(".")
    if not whole.isdigit() or (rest and not rest.isdigit()):
        raise ValueError(f"{text!r} is no price")
    return int(whole) * 100 + int(rest or 0)
