"""What the rest of Bindery asks of a catalog: one protocol for each noun."""
