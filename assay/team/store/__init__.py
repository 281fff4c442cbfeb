"""The database of a team's server: its tables, how it is opened, moved to a newer form, saved and brought back."""
