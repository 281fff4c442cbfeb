from shop.geometry import area, diagonal


def test_area() -> None:
    assert area(2, 3) == 6


def test_diagonal() -> None:
    assert diagonal(3, 4) == 5
