"""Media types: what kind of file it is, from its first bytes or its name."""
