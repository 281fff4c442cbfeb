from shop.stats import largest, smallest, total


def test_total() -> None:
    assert total([1, 2, 3]) == 6


def test_largest() -> None:
    assert largest([1, 5, 3]) == 5


def test_smallest() -> None:
    assert smallest([4, 2, 3]) == 2
