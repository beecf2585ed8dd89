"""The query language: parsed into a small validated tree, then compiled to SQL with parameters."""
