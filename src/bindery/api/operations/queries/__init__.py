"""Queries over a dataset."""
