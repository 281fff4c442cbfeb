"""What lies where."""

from stock.events import Bus


class OutOfStock(Exception):
    """There is not as much of a thing as somebody wants."""


class Depot:
    """Counts of things, with a bus that is told of what is short."""

    low = 3

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.counts: dict[str, int] = {}

    def put(self, name: str, count: int) -> None:
        """Add some."""
        self.counts[name] = self.counts.get(name, 0) + count

    def take(self, name: str, count: int) -> int:
        """Take some away; what is left. Raises OutOfStock where there are not as many."""
        there = self.counts.get(name, 0)
        if count > there:
            raise OutOfStock(f"{there} of {count} {name}")
        self.counts[name] = there - count
        if self.counts[name] < self.low:
            self.bus.emit("low", name=name, left=self.counts[name])
        return self.counts[name]

    def missing(self, wanted: dict[str, int]) -> dict[str, int]:
        """What an order lacks, by thing."""
        return {name: count - self.counts.get(name, 0) for name, count in wanted.items() if count > self.counts.get(name, 0)}
