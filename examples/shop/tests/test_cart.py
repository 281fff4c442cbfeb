from shop.cart import Cart


def test_add_counts() -> None:
    cart = Cart()
    cart.add("tea")
    cart.add("tea", 2)
    assert cart.items == {"tea": 3}


def test_remove_takes_it_out() -> None:
    cart = Cart({"tea": 1, "milk": 2})
    cart.remove("tea")
    assert cart.items == {"milk": 2}
