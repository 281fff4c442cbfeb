"""What is written down of a request: its trace, and the ledger of what became of suggestions."""
