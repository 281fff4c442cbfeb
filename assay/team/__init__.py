"""The shared server for a team. Empty until the issue "One model for the whole team"; the only package to know the web."""
