import pytest

from shop.prices import discounted, parsed, with_tax


@pytest.mark.parametrize(("cents", "country", "expected"), [(100, "de", 119), (1000, "fr", 1200), (250, "lu", 292)])
def test_with_tax(cents, country, expected):
    assert with_tax(cents, country) == expected


def test_unknown_country():
    with pytest.raises(KeyError):
        with_tax(100, "xx")


def test_discounted():
    assert discounted(1000, 10) == 900
    assert discounted(999, 50) == 500
    assert discounted(1000, 0) == 1000


def test_discount_of_too_much():
    with pytest.raises(ValueError, match="no percentage"):
        discounted(1000, 101)


def test_parsed():
    assert parsed("12.50") == 1250
    assert parsed("3") == 300


def test_parsed_refuses():
    with pytest.raises(ValueError, match="no price"):
        parsed("a lot")
