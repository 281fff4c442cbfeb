from shop.circle import area


def test_area() -> None:
    assert round(area(1), 2) == 3.14
    assert area(0) == 0
