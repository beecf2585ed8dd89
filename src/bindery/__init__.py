"""Bindery: a self-hosted, open implementation of Intelligent Media Management (API 2020-09-30)."""

__version__ = "0.1.0"
