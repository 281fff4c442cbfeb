"""What is there and what it does: facts of functions, classes and modules, and a sentence that says no more than they do."""
