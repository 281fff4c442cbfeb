import pytest

from stock.depot import Depot, OutOfStock
from stock.events import Bus


@pytest.fixture
def depot():
    made = Depot(Bus())
    made.put("nut", 10)
    return made


def test_put_and_take(depot):
    assert depot.take("nut", 4) == 6
    depot.put("nut", 1)
    assert depot.counts == {"nut": 7}


def test_too_many(depot):
    with pytest.raises(OutOfStock, match="10 of 11 nut"):
        depot.take("nut", 11)
    assert depot.counts["nut"] == 10


def test_low(depot):
    heard = []
    depot.bus.listen("low", lambda name, data: heard.append((name, data)))
    depot.take("nut", 7)
    assert heard == []
    depot.take("nut", 1)
    assert heard == [("low", {"name": "nut", "left": 2})]


def test_missing(depot):
    assert depot.missing({"nut": 12, "bolt": 1}) == {"nut": 2, "bolt": 1}
    assert depot.missing({"nut": 10}) == {}


def test_emit_counts_listeners():
    bus = Bus()
    assert bus.emit("x") == 0
    bus.listen("x", lambda name, data: None)
    assert bus.emit("x", a=1) == 1
