"""The family account."""
