"""The record (truth), the index (derived), and the query language with its compiler."""
