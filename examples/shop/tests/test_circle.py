from shop.circle import circumference


def test_circumference() -> None:
    assert round(circumference(1), 2) == 6.28
