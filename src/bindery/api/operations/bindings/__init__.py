"""Bindings, their ledgers, and the buckets they may name."""
