"""What drawing says of a file that it cannot show."""

from __future__ import annotations


class NoPicture(Exception):
    """Nothing can be shown of the file."""
