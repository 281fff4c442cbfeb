"""A report of a cart."""

import sys

from shop.cart import Cart
from shop.prices import with_tax
from shop.rates import rate


def lines(cart: Cart, country: str) -> list[str]:
    """A line for each thing, with its price."""
    return [f"{count} x {name}: {with_tax(count * cents, country) / 100:.2f}" for name, (count, cents) in sorted(cart.lines.items())]


def in_currency(cart: Cart, url: str, currency: str) -> float:
    """What the cart costs in another currency."""
    return round(cart.net_total() / 100 * rate(url, currency), 2)


def main(arguments: list[str] | None = None) -> int:
    """Print the report of what the arguments name: THING=CENTS."""
    cart = Cart()
    for one in sys.argv[1:] if arguments is None else arguments:
        name, _, cents = one.partition("=")
        cart.add(name, int(cents))
    print("\n".join(lines(cart, "de")))
    return 0
