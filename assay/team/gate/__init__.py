"""The way from a request to an engine and back: limits, one queue with fair turns, and the engines behind it."""
