"""The family tags."""
