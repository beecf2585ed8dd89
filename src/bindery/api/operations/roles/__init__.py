"""The family roles."""
