from shop.cart import Cart
from shop.prices import discounted, with_tax

__all__ = ["Cart", "discounted", "with_tax"]
