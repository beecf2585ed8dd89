"""The family access."""
