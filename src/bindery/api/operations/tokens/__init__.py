"""The family tokens."""
