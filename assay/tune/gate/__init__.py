"""Whether what was taught is better than what was there, on places that nothing was taught from."""
