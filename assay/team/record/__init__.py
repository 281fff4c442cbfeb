"""What a team's server writes down: a chain of rows that shows what was changed or taken away, and counts of it; no source text unless the team wants that."""
