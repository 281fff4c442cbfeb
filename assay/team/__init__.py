"""The shared engine and, to come, the shared server of a team."""
