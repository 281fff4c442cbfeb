from unittest.mock import patch

import pytest

from stock import orders
from stock.depot import Depot
from stock.events import Bus


@pytest.fixture
def depot():
    made = Depot(Bus())
    made.put("nut", 10)
    return made


@pytest.fixture
def mail():
    with patch("stock.orders.send_mail") as sent:
        yield sent


def test_carry_out(depot, mail):
    assert orders.carry_out(depot, {"nut": 3}, "me@x")
    assert depot.counts["nut"] == 7
    mail.assert_called_once_with("me@x", "On its way.")


def test_carry_out_nothing(depot, mail):
    assert not orders.carry_out(depot, {"nut": 3, "bolt": 1}, "me@x")
    assert depot.counts["nut"] == 10
    mail.assert_called_once_with("me@x", "We lack bolt.")


@pytest.mark.parametrize(("number", "expected"), [(1, "000011"), (12345, "123455"), (99999, "999995")])
def test_code(number, expected):
    assert orders.code(number) == expected


def test_split():
    assert orders.split({"nut": 5, "bolt": 2}, 3) == [{"nut": 3}, {"nut": 2, "bolt": 1}, {"bolt": 1}]


def test_is_late(depot):
    assert orders.is_late(depot, "bolt")
    assert not orders.is_late(depot, "nut")
