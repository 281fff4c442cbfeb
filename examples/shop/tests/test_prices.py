from shop.prices import Price, add


def test_add() -> None:
    assert add(2, 3) == 5
    assert add(0, 7) == 7


def test_prices_add_up() -> None:
    assert Price(2) + Price(3) == Price(5)
