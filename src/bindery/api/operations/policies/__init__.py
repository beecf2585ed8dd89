"""The family policies."""
