"""What is there for this? Functions of the project and of its installed packages, found by what they say of themselves."""
