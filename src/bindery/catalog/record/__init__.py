"""The record: the truth, kept in SQLite. One module per noun; SQL lives in ``sql/``."""
