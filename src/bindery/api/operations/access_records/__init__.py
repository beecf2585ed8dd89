"""The family access_records."""
