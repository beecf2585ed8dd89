"""Inventories: lists of a bucket's objects that the store itself writes, read in place of a listing."""
