"""The demonstration: the gaps of a small project, completed by the real model and proved in a real container."""
def show() -> int:
    return 0
