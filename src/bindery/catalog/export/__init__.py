"""Entries of a dataset as Parquet files."""
