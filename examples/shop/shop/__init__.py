"""A small shop: prices, a cart, some statistics."""
