"""One module per operation, named as the operation in snake case."""
