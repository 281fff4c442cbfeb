"""Questions about a project's code, and what its texts say to them: each statement with the places that bear it out. Nothing is imported or run, and no model is asked."""
