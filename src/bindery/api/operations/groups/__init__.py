"""The family groups."""
