"""The family access_keys."""
