"""Bytes as text: files, fields of documents, and the short values of tags."""
