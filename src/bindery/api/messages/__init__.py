"""Requests and answers of the built operations, one generated module a family."""
