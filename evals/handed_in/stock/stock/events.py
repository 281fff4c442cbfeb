"""Who is told of what happens."""

from collections.abc import Callable

Listener = Callable[[str, dict], None]


class Bus:
    """Tells listeners of events by their names."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Listener]] = {}

    def listen(self, name: str, listener: Listener) -> None:
        """Have a listener told of an event."""
        self._listeners.setdefault(name, []).append(listener)

    def emit(self, name: str, /, **data: object) -> int:
        """Tell the listeners; how many there were."""
        told = self._listeners.get(name, [])
        for one in told:
            one(name, data)
        return len(told)
