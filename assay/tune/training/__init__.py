"""The teaching: torch and peft, in a process of its own. Nobody else loads it."""
