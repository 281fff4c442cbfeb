"""A team's conventions: a guide in Markdown whose rules are checked. `guide` reads it, `breaches` holds a text against it."""
