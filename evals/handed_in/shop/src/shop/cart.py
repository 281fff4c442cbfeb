"""What somebody is about to buy."""

from shop.prices import discounted


class Cart:
    """Goods with how many of them, and prices in cents."""

    def __init__(self) -> None:
        self.lines: dict[str, tuple[int, int]] = {}

    def add(self, name: str, cents: int, count: int = 1) -> None:
        """Put some of a thing into the cart."""
        if count < 1:
            raise ValueError("count must be at least 1")
        before = self.lines.get(name, (0, cents))[0]
        self.lines[name] = (before + count, cents)

    def remove(self, name: str) -> None:
        """Take a thing out. Raises KeyError where it is not there."""
        del self.lines[name]

    def net_total(self) -> int:
        """What all of it costs."""
        return sum(count * cents for count, cents in self.lines.values())

    def total_for_member(self, percent: int) -> int:
        """What it costs somebody with a discount."""
        return discounted(self.net_total(), percent)

    def count(self) -> int:
        """How many pieces there are."""
        return len(self.lines)
