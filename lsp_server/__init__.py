"""LSP in, LSP out: the only package that knows the protocol."""
