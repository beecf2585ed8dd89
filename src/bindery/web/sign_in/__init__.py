"""Signing in and out."""

from bindery.web.sign_in.sign_in import ROUTES

__all__ = ["ROUTES"]
