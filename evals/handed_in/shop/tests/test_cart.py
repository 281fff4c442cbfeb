import pytest

from shop import Cart


@pytest.fixture
def cart():
    made = Cart()
    made.add("pen", 150, 2)
    made.add("ink", 700)
    return made


def test_net_total(cart):
    assert cart.net_total() == 1000


def test_add_again(cart):
    cart.add("pen", 150, 3)
    assert cart.lines["pen"] == (5, 150)


def test_add_nothing(cart):
    with pytest.raises(ValueError):
        cart.add("pen", 150, 0)


def test_remove(cart):
    cart.remove("ink")
    assert cart.net_total() == 300
    with pytest.raises(KeyError):
        cart.remove("ink")


def test_member(cart):
    assert cart.total_for_member(25) == 750
