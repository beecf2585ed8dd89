"""The record in PostgreSQL, which several servers may share."""
