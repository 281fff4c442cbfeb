"""The command line: commands.py registers what people type; each command's work is in a function of the file that its group has."""
