"""A change in, a verdict out. The only place where a verdict is made; it knows nothing of typing, drafts or editors."""
