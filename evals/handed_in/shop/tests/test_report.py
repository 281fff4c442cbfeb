from unittest.mock import patch

from shop import Cart
from shop.report import in_currency, lines, main


def test_lines():
    cart = Cart()
    cart.add("pen", 100, 2)
    cart.add("ink", 700)
    assert lines(cart, "de") == ["1 x ink: 8.33", "2 x pen: 2.38"]


def test_in_currency():
    cart = Cart()
    cart.add("pen", 100, 2)
    with patch("shop.report.rate", return_value=1.5) as asked:
        assert in_currency(cart, "http://rates.invalid", "usd") == 3.0
    asked.assert_called_once_with("http://rates.invalid", "usd")


def test_main(capsys):
    assert main(["pen=100"]) == 0
    assert capsys.readouterr().out == "1 x pen: 1.19\n"
