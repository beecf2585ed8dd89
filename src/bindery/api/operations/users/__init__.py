"""The family users."""
