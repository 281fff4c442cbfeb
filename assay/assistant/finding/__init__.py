"""What is there for a description: an index of a tree, and the best of it weighed."""
