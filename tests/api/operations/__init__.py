"""Tests of the operations, by resource."""
